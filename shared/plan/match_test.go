package plan_test

import (
	"math/rand/v2"
	"testing"

	"excs/shared/model"
	"excs/shared/plan"
)

func seenUser(id, address string, edits ...func(*model.Observed)) model.Observed {
	o := model.Observed{Kind: model.KindUser, EXID: id, Email: address, Name: "N " + id, State: model.StateActive}
	for _, e := range edits {
		e(&o)
	}
	return o
}

func seenQueue(id, name, peer string) model.Observed {
	return model.Observed{Kind: model.KindQueue, EXID: id, Name: name, PeerID: peer}
}

func deleted(o *model.Observed) { o.Deleted = true }

func carries(keys ...string) func(*model.Observed) {
	return func(o *model.Observed) { o.ExternalKeys = keys }
}

// What is adopted, and by what (RULES 3.8). Each case lists "key: EX id by way".
func TestFindMatches(t *testing.T) {
	cases := []struct {
		name     string
		objects  []model.Object
		observed []model.Observed
		want     []string
	}{
		{"nothing there, nothing matched", []model.Object{aUser(1), aQueue(7)}, nil, nil},
		{"nothing new, nothing matched", nil, []model.Observed{seenUser("x", "u1@example.com")}, nil},
		{"a user by external id before the address", []model.Object{aUser(1)},
			[]model.Observed{seenUser("a", "u1@example.com"), seenUser("b", "other@x", carries("1"))}, []string{"user/1: b by external id"}},
		{"a user by address, without case and outer space", []model.Object{aUser(1, mail("Jane@X.com"))},
			[]model.Observed{seenUser("a", " jane@x.COM")}, []string{"user/1: a by e-mail"}},
		{"a user is never matched by name", []model.Object{aUser(1, name("N a"))}, []model.Observed{seenUser("a", "other@x")}, nil},
		{"the external id of one Person is stronger than the address of another", []model.Object{aUser(1, mail("shared@x")), aUser(2)},
			[]model.Observed{seenUser("a", "shared@x", carries("2"))}, []string{"user/2: a by external id"}},
		{"a deleted user by address", []model.Object{aUser(1)}, []model.Observed{seenUser("a", "u1@example.com", deleted)}, []string{"user/1: a by e-mail"}},
		{"a living user comes before a deleted one", []model.Object{aUser(1)},
			[]model.Observed{seenUser("a", "u1@example.com", deleted), seenUser("b", "u1@example.com")}, []string{"user/1: b by e-mail"}},
		{"a deleted user that carries the external id is the Person's own", []model.Object{aUser(1)}, []model.Observed{seenUser("a", "other@x", deleted, carries("1"))}, []string{"user/1: a by external id"}},
		{"a user without an address matches nobody without one", []model.Object{aUser(1, mail(""))}, []model.Observed{seenUser("a", "")}, nil},
		{"a user without an address does not keep the next from its match", []model.Object{aUser(1, mail("")), aUser(2)}, []model.Observed{seenUser("a", "u2@example.com")}, []string{"user/2: a by e-mail"}},
		{"a queue by peer id before the name", []model.Object{aQueue(7)},
			[]model.Observed{seenQueue("a", "Queue 7", ""), seenQueue("b", "Old name", "7")}, []string{"queue/7: b by peer id"}},
		{"a queue by name, without case", []model.Object{aQueue(7)}, []model.Observed{seenQueue("a", "QUEUE 7 ", "")}, []string{"queue/7: a by name"}},
		{"of two queues of one name the exact spelling", []model.Object{aQueue(7)},
			[]model.Observed{seenQueue("a", "QUEUE 7", ""), seenQueue("b", "Queue 7", "")}, []string{"queue/7: b by name"}},
		{"of two equal ones the lower EX id", []model.Object{aQueue(7)},
			[]model.Observed{seenQueue("b", "Queue 7", ""), seenQueue("a", "Queue 7", "")}, []string{"queue/7: a by name"}},
		{"a queue that a peer id claims is not matched by name", []model.Object{aQueue(7), aQueue(8, name("Queue 7"))},
			[]model.Observed{seenQueue("a", "Queue 7", "8")}, []string{"queue/8: a by peer id"}},
		{"one EX object goes to the lower DBID only", []model.Object{aQueue(8, name("Sales")), aQueue(7, name("Sales"))},
			[]model.Observed{seenQueue("a", "Sales", "")}, []string{"queue/7: a by name"}},
		{"names that are one share the EX object", []model.Object{named(model.KindSkill, 5, "chess", sameAs(2)), named(model.KindSkill, 2, "Chess")},
			[]model.Observed{{Kind: model.KindSkill, EXID: "a", Name: "CHESS"}}, []string{"skill/2: a by name", "skill/5: a by name"}},
		{"a deleted skill is not adopted", []model.Object{named(model.KindSkill, 2, "Chess")},
			[]model.Observed{{Kind: model.KindSkill, EXID: "a", Name: "Chess", Deleted: true}}, nil},
		{"a skill is no language", []model.Object{named(model.KindLanguage, 2, "English")}, []model.Observed{{Kind: model.KindSkill, EXID: "a", Name: "English"}}, nil},
		{"a source that was switched off is adopted", []model.Object{named(model.KindSource, 1, "EXCS")},
			[]model.Observed{{Kind: model.KindSource, EXID: "a", Name: "excs", Deactivated: true}}, []string{"source/1: a by name"}},
		{"a code by name", []model.Object{named(model.KindWrapUpCode, 4, "Sale")}, []model.Observed{{Kind: model.KindWrapUpCode, EXID: "a", Name: "sale"}}, []string{"wrapupcode/4: a by name"}},
		{"members match nothing", []model.Object{aMembers(7, 1)}, []model.Observed{{Kind: model.KindMembers, EXID: "a"}}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for range 4 {
				rand.Shuffle(len(c.observed), func(i, j int) { c.observed[i], c.observed[j] = c.observed[j], c.observed[i] })
				rand.Shuffle(len(c.objects), func(i, j int) { c.objects[i], c.objects[j] = c.objects[j], c.objects[i] })
				wantLines(t, "matches", matched(plan.FindMatches(c.objects, c.observed)), c.want...)
			}
		})
	}
}

func matched(ms map[model.Key]plan.Match) []string {
	var keys []model.Key
	for k := range ms {
		keys = append(keys, k)
	}
	var out []string
	for _, k := range sorted(keys) {
		out = append(out, k.String()+": "+ms[k].Observed.EXID+" by "+string(ms[k].By))
	}
	return out
}
