package engagetest_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"

	"excs/shared/engage/engagetest"
)

// sizes are the tiers as the sizing table of the facts gives them, written out a second time on purpose.
var sizes = map[engagetest.Tier]struct {
	persons, disabledPercent, skills, languages, levelsMean, levelsMax, dns, virtualQueues int
	groups, expressionPercent, memberships, queueMembers, wrapUps, values, props           int
}{
	engagetest.Small:  {500, 3, 40, 5, 5, 15, 1_200, 40, 30, 30, 1_000, 3_000, 30, 335, 10_000},
	engagetest.Medium: {2_000, 5, 200, 12, 8, 40, 5_000, 300, 200, 50, 10_000, 40_000, 150, 1_500, 60_000},
	engagetest.Large:  {10_000, 10, 1_000, 25, 12, 100, 25_000, 2_000, 2_000, 60, 80_000, 300_000, 600, 6_000, 400_000},
	engagetest.Stress: {30_000, 10, 3_000, 40, 15, 150, 70_000, 4_800, 5_000, 60, 300_000, 1_000_000, 1_000, 10_000, 1_200_000},
}

// Each tier has exactly the numbers of the sizing table; the resulting queue members come within 15 %, whatever the seed.
func TestTiersHaveTheirNumbers(t *testing.T) {
	for tier, want := range sizes {
		t.Run(tier.String(), func(t *testing.T) {
			if tier >= engagetest.Large && (raceEnabled || testing.Short()) {
				t.Skip("the large tiers run once, without the race detector")
			}
			s := engagetest.New(tier, 7)
			equal := func(what string, got, want int) {
				t.Helper()
				if got != want {
					t.Errorf("%s: got %d, want %d", what, got, want)
				}
			}
			equal("persons", len(s.Persons), want.persons)
			equal("persons that are no agents", count(s.Persons, func(p engagetest.Person) bool { return !p.Agent }), want.persons*5/100)
			equal("disabled persons", count(s.Persons, func(p engagetest.Person) bool { return p.State == engagetest.StateDisabled }),
				want.persons*want.disabledPercent/100)
			equal("skills", len(s.Skills), want.skills)
			languages := map[string]bool{}
			for _, v := range s.ValuesOf(engagetest.LanguageAttribute) {
				languages[v.Name] = true
			}
			equal("skills that are languages", count(s.Skills, func(k engagetest.Skill) bool { return languages[k.Name] }), want.languages)
			levelsOf := map[int64]int{}
			most := 0
			for _, l := range s.Levels {
				levelsOf[l.Person]++
				most = max(most, levelsOf[l.Person])
			}
			equal("skill levels", len(s.Levels), want.levelsMean*(want.persons-want.persons*5/100))
			equal("skill levels of the agent with the most", most, want.levelsMax)
			equal("DNs", len(s.DNs), want.dns)
			equal("virtual queues", count(s.DNs, func(d engagetest.DN) bool { return d.Type == engagetest.VirtualQueue }), want.virtualQueues)
			equal("agent groups", len(s.Groups), want.groups)
			equal("groups that are expressions", len(s.Scripts()), want.groups*want.expressionPercent/100)
			equal("explicit memberships", len(s.Members), want.memberships)
			equal("wrap-up codes", len(s.ValuesOf(engagetest.WrapUpAttribute)), want.wrapUps)
			equal("attribute values", len(s.Values), want.values)
			equal("cfg_flex_prop rows", len(s.Props), want.props)
			if n := len(s.Queues()); n >= 5_000 || n != tier.Size().Queues() {
				t.Errorf("queues of all types: got %d, want %d, below the EX Org's 5,000", n, tier.Size().Queues())
			}
			checkMembers(t, s, want.queueMembers)
		})
	}
}

// checkMembers computes the queue members independently.
func checkMembers(t *testing.T, s *engagetest.Site, want int) {
	t.Helper()
	all, virtual := 0, 0
	for queue, members := range newReference(s).queues(t) {
		if members > 5_000 {
			t.Errorf("queue %d has %d members, an EX Org queue takes 5,000", queue, members)
		}
		all += members
		d, ok := s.DN(queue)
		if !ok || !d.Type.IsQueue() {
			t.Errorf("a group lists %d, which is no queue", queue)
		}
		if d.Type == engagetest.VirtualQueue {
			virtual += members
		}
	}
	t.Logf("queue members: %d, of virtual queues %d, wanted about %d", all, virtual, want)
	for what, got := range map[string]int{"queue members": all, "members of virtual queues": virtual} {
		if math.Abs(float64(got-want)) > 0.15*float64(want) {
			t.Errorf("%s: got %d, want %d within 15 %%", what, got, want)
		}
	}
}

// count returns the number of rows that fit.
func count[T any](rows []T, fits func(T) bool) int {
	n := 0
	for _, r := range rows {
		if fits(r) {
			n++
		}
	}
	return n
}

// fingerprint returns a hash of all rows.
func fingerprint(t *testing.T, s *engagetest.Site) string {
	t.Helper()
	h := sha256.New()
	if err := s.Dump(h); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// The same tier and seed give the same site byte for byte; another seed gives another one.
func TestASeedRepeats(t *testing.T) {
	for _, tier := range []engagetest.Tier{engagetest.Tiny, engagetest.Small, engagetest.Medium} {
		if tier == engagetest.Medium && raceEnabled {
			continue // one goroutine, tens of thousands of rows: nothing to race for
		}
		first := fingerprint(t, engagetest.New(tier, 3))
		if again := fingerprint(t, engagetest.New(tier, 3)); again != first {
			t.Errorf("%s: seed 3 gave %s, then %s", tier, first, again)
		}
		if other := fingerprint(t, engagetest.New(tier, 4)); other == first {
			t.Errorf("%s: seeds 3 and 4 gave the same site", tier)
		}
		renamed := engagetest.New(tier, 3, engagetest.WithTable(engagetest.TableLink, "cfg_group_route_dn"))
		if fingerprint(t, renamed) != first {
			t.Errorf("%s: a schema option changed the rows", tier)
		}
	}
	first, again := engagetest.Nasty(), engagetest.Nasty()
	if fingerprint(t, first.Site) != fingerprint(t, again.Site) {
		t.Error("Nasty gave two different sites")
	}
}

// What identifies an object is unique in a tier, so that nothing of it is rejected.
func TestTiersAreClean(t *testing.T) {
	for _, tier := range []engagetest.Tier{engagetest.Tiny, engagetest.Small, engagetest.Medium, engagetest.Large} {
		t.Run(tier.String(), func(t *testing.T) {
			if tier >= engagetest.Large && (raceEnabled || testing.Short()) {
				t.Skip("the large tiers run once, without the race detector")
			}
			s := engagetest.New(tier, 11)
			seen := map[string]bool{}
			once := func(what, value string) {
				t.Helper()
				key := what + " " + strings.ToLower(strings.TrimSpace(value))
				if value == "" || seen[key] {
					t.Fatalf("%s is empty or there twice", key)
				}
				seen[key] = true
			}
			for _, p := range s.Persons {
				once("employee id", p.EmployeeID)
				once("user name", p.UserName)
				once("e-mail", p.Email)
				if strings.Trim(p.Email, "abcdefghijklmnopqrstuvwxyz0123456789.@") != "" || strings.Count(p.Email, "@") != 1 {
					t.Errorf("person %d: %q is no plain address", p.DBID, p.Email)
				}
			}
			for _, k := range s.Skills {
				once("skill", k.Name)
			}
			for _, g := range s.Groups {
				once("group", g.Name)
			}
			for _, v := range s.Values {
				once(fmt.Sprint("name of attribute ", v.Attribute), v.Name)
				once(fmt.Sprint("display name of attribute ", v.Attribute), v.DisplayName)
			}
			for _, d := range s.DNs {
				once(fmt.Sprint("number on switch ", d.Switch), d.Number)
				if d.Type.IsQueue() {
					once("alias", d.Alias)
				}
			}
		})
	}
}

// DBIDs rise within a table and leave gaps, as deleted objects do.
func TestDBIDsRiseWithGaps(t *testing.T) {
	s := engagetest.New(engagetest.Medium, 1)
	gaps := 0
	for i := range s.DNs[1:] {
		switch step := s.DNs[i+1].DBID - s.DNs[i].DBID; {
		case step < 1:
			t.Fatalf("DN %d comes after %d", s.DNs[i+1].DBID, s.DNs[i].DBID)
		case step > 1:
			gaps++
		}
	}
	if gaps == 0 {
		t.Error("no DBID was ever left out")
	}
}

// What is written is what the model holds, in both DBMSs.
func TestWriteHoldsTheModel(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d engagetest.Dialect) {
		s := engagetest.New(engagetest.Small, 5)
		write(t, s, db, d)
		if err := s.Check(t.Context(), db, d); err != nil {
			t.Error(err)
		}
		for table, want := range map[engagetest.Table]string{
			engagetest.TablePerson: "500", engagetest.TableLevel: "2375", engagetest.TableMember: "1000", engagetest.TableDN: "1200",
			engagetest.TableProp: "10000", engagetest.TableValue: "335", engagetest.TableLoginInfo: "475",
		} {
			if got := text(t, db, "SELECT COUNT(*) FROM "+string(table)); got != want {
				t.Errorf("%s: got %s rows, want %s", table, got, want)
			}
		}
	})
}

// Dump tells a NULL from an empty text.
func TestDumpTellsNullFromEmpty(t *testing.T) {
	s := engagetest.New(engagetest.Tiny, 1)
	s.DNs[0].Alias, s.DNs[0].Blanks = "", false
	null := fingerprint(t, s)
	s.DNs[0].Blanks = true
	if fingerprint(t, s) == null {
		t.Error("the dump is the same for NULL and for an empty text")
	}
}

// A tier is found by its name in any case, and an unknown name is told what there is.
func TestParseTier(t *testing.T) {
	for _, want := range engagetest.Tiers() {
		if got, err := engagetest.ParseTier(strings.ToUpper(want.String())); err != nil || got != want {
			t.Errorf("ParseTier(%s) = %v, %v", want, got, err)
		}
	}
	if _, err := engagetest.ParseTier("huge"); err == nil || !strings.Contains(err.Error(), "tiny, small, medium, large, stress") {
		t.Errorf("an unknown tier gave %v", err)
	}
}

// A dump that can not be written says so.
func TestDumpReportsItsWriter(t *testing.T) {
	var full bytes.Buffer
	s := engagetest.New(engagetest.Tiny, 1)
	if err := s.Dump(&full); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 200} {
		if err := s.Dump(&shortWriter{room: room}); err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("a writer with room for %d of %d bytes gave %v", room, full.Len(), err)
		}
	}
}

// shortWriter takes so many bytes and then fails.
type shortWriter struct{ room int }

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, fmt.Errorf("no room")
	}
	return len(p), nil
}
