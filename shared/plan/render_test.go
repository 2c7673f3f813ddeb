package plan_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/plan"
	"excs/shared/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/NAME.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it anew with -update):\n%s", file, got)
	}
}

// story is a plan with something of everything.
func story() plan.Plan {
	w := world2023().have(
		named(model.KindSkill, 2, "Chess"), named(model.KindSkill, 3, "Cold Calls"), named(model.KindLanguage, 4, "English"), named(model.KindWrapUpCode, 5, "Sale"),
		aQueue(7, name("VQ_Sales")), aMembers(7, 1, 2), aQueue(8, name("VQ_Old")), aMembers(8, 2),
		aUser(1, name("Jane Doe"), mail("jane.doe@example.com"), has(3, "Cold Calls", 2)), aUser(2, name("Bob"), mail("bob@example.com")),
		aUser(3, name("Eve"), mail("eve@example.com")), aUser(4, name("Zoe"), mail("zoe@example.com"), employee("E77")),
		aUser(5, name("Kim"), mail("kim@example.com")))
	w.orphan(aUser(6, name("Old Orphan"), mail("recycled@example.com")))
	for i := int64(20); i < 40; i++ {
		w.have(aQueue(i))
	}
	in := w.input(
		named(model.KindSkill, 2, "Go"), named(model.KindSkill, 10, "Billing"), named(model.KindSkill, 11, "BILLING", sameAs(10)), named(model.KindLanguage, 4, "English"), named(model.KindWrapUpCode, 5, "Sold"),
		aQueue(7, name("VQ_Sales EMEA")), aQueue(12, name("VQ_New")), aMembers(7, 1, 14), aMembers(12, 1, 13, 14, 15),
		aUser(1, name("Jane Roe"), mail("jane.doe@example.com"), has(10, "Billing", 3), inactive), aUser(2, name("Bob"), mail("bob@example.com")),
		aUser(5, name("Other"), mail("other@example.com"), employee("X"), userName("x")),
		aUser(13, name("New Hire"), mail("hire@example.com"), has(10, "Billing", 3), has(2, "Go", 1), speaks(4, "English", 5)),
		aUser(14, name("Zoe"), mail("zoe@example.com"), employee("E77")), aUser(15, name("Back"), mail("back@example.com")),
		aUser(16, name("Thief"), mail("recycled@example.com")))
	in.Matches[user(15)] = plan.Match{By: plan.ByEmail, Observed: model.Observed{Kind: model.KindUser, EXID: "0f3c", Name: "Back", Email: "back@example.com", Deleted: true}}
	in.Matches[queue(12)] = plan.Match{By: plan.ByName, Observed: model.Observed{Kind: model.KindQueue, EXID: "77aa", Name: "vq_new"}}
	in.Rejects = []model.Reject{{Key: user(99), Reason: "Person 99 'jdoe' has no e-mail address: set one in Engage or give the setting email.template"}}
	in.Notes = []model.Note{{Text: "two transaction objects are named 'Language': the first counts"}, {Key: key("group", 3), Text: "its expression uses LoggedIn: counted as true"}}
	p := plan.Make(in)
	p.Run = 17
	return p
}

// A plan as people read it. The golden files are the specification of the three forms.
func TestAPlanRendered(t *testing.T) {
	p := story()
	for format, ending := range map[plan.Format]string{plan.FormatText: "txt", plan.FormatJSON: "json", plan.FormatMarkdown: "md"} {
		text, err := p.Render(format, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "story."+ending, text)
		text, err = p.Render(format, plan.Options{Lines: 3, Items: 1})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "capped."+ending, text)
	}
}

// The line of the specification: what changes for one user, like a code review.
func TestTheLineOfOneUser(t *testing.T) {
	w := world2023().have(aUser(1042, mail("jane.doe@example.com"), has(2, "Sales", 1)))
	p := plan.Make(w.input(aUser(1042, mail("jane.doe@example.com"), has(1, "Billing", 3), inactive)))
	want := "~ user/1042 jane.doe@example.com: state active → inactive, skills +Billing(3) -Sales\n"
	if text := p.Text(plan.Options{}); !strings.Contains(text, want) {
		t.Errorf("no line %q in:\n%s", want, text)
	}
}

// A plan without anything says so in its first line.
func TestAPlanOfNothing(t *testing.T) {
	p := plan.Make(world2023().input())
	for _, f := range []plan.Format{plan.FormatText, plan.FormatMarkdown} {
		text, err := p.Render(f, plan.Options{})
		if err != nil || !strings.Contains(text, "nothing to do") || strings.Contains(text, "Changes") {
			t.Errorf("%v:\n%s", err, text)
		}
	}
	var d map[string]any
	b, err := p.JSON(plan.Options{})
	if err != nil || json.Unmarshal(b, &d) != nil || d["changes"] == nil || d["held"] == nil || d["rejects"] == nil || d["hash"] == "" {
		t.Errorf("%v: %s", err, b)
	}
}

// The first plan of an org that is not empty: held as a whole, with one command for all of it.
func TestAFirstPlanRendered(t *testing.T) {
	w := world2023()
	in := w.input(named(model.KindSkill, 2, "Chess"), aQueue(7, name("VQ_Sales")), aUser(1, mail("jane@example.com"), name("Jane")), aMembers(7, 1))
	in.FirstRun = true
	in.Matches = plan.FindMatches(in.Objects, []model.Observed{
		{Kind: model.KindSkill, EXID: "s1", Name: "chess"}, seenUser("u1", "JANE@example.com"), seenQueue("q1", "VQ_SALES", ""),
	})
	golden(t, "first.txt", plan.Make(in).Text(plan.Options{}))
}

// A tripped guard names the numbers and the exact one-time way through.
func TestATrippedGuardRendered(t *testing.T) {
	w := world2023().have(many(1, 120, plainQueue)...).have(many(1, 12, plainUser)...)
	w.have(aQueue(500), aMembers(500, numbers(1, 12)...))
	in := w.input(concat(many(13, 108, plainQueue), many(1, 12, plainUser), []model.Object{aQueue(500), aMembers(500, 1, 2)})...)
	in.Drawn = plan.Drawn{model.KindQueue: {plan.ClassRemovals: 3}}
	golden(t, "tripped.txt", plan.Make(in).Text(plan.Options{Lines: 5, Items: 4}))
}

// An unknown format is an error that names those there are.
func TestAnUnknownFormatIsAnError(t *testing.T) {
	_, err := plan.Plan{}.Render("html", plan.Options{})
	if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "json, text, markdown") {
		t.Errorf("%v", err)
	}
}

// Names come from users: none of these can move a cursor, turn the text round, break a line, or leave its fence.
func TestNamesAreHarmless(t *testing.T) {
	names := []string{
		"line\nbreak\r\n- queue/1 \"All\"", "\x1b[2J\x1b[31mred", "bidi\u202e\u2066override", "zero\u200bwidth\ufeff", "bell\a and nul\x00", "c1\u0085\u009b31m",
		"broken \xff\xfe utf-8", "para\u2029graph", "tag\U000e0041", "```\n# heading\n<script>alert(1)</script>", "[link](http://x) @someone", "\"quoted\" \\ back", strings.Repeat("long", 500),
		"x, state active → inactive",
	}
	for _, n := range names {
		w := world2023().have(aUser(1, name("Old"), mail("a@x")), aQueue(7))
		in := w.input(aUser(1, name(n), mail(n), has(2, n, 3)), aQueue(7, name(n)), aMembers(7, 1))
		in.Rejects = []model.Reject{{Key: user(5), Reason: "Person '" + n + "' has no address"}}
		in.Notes = []model.Note{{Text: "skill '" + n + "' is unknown"}}
		p := plan.Make(in)
		for _, f := range []plan.Format{plan.FormatText, plan.FormatMarkdown, plan.FormatJSON} {
			text, err := p.Render(f, plan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantHarmless(t, string(f), n, text)
			lines := strings.Count(text, "\n")
			if plain, _ := plainPlan(t).Render(f, plan.Options{}); strings.Count(plain, "\n") != lines {
				t.Errorf("%s: the name %q makes %d lines of %d", f, n, lines, strings.Count(plain, "\n"))
			}
		}
	}
}

// plainPlan is the plan of TestNamesAreHarmless with harmless names.
func plainPlan(t *testing.T) plan.Plan {
	t.Helper()
	w := world2023().have(aUser(1, name("Old"), mail("a@x")), aQueue(7))
	in := w.input(aUser(1, name("n"), mail("n@x"), has(2, "n", 3)), aQueue(7, name("n")), aMembers(7, 1))
	in.Rejects = []model.Reject{{Key: user(5), Reason: "Person 'n' has no address"}}
	in.Notes = []model.Note{{Text: "skill 'n' is unknown"}}
	return plan.Make(in)
}

func wantHarmless(t interface{ Errorf(string, ...any) }, format, name, text string) {
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%s: the name %q lets %U through", format, name, r)
			return
		}
	}
}

// JSON escapes what does not print, and the value is still the name.
func TestJSONKeepsTheName(t *testing.T) {
	const odd = "bidi\u202e tag\U000e0041 del\u007f"
	w := world2023()
	b, err := plan.Make(w.input(aQueue(7, name(odd)))).JSON(plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Changes []struct{ Label string }
	}
	if err := json.Unmarshal(b, &d); err != nil || len(d.Changes) != 1 || d.Changes[0].Label != odd {
		t.Errorf("%v: %q", err, d.Changes)
	}
}

// Any name at all is harmless in every form.
func TestAnyNameIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.String().Draw(t, "name")
		w := world2023().have(aQueue(7), aUser(1))
		p := plan.Make(w.input(aQueue(7, name(n)), aUser(1, name(n), has(2, n, 1))))
		for _, f := range []plan.Format{plan.FormatText, plan.FormatMarkdown, plan.FormatJSON} {
			text, err := p.Render(f, plan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantHarmless(t, string(f), n, text)
		}
	})
}

// A plan of any size fits: lines are left out, and how many is said.
func TestAPlanFitsItsLimit(t *testing.T) {
	w := world2023()
	var objects []model.Object
	for i := int64(1); i <= 3000; i++ {
		objects = append(objects, aUser(i, name(strings.Repeat("n", 100))))
	}
	p := plan.Make(w.input(objects...))
	for _, f := range []plan.Format{plan.FormatText, plan.FormatMarkdown, plan.FormatJSON} {
		for _, bytes := range []int{20_000, 100_000} {
			text, err := p.Render(f, plan.Options{Bytes: bytes})
			if err != nil {
				t.Fatal(err)
			}
			if len(text) > bytes {
				t.Errorf("%s: %d bytes, want at most %d", f, len(text), bytes)
			}
			if f != plan.FormatJSON && !strings.Contains(text, "more") || f == plan.FormatJSON && !strings.Contains(text, `"more"`) {
				t.Errorf("%s does not say that lines were left out", f)
			}
		}
		text, err := p.Render(f, plan.Options{})
		if err != nil || len(text) > 4_000_000 {
			t.Errorf("%s: %v, %d bytes by default", f, err, len(text))
		}
	}
	text := p.Text(plan.Options{Lines: 10})
	if !strings.Contains(text, "and 2,990 more") {
		t.Errorf("the text does not say how many were left out:\n%s", text)
	}
}

// A line names some members and says how many there are besides.
func TestALineNamesSomeMembers(t *testing.T) {
	w := world2023().have(many(1, 40, plainUser)...).have(aQueue(7), aMembers(7, 1))
	text := plan.Make(w.input(concat(many(1, 40, plainUser), []model.Object{aQueue(7), aMembers(7, numbers(1, 40)...)})...)).Text(plan.Options{Items: 2})
	if !strings.Contains(text, `~ members/7 "Queue 7": members +u10@example.com +u11@example.com +(37 more)`) {
		t.Errorf("%s", text)
	}
}

// Counts leave out columns without any count, and show every kind that the plan covers.
func TestTheTableOfCounts(t *testing.T) {
	w := world2023().have(many(1, 1234, plainUser)...)
	in := w.input(many(1, 1235, plainUser)...)
	in.Kinds = []model.Kind{model.KindUser, model.KindQueue}
	text := plan.Make(in).Text(plan.Options{})
	want := "Counts\n  kind   in Engage  create  unchanged\n  queue          0       0          0\n  user       1,235       1      1,234\n"
	if !strings.Contains(text, want) {
		t.Errorf("the table is not\n%s\nin\n%s", want, text)
	}
}

// Each preset's story can be told again from its JSON: every change and every held one is in it, with its id.
func TestJSONHoldsEveryChange(t *testing.T) {
	for _, preset := range rules.Presets() {
		w, desired := oneOfEach(preset)
		in := w.input(desired...)
		in.SettingsChanged = true
		p := plan.Make(in)
		b, err := p.JSON(plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Changes {
			if c.Action != model.ActionRefresh && !strings.Contains(string(b), fmt.Sprintf(`"key": "%s"`, c.Key)) {
				t.Errorf("no %s in the JSON", c.Key)
			}
		}
		for _, h := range p.Held {
			if !strings.Contains(string(b), h.ID) {
				t.Errorf("no %s in the JSON", h.ID)
			}
		}
	}
}

// What a line says of each sort of change.
func TestTheLineOfEachSortOfChange(t *testing.T) {
	cases := []struct {
		change model.Change
		want   string
	}{
		{model.Change{Key: user(1), Action: model.ActionCreate, Label: "u@x", Object: aUser(1)}, `+ user/1 u@x: "User 1"`},
		{model.Change{Key: user(1), Action: model.ActionCreate, Label: "u@x", Object: aUser(1, inactive, has(1, "a", 1), speaks(1, "b", 1), speaks(2, "c", 1))},
			`+ user/1 u@x: "User 1", inactive, 1 skill, 2 languages`},
		{model.Change{Key: user(1), Action: model.ActionCreate, Label: "User 1", Object: aUser(1, mail(""))}, `+ user/1 "User 1"`},
		{model.Change{Key: user(1), Action: model.ActionCreate, Label: "a b@x", Object: aUser(1)}, `+ user/1 "a b@x": "User 1"`},
		{model.Change{Key: user(1), Action: model.ActionOrphan, Label: "a@x→b"}, `? user/1 "a@x→b"`},
		{model.Change{Key: queue(7), Action: model.ActionCreate, Label: "VQ_Sales", Object: aQueue(7)}, `+ queue/7 "VQ_Sales"`},
		{model.Change{Key: queue(7), Action: model.ActionCreate, Label: "VQ_Sales", Object: aQueue(7), From: queue(3)}, `+ queue/7 "VQ_Sales": made again as queue/3 was`},
		{model.Change{Key: members(7), Action: model.ActionCreate, Label: "VQ", Object: aMembers(7, 1)}, `+ members/7 "VQ": 1 member`},
		{model.Change{Key: members(7), Action: model.ActionCreate, Object: aMembers(7)}, `+ members/7: 0 members`},
		{model.Change{Key: members(7), Action: model.ActionEmpty, Label: "VQ", Object: aMembers(7), Fields: []model.Field{{Name: "members", Removed: []string{"a@x"}}}},
			`0 members/7 "VQ": members -a@x`},
		{model.Change{Key: queue(7), Action: model.ActionDelete, Label: "VQ", Object: aQueue(7)}, `- queue/7 "VQ"`},
		{model.Change{Key: skill(2), Action: model.ActionOrphan, Label: "Chess"}, `? skill/2 "Chess"`},
		{model.Change{Key: skill(2), Action: model.ActionAdopt, Label: "Chess", Adopt: "12ab"}, `& skill/2 "Chess": adopts 12ab`},
		{model.Change{Key: user(9), Action: model.ActionAdopt, Label: "u@x", Adopt: "12ab", From: user(1)}, `& user/9 u@x: takes over user/1`},
		{model.Change{Key: user(9), Action: model.ActionRestore, Label: "u@x", Adopt: "12ab"}, `^ user/9 u@x: restores 12ab`},
		{model.Change{Key: user(9), Action: model.ActionDeactivate, Label: "u@x", Fields: []model.Field{{Name: "state", Before: "active", After: "inactive"}}},
			`~ user/9 u@x: state active → inactive`},
		{model.Change{Key: user(9), Action: model.ActionUpdate, Label: "u@x", Fields: []model.Field{{Name: "name", Before: "", After: `a "b"`}}},
			`~ user/9 u@x: name (none) → "a \"b\""`},
	}
	for _, c := range cases {
		text := plan.Plan{Changes: []model.Change{c.change}}.Text(plan.Options{})
		if !strings.Contains(text, "  "+c.want+"\n") {
			t.Errorf("no line %s in\n%s", c.want, text)
		}
	}
}

// A refresh writes nothing to the EX Org: it is counted and not shown.
func TestARefreshIsOnlyCounted(t *testing.T) {
	w := world2023().have(aUser(1))
	p := plan.Make(w.input(aUser(1, userName("x"))))
	text := p.Text(plan.Options{})
	if strings.Contains(text, "user/1") || !strings.Contains(text, "refresh") {
		t.Errorf("%s", text)
	}
	b, err := p.JSON(plan.Options{})
	if err != nil || strings.Contains(string(b), "user/1") || !strings.Contains(string(b), `"refresh": 1`) {
		t.Errorf("%v %s", err, b)
	}
}

// Every list is cut at the given number of lines, and says how much it leaves out.
func TestEveryListIsCut(t *testing.T) {
	p := plan.Plan{}
	for i := range int64(5) {
		p.Changes = append(p.Changes, model.Change{Key: queue(i), Action: model.ActionDelete})
		p.Held = append(p.Held, plan.Held{ID: fmt.Sprint(i), Code: plan.HeldGuard, Reason: fmt.Sprint("reason ", i/3), Change: model.Change{Key: user(i), Action: model.ActionDeactivate,
			Fields: []model.Field{{Name: "skills", Added: []string{"a", "b", "c"}, Removed: []string{"d", "e"}}}}})
		p.Rejects = append(p.Rejects, model.Reject{Key: user(i), Reason: "r"})
		p.Notes = append(p.Notes, model.Note{Text: fmt.Sprint("note ", i)})
	}
	p.Seal()
	text := p.Text(plan.Options{Lines: 3, Items: 1})
	for want, times := range map[string]int{"\n  and 2 more": 3, "of 5 held in all": 1, "guard: reason 0": 1, "guard: reason 1": 0, "+a +(2 more) -d -(1 more)": 3} {
		if got := strings.Count(text, want); got != times {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, times, text)
		}
	}
	whole := p.Text(plan.Options{Lines: 5})
	if strings.Contains(whole, "more") || strings.Contains(whole, "in all") || !strings.Contains(whole, "guard: reason 1") {
		t.Errorf("nothing is left out, and it says so:\n%s", whole)
	}
	b, err := p.JSON(plan.Options{Lines: 3, Items: 1})
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Changes, Held, Rejects, Notes []any
		More                          map[string]int
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Changes) != 3 || len(d.Held) != 3 || len(d.Rejects) != 3 || len(d.Notes) != 3 || len(d.More) != 4 || d.More["held"] != 2 {
		t.Errorf("%s", b)
	}
	if !strings.Contains(string(b), `"moreAdded": 2`) || !strings.Contains(string(b), `"moreRemoved": 1`) {
		t.Errorf("the sets are not cut: %s", b)
	}
}

// A sentence keeps its length and its letters, however they are cut for cleaning.
func TestALongSentenceIsWhole(t *testing.T) {
	long := strings.Repeat("é", 301) + " the end"
	p := plan.Plan{Rejects: []model.Reject{{Key: user(1), Reason: long}}}
	if text := p.Text(plan.Options{}); !strings.Contains(text, long) {
		t.Errorf("%s", text)
	}
}

// A fence is longer than any run of backticks in what it holds.
func TestAFenceIsLongerThanWhatItHolds(t *testing.T) {
	p := plan.Plan{Notes: []model.Note{{Text: "a ```` b"}}}
	if text := p.Markdown(plan.Options{}); !strings.Contains(text, "\n`````text\na ```` b\n`````\n") {
		t.Errorf("%s", text)
	}
}

// Notes of one sort are one line with their number and a few keys; what is said once or twice stands as it is.
func TestNotesThatRepeat(t *testing.T) {
	p := plan.Plan{Notes: []model.Note{{Text: "39 skill levels are above 5"}}}
	for n := int64(1); n <= 40; n++ {
		key := model.Key{Kind: model.KindMembers, DBID: 100 + n}
		p.Notes = append(p.Notes, model.Note{Key: key, Text: fmt.Sprintf("DN %d 'ACD %d' is an Origination DN of no agent group", key.DBID, n)})
	}
	p.Notes = append(p.Notes, model.Note{Key: model.Key{Kind: model.KindUser, DBID: 7}, Text: "the e-mail column holds 'n/a'"}, model.Note{Key: model.Key{Kind: model.KindUser, DBID: 8}, Text: "the e-mail column holds 'none'"})
	_, notes, _ := strings.Cut(p.Text(plan.Options{}), "\nNotes\n")
	want := `  39 skill levels are above 5
  40 × DN … '…' is an Origination DN of no agent group: members/101, members/102, members/103, members/104, members/105, and 35 more
  user/7: the e-mail column holds 'n/a'
  user/8: the e-mail column holds 'none'
`
	want = strings.ReplaceAll(want, "DN … '…'", "DN … …")
	if notes != want {
		t.Errorf("the notes are\n%s\nwant\n%s", notes, want)
	}
}
