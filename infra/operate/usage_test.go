package main

import (
	"strings"
	"testing"
)

// A command that is not understood has status 2, says what to do, and nothing is called.
func TestWhatIsNotUnderstood(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  map[string]string
		args string
		says string
	}{
		{"no action", nil, "", "no action is given"},
		{"an action that there is not", nil, "snyc", `there is no action "snyc": use one of plan, sync, verify,`},
		{"a flag that there is not", nil, "plan -kind user", "-kind: run operate help"},
		{"a flag of another action", nil, "status -keys user/1", "status takes no keys: leave it out"},
		{"a variable of another action", map[string]string{"HASH": "abc"}, "sync", "sync takes no hash: leave it out (it stands in the environment as HASH)"},
		{"a dry run of what has none", nil, "sync -dry-run=1", "sync takes no dry-run"},
		{"a key for an action without", nil, "list -key user/1", "list takes no keys"},
		{"a list that a script left empty", map[string]string{"KEYS": ""}, "replay", "replay: keys is given and names nothing: name some, or leave it out for everything"},
		{"a flag that a script left empty", nil, "sync -kinds=", "sync: kinds is given and names nothing"},
		{"a list of commas", map[string]string{"KEYS": " , ,"}, "pause -note x", "pause: keys is given and names nothing"},
		{"no key to explain", map[string]string{"KEY": ""}, "explain", "explain: key is given and names nothing: name some, or leave it out"},
		{"an approval without a hash", nil, "approve", "approve needs -hash, the hash of a plan, or a single -key"},
		{"an approval of two keys without a hash", nil, "approve -keys user/1,user/2", "approve needs -hash, the hash of a plan, or a single -key"},
		{"an approval of a list that a script left empty", map[string]string{"KEYS": ""}, "approve -hash abc", "approve: keys is given and names nothing: name some, or leave it out for all that the hash covers"},
		{"an explanation of nothing", nil, "explain", "explain needs -keys: keys, with commas between them"},
		{"a link without an EX id", nil, "link -key user/1", "link needs -exid: the id of an EX Org object"},
		{"a pause without a reason", nil, "pause", "pause needs -note: why: it is audited"},
		{"a note of spaces", map[string]string{"NOTE": "  "}, "pause", "pause needs -note"},
		{"a stage that can not be one", nil, "plan -stage Prod_1", `stage is "Prod_1": use 2 to 20 small letters`},
		{"a format that there is not", map[string]string{"FORMAT": "yaml"}, "plan", `format is "yaml": use text, json or markdown`},
		{"a maximum that is no number", nil, "replay -max many", `max is "many": write a whole number from 1 on`},
		{"a maximum of none", nil, "replay -max 0", `max is "0": write a whole number from 1 on`},
		{"a switch that is neither on nor off", map[string]string{"LOCAL": "here"}, "plan", `local is "here": write 1 or 0`},
		{"an object that is no flag", nil, "sync user/1", `sync takes no argument "user/1": objects are named by -keys`},
		{"help of one action", nil, "plan -h", "run operate help"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeAWS(t)
			got := typedWith(t, tc.env, nil, strings.Fields(tc.args)...)
			if got.Status != exitUsage || got.Out != "" || !strings.Contains(got.Err, tc.says) {
				t.Errorf("%+v", got)
			}
			want(t, f.calls(), []string(nil))
		})
	}
}

func TestHelpTellsOfEveryActionAndFlag(t *testing.T) {
	newFakeAWS(t)
	for _, word := range []string{"help", "-h", "--help"} {
		got := typedWith(t, nil, nil, word)
		want(t, got.Status, exitDone)
		golden(t, "help", got.Out)
	}
	if got := typedWith(t, nil, nil); got.Status != exitUsage || !strings.Contains(got.Err, "Actions:") {
		t.Errorf("without anything: %+v", got)
	}
}

// The flags may stand after the arguments.
func TestFlagsMayFollowArguments(t *testing.T) {
	f := newFakeAWS(t)
	t.Chdir("../..")
	got := typedWith(t, nil, nil, "invoke", "sync", "events/sync-status.json", "-stage", "test", "-region", "eu-west-1", "-yes")
	want(t, got, told{exitDone, "done\n", "account 123456789012, region eu-west-1, stage test: invoke of excs-test-sync\n"})
	want(t, f.sent(), map[string]any{"action": "status"})
}

// A region may come from four places; without one the command says so rather than let the CLI guess.
func TestTheRegion(t *testing.T) {
	for _, tc := range []struct {
		name, flag, profile string
		env                 map[string]string
		want                string
	}{
		{"a flag first", "eu-west-1", "us-east-1", map[string]string{"REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}, "eu-west-1"},
		{"then REGION", "", "us-east-1", map[string]string{"REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}, "eu-west-2"},
		{"then AWS_REGION", "", "us-east-1", map[string]string{"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-south-1"}, "eu-west-3"},
		{"then AWS_DEFAULT_REGION", "", "us-east-1", map[string]string{"AWS_DEFAULT_REGION": "eu-south-1"}, "eu-south-1"},
		{"then the profile's", "", "us-east-1", nil, "us-east-1"},
		{"none", "", "", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeAWS(t)
			if tc.profile == "" {
				f.fails("get", "") // what the CLI does where nothing is configured
			}
			f.says("get", tc.profile+"\n")
			args := []string{"status"}
			if tc.flag != "" {
				args = append(args, "-region", tc.flag)
			}
			got := typedWith(t, tc.env, nil, args...)
			if tc.want == "" {
				want(t, got, told{exitFailed, "", "operate: no AWS region is known: give stage dev a region in cdk.json, add REGION=eu-central-1, or set AWS_REGION\n"})
				return
			}
			if got.Status != exitDone || !strings.Contains(got.Err, "region "+tc.want+",") {
				t.Errorf("%+v", got)
			}
		})
	}
}
