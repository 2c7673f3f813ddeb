package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	_ "time/tzdata" // the same list of time zones as the functions have

	"excs/shared/rules"
)

const (
	// standardBytes is the most that a standard parameter holds, advancedBytes the most of an advanced one.
	standardBytes = 4096
	advancedBytes = 8192
)

// Keys of the CDK context that belong to EXCS.
const (
	keyStage   = "stage"        // which stage
	keyStages  = "stages"       // the settings of each
	keyDestroy = "destroyTable" // the stack's name: destroy takes the table too
)

// DefaultStage is the stage that is meant when none is named.
const DefaultStage = "dev"

// Fault is one thing that is wrong with the context.
type Fault struct{ Path, Found, Allowed string }

// String gives one line: path, what was found, what is allowed.
func (f Fault) String() string { return f.Path + ": found " + f.Found + ", allowed: " + f.Allowed }

// Faults are all the faults of a context, by path.
type Faults []Fault

// Error gives a line for every fault.
func (fs Faults) Error() string {
	lines := []string{"the settings in cdk.json can not be used:"}
	for _, f := range fs {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// Parse reads the stage that the CDK context names. lookup gives the value of a key, nil for one that is not there; keys are
// all that are there. The error is Faults, with every fault of the context; the tenant's settings are read as the functions
// read them (shared/rules).
func Parse(keys []string, lookup func(string) any) (Stage, error) {
	var faults Faults
	for _, k := range keys {
		own := []string{keyStage, keyStages, keyDestroy}
		if hint := rules.DidYouMean(k, own); hint != "" && !slices.Contains(own, k) {
			faults = append(faults, Fault{k, "a key that is unknown" + hint, strings.Join(own, ", ")})
		}
	}
	name, fault := stageName(lookup(keyStage))
	stages, _ := lookup(keyStages).(map[string]any)
	raw, isObject := stages[name].(map[string]any)
	switch {
	case fault != nil:
		faults = append(faults, *fault)
	case stages[name] == nil:
		names := slices.Sorted(maps.Keys(stages))
		faults = append(faults, Fault{keyStage, fmt.Sprintf("%q, which has no settings%s", name, rules.DidYouMean(name, names)), oneOf(names)})
	case !isObject:
		faults = append(faults, Fault{keyStages + "." + name, show(stages[name]), "a JSON object"})
	}
	if len(faults) > 0 {
		return Stage{}, faults
	}
	s, faults := parseStage(name, raw)
	if f := s.destroy(lookup(keyDestroy)); f != nil {
		faults = append(faults, *f)
	}
	if len(faults) > 0 {
		return Stage{}, faults
	}
	return s, nil
}

func stageName(v any) (string, *Fault) {
	if v == nil {
		return DefaultStage, nil
	}
	name, _ := v.(string)
	if !stagePattern.MatchString(name) {
		return "", &Fault{keyStage, show(v), "a name of up to 20 small letters, digits and hyphens that begins with a letter"}
	}
	return name, nil
}

// destroy reads the permission to destroy what is kept. It is the stack's name, so that it can not be left on by mistake
// for another stage.
func (s *Stage) destroy(v any) *Fault {
	if v == nil || v == "" {
		return nil
	}
	if v != s.StackName() {
		return &Fault{keyDestroy, show(v), fmt.Sprintf("%q, the name of the stack whose table, secrets and logs are to be destroyed", s.StackName())}
	}
	s.Destroy = true
	return nil
}

func parseStage(name string, raw map[string]any) (Stage, Faults) {
	s := defaults(name)
	at := keyStages + "." + name
	faults := unknown(raw, at, "", entries())
	for _, e := range entries() {
		v, there, fault := find(raw, at, e.path)
		if fault != nil {
			faults = append(faults, *fault)
		}
		if !there {
			continue
		}
		if found := e.read(&s, v); found != "" {
			faults = append(faults, Fault{at + "." + e.path, found, e.allowed})
		}
	}
	faults = append(faults, s.tenantSettings(raw["settings"], at+".settings")...)
	for _, f := range s.contradictions(at) {
		// What could not be read is told already, and is no contradiction.
		if !slices.ContainsFunc(faults, func(told Fault) bool { return told.Path == f.Path }) {
			faults = append(faults, f)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Path, b.Path) })
	return s, slices.Compact(faults)
}

// tenantSettings reads the tenant's settings as the functions will, and keeps them as they were given: what is left out
// takes the default of the release that runs.
func (s *Stage) tenantSettings(v any, path string) Faults {
	o, isObject := v.(map[string]any)
	if !isObject {
		return Faults{{path, show(v), `the tenant's settings, a JSON object such as {"tenant":101}`}}
	}
	text, err := compact(o)
	if err != nil {
		return Faults{{path, err.Error(), "JSON"}}
	}
	parsed, err := rules.Parse(text)
	var wrong rules.Faults
	if errors.As(err, &wrong) {
		var faults Faults
		for _, f := range wrong {
			faults = append(faults, Fault{path + "." + f.Path, f.Found, f.Allowed})
		}
		return faults
	}
	if err == nil {
		_, err = parsed.Zone()
	}
	switch {
	case err != nil:
		return Faults{{path, err.Error(), "settings of a tenant"}}
	case len(text) > advancedBytes:
		return Faults{{path, fmt.Sprintf("%d bytes of JSON", len(text)), fmt.Sprintf("%d bytes, the most that Parameter Store holds: shorten lists, for example by a pattern", advancedBytes)}}
	case bytes.Contains(text, []byte("{{")):
		return Faults{{path, `"{{"`, "text without two opening braces in a row: Parameter Store refuses them"}}
	}
	s.Settings, s.Tenant = string(text), parsed.Tenant
	return nil
}

// compact writes JSON with sorted keys and without the escapes that HTML would need.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// contradictions lists what is fine alone and not together.
func (s Stage) contradictions(at string) Faults {
	v, faults := s.VPC, Faults{}
	for _, c := range []struct {
		wrong                bool
		path, found, allowed string
	}{
		{v.ID == "" && (len(v.Subnets)+len(v.SecurityGroups)+len(v.RouteTables) > 0 || v.Endpoints), "vpc.id",
			"nothing, though other parts of the network are given", "the id of the VPC"},
		{v.ID != "" && len(v.Subnets) == 0, "vpc.subnets", "nothing", "the ids of the subnets in which the functions are to be"},
		{v.Endpoints && len(v.RouteTables) == 0, "vpc.routeTables", "nothing, though endpoints are wanted",
			"the ids of the subnets' route tables: the table's endpoint is reached through them"},
		{s.Secrets[readSecret] != "" && !s.ReadSecret, "secrets.exorg-read", "an ARN, though exorgReadSecret is false", "exorgReadSecret true, or no ARN"},
		{s.Secrets[webhookSecret] != "" && !s.WebhookURL, "secrets.webhook", "an ARN, though webhook.url is false", "webhook.url true, or no ARN"},
		{s.KeyARN != "" && !s.CustomerKey, "keyArn", "an ARN, though the key is AWS's", `key "customer", or no ARN`},
		{s.Sizes[webhook].Timeout < leastWebhook, "functions.webhook.timeout", show(s.Sizes[webhook].Timeout.String()),
			"60s or more: it may have to wait for the request budget"},
	} {
		if c.wrong {
			faults = append(faults, Fault{at + "." + c.path, c.found, c.allowed})
		}
	}
	return faults
}
