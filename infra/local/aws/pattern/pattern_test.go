package pattern_test

import (
	"strings"
	"testing"

	"excs/infra/local/aws/pattern"
)

// Which events a pattern takes.
func TestMatches(t *testing.T) {
	const partner = `{"source":[{"prefix":"aws.partner/genesys.com/cloud/org/excs"}],"detail":{"eventBody":{"entityType":[{"equals-ignore-case":"User"},{"equals-ignore-case":"Queue"}]}}}`
	for _, tc := range []struct {
		name, pattern, event string
		want                 bool
	}{
		{"the rule of the partner bus", partner, `{"source":"aws.partner/genesys.com/cloud/org/excs","detail":{"eventBody":{"entityType":"USER"}}}`, true},
		{"another entity", partner, `{"source":"aws.partner/genesys.com/cloud/org/excs","detail":{"eventBody":{"entityType":"Flow"}}}`, false},
		{"another source", partner, `{"source":"aws.ec2","detail":{"eventBody":{"entityType":"User"}}}`, false},
		{"no body", partner, `{"source":"aws.partner/genesys.com/cloud/org/excs","detail":{}}`, false},
		{"a body that is a text", partner, `{"source":"aws.partner/genesys.com/cloud/org/excs","detail":"x"}`, false},
		{"one of several values", `{"a":["x","y"]}`, `{"a":"y"}`, true},
		{"none of several values", `{"a":["x","y"]}`, `{"a":"z"}`, false},
		{"values are the same in case too", `{"a":["x"]}`, `{"a":"X"}`, false},
		{"a number", `{"a":[1]}`, `{"a":1}`, true},
		{"a number is no text", `{"a":[1]}`, `{"a":"1"}`, false},
		{"null", `{"a":[null]}`, `{"a":null}`, true},
		{"null is not nothing", `{"a":[null]}`, `{}`, false},
		{"an item of a list", `{"a":["x"]}`, `{"a":["w","x"]}`, true},
		{"no item of a list", `{"a":["x"]}`, `{"a":["w"]}`, false},
		{"an empty list", `{"a":["x"]}`, `{"a":[]}`, false},
		{"an object where a value is asked for", `{"a":["x"]}`, `{"a":{"x":1}}`, false},
		{"the end of a text", `{"a":[{"suffix":"fo"}]}`, `{"a":"fifo"}`, true},
		{"the beginning of a number", `{"a":[{"prefix":"1"}]}`, `{"a":12}`, false},
		{"a field that is there", `{"a":[{"exists":true}]}`, `{"a":0}`, true},
		{"a field that is missing", `{"a":[{"exists":false}]}`, `{"b":0}`, true},
		{"a field that should be missing", `{"a":[{"exists":false}]}`, `{"a":0}`, false},
		{"another value", `{"a":[{"anything-but":["x",1]}]}`, `{"a":"y"}`, true},
		{"the one value that is not meant", `{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, false},
		{"an event that is a list", `{"a":["x"]}`, `["x"]`, false},
	} {
		p, err := pattern.Parse([]byte(tc.pattern))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got, err := p.Matches([]byte(tc.event)); err != nil || got != tc.want {
			t.Errorf("%s: %v, %v", tc.name, got, err)
		}
	}
	p, err := pattern.Parse([]byte(`{"a":["x"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Matches([]byte(`{`)); err == nil {
		t.Error("half an event was read")
	}
}

// Patterns that are not understood in full are refused.
func TestPatternsThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, pattern, says string }{
		{"no JSON", `{`, "unexpected EOF"},
		{"a list", `[]`, "no object with a field"},
		{"nothing", `{}`, "no object with a field"},
		{"a value without a list", `{"a":{"b":"x"}}`, "a.b is neither an object nor a list"},
		{"an empty list", `{"a":[]}`, "the list of a is empty"},
		{"an or", `{"$or":[{"a":["x"]}]}`, "$or is not known"},
		{"a filter that is not known", `{"a":[{"numeric":[">",1]}]}`, "a: the filter numeric"},
		{"a filter with the wrong argument", `{"a":[{"prefix":1}]}`, "the filter prefix with 1"},
		{"a prefix in any case", `{"a":[{"prefix":{"equals-ignore-case":"x"}}]}`, "is not known"},
		{"two filters in one", `{"a":[{"prefix":"x","suffix":"y"}]}`, "has 2 keys"},
		{"an existence that is no answer", `{"a":[{"exists":"yes"}]}`, "true or false"},
		{"anything but a filter", `{"a":[{"anything-but":{"prefix":"x"}}]}`, "anything-but with"},
	} {
		if _, err := pattern.Parse([]byte(tc.pattern)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}
