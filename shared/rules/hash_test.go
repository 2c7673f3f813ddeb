package rules_test

import (
	"testing"

	"excs/shared/rules"
)

// The hash of the defaults is part of what a deployed site has stored: if this test fails, every site's removals would be
// held after the upgrade.
func TestHashIsStable(t *testing.T) {
	same(t, "6d13f17669caf252", rules.Default(101, rules.Preset202307).Hash())
	same(t, "6d13f17669caf252", parse(t, `{"tenant":101,"queues":{"types":[22,5,4,3]},"wrapUpCodes":{"attributes":["DispositionCode"]}}`).Hash())
}

// Whatever changes what is desired or removed changes the hash; each to another one.
func TestHashCoversWhatRemoves(t *testing.T) {
	seen := map[string]string{rules.Default(1, rules.Preset202307).Hash(): "the default"}
	for _, text := range []string{
		`"preset":"current"`, `"users":{"who":"all"}`, `"users":{"onDelete":"deactivate"}`, `"users":{"skills":"additive"}`, `"users":{"languages":"ignored"}`,
		`"users":{"name":"ignored"}`, `"users":{"email":"ignored"}`, `"users":{"state":"atCreation"}`, `"users":{"division":"atCreation"}`, `"users":{"authority":"x"}`,
		`"email":{"domain":"example.com"}`, `"email":{"ignore":["n/a"]}`, `"email":{"template":"{dbid}@x.com"}`,
		`"queues":{"types":[5]}`, `"queues":{"onDelete":"empty"}`, `"queues":{"onDelete":{"5":"empty"}}`, `"queues":{"onDelete":{"4":"empty"}}`,
		`"members":{"control":"ignored"}`, `"members":{"union":true}`, `"members":{"absentSkill":"zero"}`,
		`"languages":{"attribute":""}`, `"languages":{"names":["x"]}`, `"languages":{"pattern":"x"}`, `"proficiency":"scale:10"`,
		`"wrapUpCodes":{"attributes":[]}`, `"wrapUpCodes":{"name":"system"}`, `"source":{"name":"x"}`,
		`"scope":{"groups":["x"]}`, `"scope":{"switches":["x"]}`, `"scope":{"queues":"linked"}`, `"limits":{"queues":1}`, `"limits":{"queueMembers":1}`,
	} {
		hash := parse(t, `{"tenant":1,`+text+`}`).Hash()
		if other, again := seen[hash]; again {
			t.Errorf("%s and %s have one hash", text, other)
		}
		seen[hash] = text
	}
	if rules.Default(2, rules.Preset202307).Hash() == rules.Default(1, rules.Preset202307).Hash() {
		t.Error("the tenant does not count")
	}
}

// How fast, how often and how carefully EXCS works removes nothing.
func TestHashLeavesTheRest(t *testing.T) {
	want := rules.Default(1, rules.Preset202307).Hash()
	for _, text := range []string{
		`"guard":{"removals":{"count":99,"share":"50%"},"updates":{"count":1},"queueLoss":"1%","memberLoss":"1%","queueSize":1,"activeFrom":1,"removalWindow":"1h","updateWindow":"1h"}`,
		`"approval":"5m"`, `"secondRead":{"members":"1s","allMembers":"1s","kind":"1s"}`, `"indexLag":"1m"`, `"attempts":3`, `"requests":{"perMinute":5,"bulkShare":"1%"}`,
		`"limits":{"bulkPerCall":1,"membersPerCall":1}`, `"preset":"2023-07"`,
	} {
		same(t, want, parse(t, `{"tenant":1,`+text+`}`).Hash())
	}
}
