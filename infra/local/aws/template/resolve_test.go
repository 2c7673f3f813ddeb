package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/aws/template"
)

func values() template.Values {
	return template.Values{
		Pseudo:     template.Pseudo("excs-dev", "eu-central-1", "000000000000"),
		Parameters: map[string]string{"Version": "6"},
		Made: map[string]template.Made{
			"Table": {Ref: "excs-dev-mapping", Attributes: map[string]string{"Arn": "arn:aws:dynamodb:eu-central-1:000000000000:table/excs-dev-mapping"}},
			"Url":   {Ref: "x", Attributes: map[string]string{"FunctionUrl": "http://127.0.0.1:1/"}},
		},
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every function that CDK writes into this stack's template, and what it stands for.
func TestResolve(t *testing.T) {
	for _, tc := range []struct{ name, value, want string }{
		{"plain values stay", `{"a":[1,true,null,"x"],"b":{}}`, `{"a":[1,true,null,"x"],"b":{}}`},
		{"a reference to a resource", `{"Ref":"Table"}`, `"excs-dev-mapping"`},
		{"a reference to a parameter", `{"Ref":"Version"}`, `"6"`},
		{"pseudo parameters", `[{"Ref":"AWS::Region"},{"Ref":"AWS::AccountId"},{"Ref":"AWS::Partition"},{"Ref":"AWS::StackName"},{"Ref":"AWS::URLSuffix"}]`,
			`["eu-central-1","000000000000","aws","excs-dev","amazonaws.com"]`},
		{"an attribute", `{"Fn::GetAtt":["Url","FunctionUrl"]}`, `"http://127.0.0.1:1/"`},
		{"an attribute in its short form", `{"Fn::GetAtt":"Url.FunctionUrl"}`, `"http://127.0.0.1:1/"`},
		{"a joined text", `{"Fn::Join":["",["ssm:",{"Ref":"Table"},1]]}`, `"ssm:excs-dev-mapping1"`},
		{"a joined split text", `{"Fn::Join":["-",{"Fn::Split":[":","a:b"]}]}`, `"a-b"`},
		{"a part of a text", `{"Fn::Select":[1,{"Fn::Split":["/",{"Fn::GetAtt":["Table","Arn"]}]}]}`, `"excs-dev-mapping"`},
		{"a text with holes", `{"Fn::Sub":"${Table}/${Table.Arn}/${AWS::Region}/${!kept}"}`,
			`"excs-dev-mapping/arn:aws:dynamodb:eu-central-1:000000000000:table/excs-dev-mapping/eu-central-1/${kept}"`},
		{"a text with holes of its own", `{"Fn::Sub":["${a}-${Table}",{"a":{"Ref":"Version"}}]}`, `"6-excs-dev-mapping"`},
		{"a policy's condition is no function", `{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, `{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`},
		{"functions deep inside", `{"a":[{"b":{"Ref":"Table"},"c":1}]}`, `{"a":[{"b":"excs-dev-mapping","c":1}]}`},
	} {
		got, err := values().Resolve(decode(t, tc.value))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if d := cmp.Diff(decode(t, tc.want), got); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

// What can not be resolved is an error that says where it stands; nothing is left as it was.
func TestResolveFails(t *testing.T) {
	for _, tc := range []struct{ name, value, says string }{
		{"a function that is not known", `{"a":{"b":[0,{"Fn::ImportValue":"x"}]}}`, "a.b[1]: the function Fn::ImportValue is not known here"},
		{"a condition", `{"a":{"Fn::If":["x",1,2]}}`, "the function Fn::If is not known"},
		{"a function beside other keys", `{"a":{"Fn::Sub":"x","b":1}}`, "a: Fn::Sub stands beside other keys"},
		{"a reference to nothing", `{"a":{"Ref":"Nothing"}}`, "a: Ref of Nothing, which is not there"},
		{"a reference by something else", `{"Ref":["Table"]}`, "Ref of [Table]"},
		{"an attribute of nothing", `{"Fn::GetAtt":["Nothing","Arn"]}`, "there is no such resource"},
		{"an attribute that is not known", `{"Fn::GetAtt":["Table","StreamArn"]}`, "the attribute is not known here"},
		{"a join without a list", `{"Fn::Join":["-","x"]}`, "takes a list"},
		{"a join without a delimiter", `{"Fn::Join":[["x"]]}`, "takes a delimiter and a list"},
		{"a join of objects", `{"Fn::Join":["-",[{"x":1}]]}`, "something that is no text"},
		{"a join of nothing that is there", `{"Fn::Join":["-",[{"Ref":"Nothing"}]]}`, "Ref of Nothing"},
		{"a text whose hole leads nowhere", `{"Fn::Sub":"${Nothing}"}`, "Ref of Nothing"},
		{"a text whose own hole leads nowhere", `{"Fn::Sub":["${a}",{"a":{"Ref":"Nothing"}}]}`, "Ref of Nothing"},
		{"a text whose hole is filled with a list", `{"Fn::Sub":["${a}",{"a":[1]}]}`, "is no text"},
		{"a text that is none", `{"Fn::Sub":1}`, "takes a text"},
		{"an item that is not there", `{"Fn::Select":[2,["a","b"]]}`, "no item 2 of 2"},
		{"a split of a list", `{"Fn::Split":[":",["a"]]}`, "takes a delimiter and a text"},
	} {
		if got, err := values().Resolve(decode(t, tc.value)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v and the error %v, want %q in it", tc.name, got, err, tc.says)
		}
	}
}

// Properties are read into a struct, and none is passed over.
func TestProperties(t *testing.T) {
	type queue struct {
		QueueName     string
		RedrivePolicy struct {
			MaxReceiveCount int `json:"maxReceiveCount"`
		}
	}
	r := template.Resource{ID: "Work", Type: "AWS::SQS::Queue", Properties: map[string]any{
		"QueueName": map[string]any{"Ref": "Table"}, "RedrivePolicy": map[string]any{"maxReceiveCount": json.Number("20")},
	}}
	var got queue
	if err := values().Properties(r, &got); err != nil || got.QueueName != "excs-dev-mapping" || got.RedrivePolicy.MaxReceiveCount != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := values().Properties(template.Resource{ID: "Work", Type: "AWS::SQS::Queue"}, &got); err != nil {
		t.Error(err)
	}
	for _, tc := range []struct {
		name, key string
		value     any
		says      string
	}{
		{"a property that is not known", "DelaySeconds", 5, `AWS::SQS::Queue Work: unknown field "DelaySeconds": the property is not known here`},
		{"a part of a property that is not known", "RedrivePolicy", map[string]any{"other": 1}, `unknown field "other"`},
		{"a property of another type", "QueueName", 5, "cannot unmarshal number"},
		{"a reference to nothing", "QueueName", map[string]any{"Ref": "Nothing"}, "AWS::SQS::Queue Work: QueueName: Ref of Nothing"},
	} {
		r := template.Resource{ID: "Work", Type: "AWS::SQS::Queue", Properties: map[string]any{tc.key: tc.value}}
		if err := values().Properties(r, &got); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}
