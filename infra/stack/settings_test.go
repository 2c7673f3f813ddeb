package stack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"excs/infra/stack"
)

// parseJSON reads a context written as JSON, as the CLI hands it over.
func parseJSON(t testing.TB, text string) (stack.Stage, error) {
	t.Helper()
	var context map[string]any
	if err := json.Unmarshal([]byte(text), &context); err != nil {
		t.Fatal(err)
	}
	return stack.Parse(slices.Sorted(maps.Keys(context)), func(key string) any { return context[key] })
}

// dev is a context of the stage dev with further settings.
func dev(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"stages":{"dev":{"settings":{"tenant":101}` + more + `}}}`
}

// A stage that says nothing but whose tenant it is has these values.
func TestDefaults(t *testing.T) {
	s, err := parseJSON(t, dev(""))
	if err != nil {
		t.Fatal(err)
	}
	want := stack.Stage{
		Name: "dev", Settings: `{"tenant":101}`, Tenant: 101, Concurrency: 2, Snapshot: "rate(1 minute)", Verify: "rate(1 hour)", TimeZone: "UTC",
		ReadSecret: true, LogDays: 90, Sizes: s.Sizes, Secrets: s.Secrets, Tags: map[string]string{},
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	if len(s.Sizes) != len(stack.FunctionNames()) || len(s.Secrets) != 0 {
		t.Errorf("sizes %v, secrets %v", s.Sizes, s.Secrets)
	}
	if got := s.Sizes["apply"]; got != (stack.Size{Memory: 512, Timeout: time.Minute}) {
		t.Errorf("apply %+v", got)
	}
}

// Every setting arrives where it belongs.
func TestEverySetting(t *testing.T) {
	s, err := parseJSON(t, dev(`"note":"n","development":true,"account":"123456789012","region":"us-gov-west-1","concurrency":1000,
		"snapshot":"rate(5 minutes)","verify":"cron(0 3 ? * MON-FRI *)","timeZone":"America/Argentina/Buenos_Aires",
		"webhook":{"url":true,"eventSource":"aws.partner/genesys.com/cloud/o/s"},"exorgReadSecret":true,"key":"customer","logDays":7,
		"vpc":{"id":"vpc-01234567","subnets":["subnet-01234567"],"securityGroups":["sg-01234567"],"endpoints":true,"routeTables":["rtb-01234567"]},
		"alarmEmails":["a@b.example"],"tags":{"k":"v"},
		"secrets":{"engage":"`+secretARN("a")+`","exorg":"`+secretARN("b")+`","exorg-read":"`+secretARN("c")+`","webhook":"`+secretARN("d")+`"},
		"functions":{"snapshot":{"memory":2048,"timeout":"14m"},"webhook":{"timeout":"61s"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Secrets) != 4 || s.Secrets["exorg-read"] != secretARN("c") {
		t.Errorf("secrets %v", s.Secrets)
	}
	want := stack.Stage{
		Name: "dev", Development: true, Account: "123456789012", Region: "us-gov-west-1", Settings: `{"tenant":101}`, Tenant: 101, Concurrency: 1000,
		Snapshot: "rate(5 minutes)", Verify: "cron(0 3 ? * MON-FRI *)", TimeZone: "America/Argentina/Buenos_Aires", Sizes: s.Sizes,
		WebhookURL: true, EventSource: "aws.partner/genesys.com/cloud/o/s", ReadSecret: true, Secrets: s.Secrets, CustomerKey: true, LogDays: 7,
		VPC:         stack.VPC{ID: "vpc-01234567", Subnets: []string{"subnet-01234567"}, SecurityGroups: []string{"sg-01234567"}, Endpoints: true, RouteTables: []string{"rtb-01234567"}},
		AlarmEmails: []string{"a@b.example"}, Tags: map[string]string{"k": "v"},
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	if s.Sizes["snapshot"] != (stack.Size{Memory: 2048, Timeout: 14 * time.Minute}) || s.Sizes["webhook"] != (stack.Size{Memory: 512, Timeout: 61 * time.Second}) {
		t.Errorf("sizes %v", s.Sizes)
	}
}

// What is wrong is named with its path, what stands there and what may.
func TestFaults(t *testing.T) {
	const at = "stages.dev."
	tests := []struct{ name, context, want string }{
		{"a stage without settings", `{"stage":"prod","stages":{"dev":{},"prods":{}}}`, `stage: found "prod", which has no settings (did you mean "prods"?), allowed: "dev", "prods"`},
		{"no stages at all", `{}`, `stage: found "dev", which has no settings, allowed: `},
		{"a stage that is no object", `{"stages":{"dev":7}}`, `stages.dev: found 7, allowed: a JSON object`},
		{"a name that AWS would refuse", `{"stage":"Prod_1","stages":{}}`, `stage: found "Prod_1", allowed: a name of up to 20 small letters`},
		{"a name that is no text", `{"stage":7,"stages":{}}`, `stage: found 7, allowed: a name`},
		{"a context key that is nearly one", `{"stag":"prod","stages":{"dev":{"settings":{"tenant":1}}}}`, `stag: found a key that is unknown (did you mean "stage"?), allowed: stage, stages, destroyTable`},
		{"destroying with another stack's name", `{"destroyTable":"excs-prod","stages":{"dev":{"settings":{"tenant":1}}}}`, `destroyTable: found "excs-prod", allowed: "excs-dev", the name of the stack`},
		{"destroying with true", `{"destroyTable":true,"stages":{"dev":{"settings":{"tenant":1}}}}`, `destroyTable: found true, allowed: "excs-dev"`},
		{"no tenant's settings", `{"stages":{"dev":{}}}`, at + `settings: found nothing, allowed: the tenant's settings`},
		{"a tenant's settings as text", `{"stages":{"dev":{"settings":"x"}}}`, at + `settings: found "x", allowed: the tenant's settings`},
		{"a tenant's fault, as at run time", `{"stages":{"dev":{"settings":{"tenant":1,"guard":7}}}}`, at + `settings.guard: found 7, allowed: a JSON object`},
		{"a tenant's unknown key", `{"stages":{"dev":{"settings":{"tenant":1,"user":{}}}}}`, at + `settings.user: found a key that is no setting (did you mean "users"?)`},
		{"no tenant", `{"stages":{"dev":{"settings":{}}}}`, at + `settings.tenant: found nothing, allowed: the DBID of the Engage tenant`},
		{"braces that Parameter Store refuses", `{"stages":{"dev":{"settings":{"tenant":1,"source":{"name":"{{x}}"}}}}}`, at + `settings: found "{{", allowed: text without two opening braces`},
		{"an unknown key", dev(`"concurency":2`), at + `concurency: found a key that is no setting (did you mean "concurrency"?), allowed: settings, note`},
		{"an unknown key that is like none", dev(`"zzz":2`), at + `zzz: found a key that is no setting, allowed: settings`},
		{"an unknown key in a section", dev(`"vpc":{"subnet":[]}`), at + `vpc.subnet: found a key that is no setting (did you mean "subnets"?), allowed: id, subnets`},
		{"a section that is no object", dev(`"vpc":"vpc-1"`), at + `vpc: found "vpc-1", allowed: a JSON object`},
		{"a section within a section that is no object", dev(`"functions":{"apply":5}`), at + `functions.apply: found 5, allowed: a JSON object`},
		{"one worker", dev(`"concurrency":1`), at + `concurrency: found 1, allowed: a whole number from 2 to 1000`},
		{"half a worker", dev(`"concurrency":2.5`), at + `concurrency: found 2.5, allowed: a whole number`},
		{"a flag as text", dev(`"development":"true"`), at + `development: found "true", allowed: true or false`},
		{"an account that is short", dev(`"account":"1234"`), at + `account: found "1234", allowed: 12 digits`},
		{"an account as number", dev(`"account":123456789012`), at + `account: found 123456789012, allowed: 12 digits`},
		{"a region that is none", dev(`"region":"frankfurt"`), at + `region: found "frankfurt", allowed: a region such as`},
		{"one minutes", dev(`"snapshot":"rate(1 minutes)"`), at + `snapshot: found "rate(1 minutes)", allowed: rate(…) or cron(…)`},
		{"five minute", dev(`"snapshot":"rate(5 minute)"`), at + `snapshot: found "rate(5 minute)"`},
		{"cron of five fields", dev(`"verify":"cron(0 3 * * *)"`), at + `verify: found "cron(0 3 * * *)"`},
		{"a time zone with a space", dev(`"timeZone":"New York"`), at + `timeZone: found "New York"`},
		{"another partner", dev(`"webhook":{"eventSource":"aws.partner/other.com/x"}`), at + `webhook.eventSource: found "aws.partner/other.com/x"`},
		{"an unknown owner of the key", dev(`"key":"mine"`), at + `key: found "mine", allowed: "aws" or "customer"`},
		{"a retention that CloudWatch has not", dev(`"logDays":8`), at + `logDays: found 8, allowed: one of 7, 14`},
		{"a retention of part of a day", dev(`"logDays":7.5`), at + `logDays: found 7.5`},
		{"a retention as text", dev(`"logDays":"7"`), at + `logDays: found "7"`},
		{"a subnet that is none", dev(`"vpc":{"id":"vpc-01234567","subnets":["net-1"]}`), at + `vpc.subnets: found "net-1", allowed: a list, each subnet-…`},
		{"a subnet twice", dev(`"vpc":{"id":"vpc-01234567","subnets":["subnet-01234567","subnet-01234567"]}`), at + `vpc.subnets: found "subnet-01234567" twice`},
		{"subnets that are no list", dev(`"vpc":{"id":"vpc-01234567","subnets":"subnet-01234567"}`), at + `vpc.subnets: found "subnet-01234567", allowed: a list`},
		{"a network without subnets", dev(`"vpc":{"id":"vpc-01234567"}`), at + `vpc.subnets: found nothing, allowed: the ids of the subnets`},
		{"subnets without a network", dev(`"vpc":{"subnets":["subnet-01234567"]}`), at + `vpc.id: found nothing, though other parts`},
		{"endpoints without route tables", dev(`"vpc":{"id":"vpc-01234567","subnets":["subnet-01234567"],"endpoints":true}`), at + `vpc.routeTables: found nothing, though endpoints`},
		{"an address without a domain", dev(`"alarmEmails":["desk"]`), at + `alarmEmails: found "desk", allowed: a list, each an address`},
		{"a tag of AWS", dev(`"tags":{"aws:x":"y"}`), at + `tags: found {"aws:x":"y"}, allowed: an object of texts`},
		{"a tag that is no text", dev(`"tags":{"x":7}`), at + `tags: found {"x":7}`},
		{"tags that are a list", dev(`"tags":["x"]`), at + `tags: found ["x"]`},
		{"a secret by its name", dev(`"secrets":{"engage":"excs/engage"}`), at + `secrets.engage: found "excs/engage", allowed: the whole ARN of a secret`},
		{"a secret without its six letters", dev(`"secrets":{"engage":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:x"}`), at + `secrets.engage: found`},
		{"a reader's secret that nobody reads", dev(`"exorgReadSecret":false,"secrets":{"exorg-read":"` + secretARN("x") + `"}`), at + `secrets.exorg-read: found an ARN, though exorgReadSecret is false`},
		{"a webhook's secret without an address", dev(`"secrets":{"webhook":"` + secretARN("x") + `"}`), at + `secrets.webhook: found an ARN, though webhook.url is false`},
		{"too little memory", dev(`"functions":{"apply":{"memory":64}}`), at + `functions.apply.memory: found 64, allowed: a whole number from 128 to 10240`},
		{"too long a time", dev(`"functions":{"apply":{"timeout":"16m"}}`), at + `functions.apply.timeout: found "16m", allowed: whole seconds from "10s" to "15m"`},
		{"a time of half a second", dev(`"functions":{"apply":{"timeout":"60.5s"}}`), at + `functions.apply.timeout: found "60.5s"`},
		{"a time as number", dev(`"functions":{"apply":{"timeout":60}}`), at + `functions.apply.timeout: found 60`},
		{"a webhook in a hurry", dev(`"functions":{"webhook":{"timeout":"59s"}}`), at + `functions.webhook.timeout: found "59s", allowed: 60s or more`},
		{"an unknown function", dev(`"functions":{"aply":{}}`), at + `functions.aply: found a key that is no setting (did you mean "apply"?)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseJSON(t, test.context)
			var faults stack.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("error %v", err)
			}
			if len(faults) != 1 || !strings.HasPrefix(faults[0].String(), test.want) {
				t.Errorf("faults %v\nwant   %s", faults, test.want)
			}
		})
	}
}

// All faults are told at once, each on a line of its own, in the order of their paths.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := parseJSON(t, `{"destroyTable":"x","stages":{"dev":{"settings":{"tenant":"a","guard":7},"concurrency":1,"kee":"aws","vpc":{"endpoints":true}}}}`)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	var paths []string
	for _, line := range lines[1:] {
		p, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		paths = append(paths, strings.TrimPrefix(p, "stages.dev."))
	}
	if d := cmp.Diff([]string{"concurrency", "kee", "settings.guard", "settings.tenant", "vpc.id", "vpc.routeTables", "destroyTable"}, paths); d != "" {
		t.Errorf("%s\n%v", d, err)
	}
	if lines[0] != "the settings in cdk.json can not be used:" {
		t.Error(lines[0])
	}
}

// The settings reach the functions as they were given, without a change of their bytes that HTML would need.
func TestSettingsAsGiven(t *testing.T) {
	s, err := parseJSON(t, `{"stages":{"dev":{"settings":{"tenant":9007199254740991,"source":{"name":"A & B <C> ü"}}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"source":{"name":"A & B <C> ü"},"tenant":9007199254740991}`; s.Settings != want {
		t.Errorf("settings %s, want %s", s.Settings, want)
	}
}

// Settings that Parameter Store can not hold are refused before anything is made.
func TestSettingsTooLong(t *testing.T) {
	var switches []string
	for i := range 500 {
		switches = append(switches, fmt.Sprintf(`"switch-%010d"`, i))
	}
	_, err := parseJSON(t, `{"stages":{"dev":{"settings":{"tenant":1,"scope":{"switches":[`+strings.Join(switches, ",")+`]}}}}}`)
	if err == nil || !strings.Contains(err.Error(), "8192 bytes, the most that Parameter Store holds") {
		t.Errorf("error %v", err)
	}
}

// The keys of the CLI and of CDK's flags are none of EXCS's business.
func TestForeignKeysAreLeftAlone(t *testing.T) {
	if _, err := parseJSON(t, `{"@aws-cdk/core:stackRelativeExports":true,"aws:cdk:bundling-stacks":["**"],"vpc-provider":{},"stages":{"dev":{"settings":{"tenant":1}}}}`); err != nil {
		t.Error(err)
	}
}

// Whatever stands in the context, reading it ends in a stage or in faults.
func TestAnyContext(t *testing.T) {
	paths := []string{"development", "concurrency", "snapshot", "key", "logDays", "vpc", "tags", "secrets", "functions", "webhook", "alarmEmails", "account", "settings", "x"}
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.Float64(), toAny), rapid.Map(rapid.String(), toAny),
		rapid.Map(rapid.SliceOfN(rapid.String(), 0, 3), func(texts []string) any {
			var list []any
			for _, s := range texts {
				list = append(list, s)
			}
			return list
		}),
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"id", "apply", "url", "engage", "tenant", "k"}), rapid.Int(), 0, 3), func(m map[string]int) any {
			o := map[string]any{}
			for k, v := range m {
				o[k] = float64(v)
			}
			return o
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		stage := rapid.MapOfN(rapid.SampledFrom(paths), value, 0, 6).Draw(t, "stage")
		if rapid.Bool().Draw(t, "tenant") {
			stage["settings"] = map[string]any{"tenant": 1.0}
		}
		context := map[string]any{"stages": map[string]any{"dev": stage}}
		s, err := stack.Parse([]string{"stages"}, func(key string) any { return context[key] })
		var faults stack.Faults
		switch {
		case err != nil && (!errors.As(err, &faults) || len(faults) == 0):
			t.Fatalf("error %v", err)
		case err == nil && (s.Tenant == 0 || s.Concurrency < 2 || len(s.Sizes) != len(stack.FunctionNames())):
			t.Fatalf("stage %+v", s)
		}
		for _, f := range faults {
			if !strings.HasPrefix(f.Path, "stages.dev") || f.Found == "" || f.Allowed == "" {
				t.Fatalf("fault %+v", f)
			}
		}
	})
}

func toAny[T any](v T) any { return v }
