package rules_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/shared/model"
	"excs/shared/rules"
)

func parse(t *testing.T, text string) rules.Settings {
	t.Helper()
	s, err := rules.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The tenant alone is enough: everything else has the default of 2023-07.
func TestParseTenantAlone(t *testing.T) {
	same(t, rules.Default(101, rules.Preset202307), parse(t, `{"tenant":101}`))
	same(t, rules.Default(101, rules.PresetCurrent), parse(t, ` {"preset":"current", "tenant":101} `))
}

// Every key is read into its field.
func TestParseEverything(t *testing.T) {
	got := parse(t, `{"tenant":7,"preset":"current",
		"users":{"who":"all","onDelete":"orphan","name":"atCreation","email":"ignored","state":"atCreation","division":"enforced","authority":"acme.one","skills":"additive","languages":"ignored"},
		"email":{"domain":"example.com","template":"{user_name}@{domain}","ignore":[" none@x.com","n/a","n/a"]},
		"queues":{"types":[22,5,5],"onDelete":{"5":"delete","22":"orphan"},"adoptedDelete":"as-made"},
		"members":{"control":"additive","union":true,"absentSkill":"zero"},
		"languages":{"attribute":"Sprache","names":["Polish"],"pattern":"lang_.*"},
		"proficiency":"scale:10",
		"wrapUpCodes":{"attributes":["B","A"],"name":"system"},
		"source":{"name":"Engage"},
		"scope":{"groups":["Pilot"],"queues":"linked","switches":["SIP"]},
		"limits":{"queues":10,"queueMembers":20,"bulkPerCall":30,"membersPerCall":40},
		"guard":{"removals":{"count":1,"share":"2%"},"removalWindow":"3h","updates":{"count":4,"share":"5.5%"},"updateWindow":"6m","activeFrom":7,"queueLoss":"8%","queueSize":9,"memberLoss":"10%",
			"agents":{"count":21,"share":"22%"},"memberLossCount":23,"joins":{"count":24,"share":"25%"},"queueGrowth":26,"made":{"count":27,"share":"28%"},
			"names":{"count":29,"share":"30%"},"assignments":{"count":31,"share":"32%"},"addresses":{"count":33,"share":"34%"},"gapHours":35},
		"approval":"11m","secondRead":{"members":"12s","allMembers":"13s","kind":"14m","address":"36m"},"timeZone":"Europe/Berlin","indexLag":"15s","attempts":16,"requests":{"perMinute":17,"bulkShare":"18%"},
		"verify":{"share":"19%","absence":"20s","round":"21h"},"fights":7}`)
	same(t, rules.Settings{
		Tenant: 7, Preset: rules.PresetCurrent,
		Users: rules.Users{Who: "all", OnDelete: rules.Orphan, Name: rules.AtCreation, Email: rules.Ignored, State: rules.AtCreation, Division: rules.Controlled,
			Authority: "acme.one", Skills: rules.Additive, Languages: rules.SetIgnored},
		Email: rules.Email{Template: "{user_name}@{domain}", Domain: "example.com", Ignore: []string{"n/a", "none@x.com"}},
		Queues: rules.Queues{Types: []int{5, 22},
			OnDelete: map[int]rules.OnDelete{3: rules.Empty, 4: rules.Empty, 5: rules.Delete, 22: rules.Orphan}, AdoptedDelete: rules.AdoptedAsMade},
		Members:     rules.Members{Control: rules.Additive, Union: true, AbsentZero: true},
		Languages:   rules.Languages{Attribute: "Sprache", Names: []string{"Polish"}, Pattern: "lang_.*"},
		Proficiency: rules.Proficiency{Scale: 10},
		WrapUpCodes: rules.WrapUpCodes{Attributes: []string{"A", "B"}, SystemName: true},
		SourceName:  "Engage",
		Scope:       rules.Scope{Groups: []string{"Pilot"}, Linked: true, Switches: []string{"SIP"}},
		Limits:      rules.Limits{Queues: 10, QueueMembers: 20, BulkPerCall: 30, MembersPerCall: 40},
		Guard: rules.Guard{Removals: rules.Threshold{Count: 1, Share: 0.02}, RemovalWindow: 3 * time.Hour, Updates: rules.Threshold{Count: 4, Share: 0.055},
			UpdateWindow: 6 * time.Minute, ActiveFrom: 7, QueueLoss: 0.08, QueueSize: 9, MemberLoss: 0.1,
			Agents: rules.Threshold{Count: 21, Share: 0.22}, MemberLossCount: 23, Joins: rules.Threshold{Count: 24, Share: 0.25}, QueueGrowth: 26,
			Made: rules.Threshold{Count: 27, Share: 0.28}, Names: rules.Threshold{Count: 29, Share: 0.3}, Assignments: rules.Threshold{Count: 31, Share: 0.32},
			Addresses: rules.Threshold{Count: 33, Share: 0.34}, GapHours: 35},
		Approval:   11 * time.Minute,
		SecondRead: rules.SecondRead{Members: 12 * time.Second, AllMembers: 13 * time.Second, Kind: 14 * time.Minute, Address: 36 * time.Minute},
		TimeZone:   "Europe/Berlin",
		IndexLag:   15 * time.Second, Attempts: 16,
		Requests: rules.Requests{PerMinute: 17, BulkShare: 0.18},
		Verify:   rules.Verify{Share: 0.19, Absence: 20 * time.Second, Round: 21 * time.Hour},
		Fights:   7,
	}, got)
}

// One word for every DN type.
func TestParseOnDeleteWord(t *testing.T) {
	s := parse(t, `{"tenant":1,"queues":{"onDelete":"empty"}}`)
	for _, dnType := range rules.QueueTypes() {
		if got := s.OnDeleteOf(model.KindQueue, dnType); got != rules.Empty {
			t.Errorf("type %d: %s", dnType, got)
		}
	}
}

// A domain alone switches the template on; "" switches it off for good.
func TestParseTemplate(t *testing.T) {
	for text, want := range map[string]string{
		`{"tenant":1}`: "",
		`{"tenant":1,"email":{"domain":"example.com"}}`:                                 rules.DefaultTemplate,
		`{"tenant":1,"email":{"domain":"example.com","template":""}}`:                   "",
		`{"tenant":1,"email":{"template":"{dbid}@agents.example.com"}}`:                 "{dbid}@agents.example.com",
		`{"tenant":1,"email":{"domain":"x.org","template":"a.{employee_id}@{domain}"}}`: "a.{employee_id}@{domain}",
	} {
		if got := parse(t, text).Email.Template; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Each fault has its path, what was found, and what is allowed.
func TestParseFaults(t *testing.T) {
	for _, c := range []struct{ name, text, path, found, allowed string }{
		{"no JSON", `{"tenant":1,,}`, "", "no JSON at line 1, column 13", "one JSON object"},
		{"an early end", "{\n \"tenant\":", "", "no JSON at line 2", "one JSON object"},
		{"an empty text", ``, "", "the text ends too early", "one JSON object"},
		{"two objects", `{"tenant":1}{}`, "", "more text follows", "one JSON object"},
		{"a list", `[1]`, "", "[1]", "one JSON object"},
		{"no tenant", `{}`, "tenant", "nothing", "the DBID of the Engage tenant"},
		{"tenant as a text", `{"tenant":"101"}`, "tenant", `"101"`, "a DBID from 1"},
		{"tenant 0", `{"tenant":0}`, "tenant", "0", "a DBID from 1"},
		{"tenant with a fraction", `{"tenant":1.5}`, "tenant", "1.5", "a DBID from 1"},
		{"an unknown preset", `{"tenant":1,"preset":"2023"}`, "preset", `"2023"`, `"2023-07" or "current"`},
		{"a key twice", `{"tenant":1,"users":{"who":"all","who":"agents"}}`, "users.who", "the key twice", "once"},
		{"an unknown key", `{"tenant":1,"user":{}}`, "user", `did you mean "users"?`, "tenant, preset, users"},
		{"an unknown key within", `{"tenant":1,"users":{"ondelete":"orphan"}}`, "users.ondelete", `did you mean "onDelete"?`, "who, onDelete, name"},
		{"a key in the wrong place", `{"tenant":1,"groups":["x"]}`, "groups", "did you mean scope.groups?", "tenant"},
		{"a key like none", `{"tenant":1,"zzzzzz":1}`, "zzzzzz", "a key that is no setting", "tenant"},
		{"null", `{"tenant":1,"attempts":null}`, "attempts", "null", "a whole number from 1 to 1000"},
		{"a section that is no object", `{"tenant":1,"guard":5}`, "guard", "5", "a JSON object"},
		{"a section in a section", `{"tenant":1,"guard":{"removals":"10"}}`, "guard.removals", `"10"`, "a JSON object"},
		{"a word that is none", `{"tenant":1,"users":{"who":"agent"}}`, "users.who", `"agent" (did you mean "agents"?)`, `"agents" or "all"`},
		{"deleting users", `{"tenant":1,"users":{"onDelete":"delete"}}`, "users.onDelete", `"delete"`, `"orphan" or "deactivate"`},
		{"division", `{"tenant":1,"users":{"division":"controlled"}}`, "users.division", `"controlled"`, `"enforced" or "atCreation"`},
		{"authority", `{"tenant":1,"users":{"authority":"a b"}}`, "users.authority", `"a b"`, "1 to 64 letters"},
		{"a domain with an @", `{"tenant":1,"email":{"domain":"@x.com"}}`, "email.domain", `"@x.com"`, "a domain name"},
		{"a template that is the same for all", `{"tenant":1,"email":{"template":"all@x.com"}}`, "email.template", `"all@x.com"`, "{employee_id}"},
		{"a template that is no address", `{"tenant":1,"email":{"template":"{employee_id}"}}`, "email.template", `"{employee_id}"`, "an address"},
		{"a placeholder that is none", `{"tenant":1,"email":{"template":"{id}.{dbid}@x.com"}}`, "email.template", "{id}", "{employee_id}"},
		{"a template without its domain", `{"tenant":1,"email":{"template":"{dbid}@{domain}"}}`, "email.domain", "no domain for the template", "a domain name"},
		{"a list with a blank", `{"tenant":1,"email":{"ignore":[" "]}}`, "email.ignore", `[" "]`, "a list of texts"},
		{"a list that is a text", `{"tenant":1,"scope":{"groups":"Pilot"}}`, "scope.groups", `"Pilot"`, "a list of texts"},
		{"no DN type", `{"tenant":1,"queues":{"types":[]}}`, "queues.types", "[]", "at least one of 3 (ACD Queue)"},
		{"a DN type that is none", `{"tenant":1,"queues":{"types":[1]}}`, "queues.types", "[1]", "5 (Virtual Queue)"},
		{"on delete", `{"tenant":1,"queues":{"onDelete":"deactivate"}}`, "queues.onDelete", `"deactivate"`, `"delete", "empty" or "orphan"`},
		{"on delete by type", `{"tenant":1,"queues":{"onDelete":{"5":"empty","6":"empty"}}}`, "queues.onDelete", `"6": "empty"`, "22 (Routing Queue)"},
		{"on delete by a padded type", `{"tenant":1,"queues":{"onDelete":{"05":"empty"}}}`, "queues.onDelete", `"05"`, "22 (Routing Queue)"},
		{"on delete as a list", `{"tenant":1,"queues":{"onDelete":["empty"]}}`, "queues.onDelete", `["empty"]`, `"delete"`},
		{"a flag as a text", `{"tenant":1,"members":{"union":"true"}}`, "members.union", `"true"`, "true or false"},
		{"absent skill as a flag", `{"tenant":1,"members":{"absentSkill":false}}`, "members.absentSkill", "false", `"false" or "zero"`},
		{"a pattern that does not compile", `{"tenant":1,"languages":{"pattern":"("}}`, "languages.pattern", `"("`, "a regular expression"},
		{"a pattern that closes our own group", `{"tenant":1,"languages":{"pattern":"a)|(b"}}`, "languages.pattern", `"a)|(b"`, "a regular expression"},
		{"scale without a number", `{"tenant":1,"proficiency":"scale:"}`, "proficiency", `"scale:"`, "scale:MAX"},
		{"scale 0", `{"tenant":1,"proficiency":"scale:0"}`, "proficiency", `"scale:0"`, "scale:MAX"},
		{"proficiency as a number", `{"tenant":1,"proficiency":10}`, "proficiency", "10", "clamp"},
		{"an empty source", `{"tenant":1,"source":{"name":" "}}`, "source.name", `" "`, "a text of 1 to 256 characters"},
		{"more than the API takes", `{"tenant":1,"limits":{"bulkPerCall":51}}`, "limits.bulkPerCall", "51", "a whole number from 1 to 50"},
		{"a share as a number", `{"tenant":1,"guard":{"removals":{"share":0.05}}}`, "guard.removals.share", "0.05", `a share from "0%" to "100%"`},
		{"a share above all", `{"tenant":1,"guard":{"memberLoss":"101%"}}`, "guard.memberLoss", `"101%"`, `"100%"`},
		{"a share that is no number", `{"tenant":1,"guard":{"memberLoss":"NaN%"}}`, "guard.memberLoss", `"NaN%"`, `"100%"`},
		{"a time without a unit", `{"tenant":1,"approval":"60"}`, "approval", `"60"`, `a time from "60s" to "168h"`},
		{"a time as a number", `{"tenant":1,"approval":60}`, "approval", "60", `a time from "60s"`},
		{"a negative time", `{"tenant":1,"indexLag":"-1s"}`, "indexLag", `"-1s"`, `a time from "0s"`},
		{"a long value is cut", `{"tenant":1,"source":{"name":"` + strings.Repeat("x", 300) + `"}}`, "source.name", "…", "a text of 1 to 256"},
		{"deactivate while the state is left alone", `{"tenant":1,"preset":"current","users":{"state":"ignored"}}`, "users.onDelete", `"deactivate" while users.state is "ignored"`, `"orphan"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := rules.Parse([]byte(c.text))
			if model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("the code is %q: %v", model.CodeOf(err), err)
			}
			same(t, rules.Settings{}, s)
			faults, ok := errors.AsType[rules.Faults](err)
			if !ok || len(faults) != 1 {
				t.Fatalf("want one fault: %v", err)
			}
			f := faults[0]
			if f.Path != c.path || !strings.Contains(f.Found, c.found) || !strings.Contains(f.Allowed, c.allowed) {
				t.Errorf("%+v", f)
			}
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "read the settings: ") {
				t.Errorf("not one line that says what was done: %q", err)
			}
		})
	}
}

// All faults come in one error, by path.
func TestParseAllFaultsAtOnce(t *testing.T) {
	_, err := rules.Parse([]byte(`{"users":{"who":"x","state":"y"},"scope":[],"attempts":0}`))
	faults, _ := errors.AsType[rules.Faults](err)
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	same(t, []string{"attempts", "scope", "tenant", "users.state", "users.who"}, paths)
	if !strings.Contains(err.Error(), "5 faults: attempts: found 0, allowed: a whole number from 1 to 1000; scope: found []") {
		t.Errorf("%v", err)
	}
}

// What is written is read again as the same settings, whatever they are.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSettings(rt)
		text, err := json.Marshal(s)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := rules.Parse(text)
		if err != nil {
			rt.Fatalf("%v in %s", err, text)
		}
		if d := cmp.Diff(s, got); d != "" {
			rt.Fatalf("(-want +got):\n%s", d)
		}
		if s.Hash() != got.Hash() || s.Validate() != nil {
			rt.Fatalf("hash %s and %s, %v", s.Hash(), got.Hash(), s.Validate())
		}
	})
}

// Settings inside of another JSON document are read with the same care.
func TestUnmarshal(t *testing.T) {
	var document struct{ Settings rules.Settings }
	if err := json.Unmarshal([]byte(`{"Settings":{"tenant":5}}`), &document); err != nil {
		t.Fatal(err)
	}
	same(t, rules.Default(5, rules.Preset202307), document.Settings)
	if err := json.Unmarshal([]byte(`{"Settings":{"tenantt":5}}`), &document); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("%v", err)
	}
}

// Settings made by hand are held to what Parse allows.
func TestValidate(t *testing.T) {
	s := rules.Default(1, rules.Preset202307)
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	s.Attempts = 0
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "attempts: found 0") {
		t.Errorf("%v", err)
	}
	if err := (rules.Settings{}).Validate(); err == nil {
		t.Error("the zero value is usable")
	}
}

// Any text gives settings or faults, and never both.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"tenant":1,"queues":{"onDelete":{"5":"empty"}}}`))
	f.Add([]byte(`{"tenant":1,"users":[{}],"a":{"b":{"c":null}}}`))
	f.Add([]byte(rules.Reference()))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := rules.Parse(text)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func drawSettings(t *rapid.T) rules.Settings {
	s := rules.Default(rapid.Int64Range(1, 9999999999).Draw(t, "tenant"), rapid.SampledFrom(rules.Presets()).Draw(t, "preset"))
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z<>&"]{1,5}`), 0, 3, rapid.ID[string])
	sorted := func(label string) []string {
		l := names.Draw(t, label)
		slices.Sort(l)
		if len(l) == 0 {
			return nil
		}
		return l
	}
	s.Email.Ignore, s.Languages.Names, s.Scope.Groups, s.Scope.Switches = sorted("ignore"), sorted("names"), sorted("groups"), sorted("switches")
	s.WrapUpCodes.Attributes = sorted("attributes")
	s.Members.Union, s.Scope.Linked = rapid.Bool().Draw(t, "union"), rapid.Bool().Draw(t, "linked")
	s.Proficiency.Scale = rapid.IntRange(0, 100).Draw(t, "scale")
	s.Queues.OnDelete[rapid.SampledFrom(rules.QueueTypes()).Draw(t, "type")] = rapid.SampledFrom([]rules.OnDelete{rules.Delete, rules.Empty, rules.Orphan}).Draw(t, "on delete")
	s.Guard.QueueLoss = float64(rapid.IntRange(0, 1000).Draw(t, "loss")) / 10 / 100
	s.IndexLag = time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "lag"))
	s.Email.Domain = rapid.SampledFrom([]string{"", "example.com"}).Draw(t, "domain")
	if s.Email.Domain != "" {
		s.Email.Template = rapid.SampledFrom([]string{"", rules.DefaultTemplate}).Draw(t, "template")
	}
	return s
}
