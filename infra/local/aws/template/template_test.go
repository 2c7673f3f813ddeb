package template_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/infra/local/aws/template"
)

// small is a template of the shape that CDK writes.
const small = `{
	"Description": "a small one",
	"Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/version", "Description": "x"}},
	"Rules": {"CheckBootstrapVersion": {"Assertions": []}},
	"Resources": {
		"Work": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work", "VisibilityTimeout": 360, "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 20}}},
		"Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-dead"}}, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
		"Policy": {"Type": "AWS::SQS::QueuePolicy", "DependsOn": "Work", "Properties": {"Queues": [{"Ref": "Dead"}], "PolicyDocument": {"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
		"Again": {"Type": "AWS::SQS::Queue", "DependsOn": ["Policy", "Dead"]}
	},
	"Outputs": {"Url": {"Value": {"Ref": "Work"}, "Description": "where"}}
}`

func parse(t *testing.T, text string) *template.Template {
	t.Helper()
	parsed, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Each resource comes after everything that it refers to or depends on.
func TestOrder(t *testing.T) {
	parsed := parse(t, small)
	ordered, err := parsed.Ordered()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range ordered {
		ids = append(ids, r.ID)
	}
	if d := cmp.Diff([]string{"Dead", "Work", "Policy", "Again"}, ids); d != "" {
		t.Error(d)
	}
	if parsed.Resources["Dead"].DeletionPolicy != "Retain" || parsed.Description != "a small one" || parsed.Parameters["BootstrapVersion"] != "/cdk-bootstrap/version" {
		t.Errorf("%+v", parsed)
	}
	var queues []string
	for _, r := range parsed.Of("AWS::SQS::Queue") {
		queues = append(queues, r.ID)
	}
	if !slices.Equal(queues, []string{"Again", "Dead", "Work"}) {
		t.Errorf("queues %v", queues)
	}
}

// Templates that would be enacted in part only are refused.
func TestTemplatesThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, text, says string }{
		{"no JSON", `Resources:`, "no CloudFormation template"},
		{"no resources", `{"Resources":{}}`, "it has no resources"},
		{"a section that is not known", `{"Mappings":{},"Resources":{"A":{"Type":"T"}}}`, `unknown field "Mappings"`},
		{"conditions", `{"Conditions":{},"Resources":{"A":{"Type":"T"}}}`, `unknown field "Conditions"`},
		{"a resource that is made on a condition", `{"Resources":{"A":{"Type":"T","Condition":"InProd"}}}`, `unknown field "Condition"`},
		{"a resource without a type", `{"Resources":{"A":{}}}`, "the resource A has no type"},
		{"a parameter that a person must give", `{"Parameters":{"P":{"Type":"String"}},"Resources":{"A":{"Type":"T"}}}`, "the parameter P has no default"},
		{"a list of something else", `{"Resources":{"A":{"Type":"T","DependsOn":[1]}}}`, "cannot unmarshal number"},
	} {
		if _, err := template.Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}

// A circle can not be made, and a reference to nothing leads nowhere.
func TestOrdersThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, resources, says string }{
		{"a circle", `"A":{"Type":"T","Properties":{"x":{"Ref":"B"}}},"B":{"Type":"T","DependsOn":"A"}`, "refers to itself"},
		{"itself", `"A":{"Type":"T","Properties":{"x":{"Fn::GetAtt":["A","Arn"]}}}`, "A refers to itself"},
		{"a reference to nothing", `"A":{"Type":"T","Properties":{"x":[{"y":{"Ref":"C"}}]}}`, "A refers to C, which is not in the template"},
		{"a text with a hole that leads nowhere", `"A":{"Type":"T","Properties":{"x":{"Fn::Sub":"a-${C.Arn}-${!D}"}}}`, "A refers to C, which"},
		{"an attribute of nothing, in its short form", `"A":{"Type":"T","Properties":{"x":{"Fn::GetAtt":"C.Arn"}}}`, "A refers to C, which"},
		{"a dependency on nothing", `"A":{"Type":"T","DependsOn":"C"}`, "A refers to C, which"},
	} {
		if _, err := parse(t, `{"Resources":{`+tc.resources+`}}`).Ordered(); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: the error is %v, want %q in it", tc.name, err, tc.says)
		}
	}
}
