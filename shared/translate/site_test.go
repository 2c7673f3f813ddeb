package translate_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/translate"
)

// snapshotOf reads a built site the way the reader promises to: the tenant's rows, trimmed, without dangling ones.
func snapshotOf(site *engagetest.Site) *model.Snapshot {
	s := &model.Snapshot{Tenant: model.Tenant{DBID: site.Tenant, State: model.CfgEnabled}, HasEmailColumn: true, Read: map[model.Table]int{}}
	trim := strings.TrimSpace
	for _, p := range site.Persons {
		if p.Tenant == site.Tenant {
			s.Persons = append(s.Persons, model.Person{DBID: p.DBID, EmployeeID: trim(p.EmployeeID), UserName: trim(p.UserName), FirstName: trim(p.First),
				LastName: trim(p.Last), Email: trim(p.Email), IsAgent: p.Agent, State: model.CfgState(p.State)})
		}
	}
	for _, k := range site.Skills {
		if k.Tenant == site.Tenant {
			s.Skills = append(s.Skills, model.Skill{DBID: k.DBID, Name: trim(k.Name), State: model.CfgState(k.State)})
		}
	}
	for _, l := range site.Levels {
		s.Levels = append(s.Levels, model.SkillLevel{Person: l.Person, Skill: l.Skill, Level: l.Level})
	}
	switches := map[int64]string{}
	for _, w := range site.Switches {
		switches[w.DBID] = w.Name
	}
	for _, d := range site.DNs {
		if d.Tenant == site.Tenant && d.Type.IsQueue() {
			s.DNs = append(s.DNs, model.DN{DBID: d.DBID, Number: trim(d.Number), Alias: trim(d.Alias), Type: int(d.Type), State: model.CfgState(d.State),
				Switch: switches[d.Switch], SwitchDBID: d.Switch})
		}
	}
	scripts := site.Scripts()
	for _, g := range site.Groups {
		if g.Tenant == site.Tenant && g.Type == engagetest.AgentGroup {
			script, has := scripts[g.DBID]
			s.Groups = append(s.Groups, model.Group{DBID: g.DBID, Name: trim(g.Name), State: model.CfgState(g.State), Script: script, HasScript: has})
		}
	}
	for _, m := range site.Members {
		s.GroupAgents = append(s.GroupAgents, model.GroupAgent{Group: m.Group, Person: m.Person})
	}
	for _, l := range site.Links {
		s.GroupDNs = append(s.GroupDNs, model.GroupDN{Group: l.Group, DN: l.DN})
	}
	attributes := map[int64]string{}
	for _, a := range site.Attributes {
		if a.Tenant == site.Tenant {
			attributes[a.DBID] = a.Name
			s.Attributes = append(s.Attributes, model.Attribute{DBID: a.DBID, Name: a.Name, State: model.CfgState(a.State)})
		}
	}
	for _, v := range site.Values {
		if name, ok := attributes[v.Attribute]; ok {
			s.Values = append(s.Values, model.AttributeValue{DBID: v.DBID, Attribute: name, Name: trim(v.Name), DisplayName: trim(v.DisplayName), State: model.CfgState(v.State)})
		}
	}
	return s
}

// prove makes a snapshot one that translate takes.
func prove(tb testing.TB, s *model.Snapshot) model.Proven {
	tb.Helper()
	if s.Read == nil {
		s.Read = map[model.Table]int{}
	}
	p, _, err := model.Prove(s, model.Counts{model.TablePerson: s.Read[model.TablePerson]}, model.Memory{}, 0, time.Unix(0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// table plays the mapping table: the rows that a run finds and leaves.
type table map[model.Key]model.Known

// converge plays the caller: it starts with the hints, answers asks, changes and losses from the rows, and calls again
// until nothing is left to answer. It gives the result, how many rows it read, and the hints for the next run.
func (rows table) converge(tb testing.TB, p model.Proven, s rules.Settings, hints model.Facts) (r translate.Result, reads int, next model.Facts) {
	tb.Helper()
	facts := model.Facts{}
	for k, v := range hints {
		facts[k] = v
	}
	for pass := 0; ; pass++ {
		if pass == 8 {
			tb.Fatal("translate still asks after 8 passes")
		}
		r = translate.Translate(p, s, facts)
		missing := rows.missing(r, facts)
		if len(missing) == 0 {
			break
		}
		reads += len(missing)
		for _, k := range missing {
			facts[k] = rows[k]
		}
	}
	next = model.Facts{}
	after := rows.after(r)
	for _, k := range r.Sticky {
		next[k] = after[k]
	}
	return r, reads, next
}

// missing gives the keys that the caller answers next.
func (rows table) missing(r translate.Result, facts model.Facts) []model.Key {
	var keys []model.Key
	want := func(k model.Key) {
		if _, given := facts[k]; !given {
			keys = append(keys, k)
		}
	}
	for _, k := range r.Asks {
		want(k)
	}
	desired := map[model.Key]bool{}
	for _, o := range r.Objects {
		desired[o.Key] = true
		if row, mapped := rows[o.Key]; !mapped || row.Object.Fingerprint() != o.Fingerprint() {
			want(o.Key)
		}
	}
	for k, row := range rows {
		if !desired[k] && !row.Orphan {
			want(k)
		}
	}
	slices.SortFunc(keys, model.Key.Compare)
	return slices.Compact(keys)
}

// after gives the rows that the run leaves: every object as desired, everything else as it was.
func (rows table) after(r translate.Result) table {
	out := table{}
	for k, v := range rows {
		out[k] = v
	}
	for _, o := range r.Objects {
		exID := rows[o.Key].EXID
		out[o.Key] = model.Known{Object: o, EXID: cmp.Or(exID, "ex-"+o.Key.String())}
	}
	return out
}

func BenchmarkTranslate(b *testing.B) {
	for _, tier := range []engagetest.Tier{engagetest.Medium, engagetest.Large} {
		p := prove(b, snapshotOf(engagetest.New(tier, 1)))
		for _, preset := range rules.Presets() {
			s := rules.Default(engagetest.New(engagetest.Tiny, 1).Tenant, preset)
			b.Run(tier.String()+"/"+string(preset), func(b *testing.B) {
				b.ReportAllocs()
				var r translate.Result
				for b.Loop() {
					r = translate.Translate(p, s, nil)
				}
				members := 0
				for _, o := range r.Objects {
					members += len(o.Members)
				}
				b.ReportMetric(float64(members), "members")
				b.ReportMetric(float64(len(r.Objects)), "objects")
			})
		}
	}
}
