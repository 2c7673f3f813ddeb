package main

import (
	"fmt"
	"strings"
)

// action is what one word does: which function it is for, and which parts of the payload go with it. The functions check
// the same again; here a mistake is told before anything is invoked.
type action struct {
	name, function string
	// takes are the flags that the action knows, beside those of every action.
	takes []string
	// needs are those that it can not do without; hashOrKey says that it needs the hash of a plan, or a single key.
	needs     []string
	hashOrKey bool
	// csv says that the action answers in CSV too.
	csv bool
	// writes says that rows, the queue or the EX Org may change by it.
	writes bool
	help   string
}

// The names of flags that belong to some actions only.
const (
	flagKinds  = "kinds"
	flagKeys   = "keys"
	flagHash   = "hash"
	flagEXID   = "exid"
	flagNote   = "note"
	flagWho    = "who"
	flagUntil  = "until"
	flagRun    = "run"
	flagPreset = "preset"

	flagSettings = "settings"
	flagSince    = "since"
	flagReason   = "reason"
	flagMax      = "max"
	flagDryRun   = "dry-run"
)

const (
	functionSync   = "sync"
	functionReplay = "replay"
	actionInvoke   = "invoke"
	actionResume   = "resume"
)

// actions are all of them, in the order in which the usage tells of them.
func actions() []action {
	scope, audit := []string{flagKinds, flagKeys}, []string{flagNote, flagWho}
	with := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	key, hash := []string{flagKeys}, []string{flagHash}
	return []action{
		{name: "plan", function: functionSync, takes: with(scope, []string{flagSettings, flagPreset}), help: "what a run would do now, or under -settings FILE or -preset current; writes nothing"},
		{name: "sync", function: functionSync, takes: scope, writes: true, help: "a run now"},
		{name: "verify", function: functionSync, takes: with(scope, []string{flagDryRun}), help: "look for what drifted or vanished in the EX Org"},
		{name: "explain", function: functionSync, takes: key, needs: key, help: "why one object is as it is: -key user/1234"},
		{name: "list", function: functionSync, takes: []string{flagKinds}, help: "orphans, rejects, held, invisible, quarantined, paused"},
		{name: "history", function: functionSync, takes: with(key, []string{flagRun, flagSince}), help: "what runs and operators did: -run 812 for one run, -run 812,815 to compare, -key user/1234 for an object"},
		{name: "report", function: functionSync, takes: []string{flagKinds}, csv: true, help: "what the administrators have to correct, with names and numbers; -format csv for a spreadsheet"},
		{name: "doctor", function: functionSync, help: "checks everything that a first plan needs, one line each with what to do"},
		{name: "status", function: functionSync, help: "the last run, what is mapped, what is not converged"},
		{name: "approve", function: functionSync, takes: with(hash, scope, audit), hashOrKey: true, writes: true, help: "let the held changes of a plan pass: -hash …, or of one object: -key …"},
		{name: "discard", function: functionSync, takes: with(hash, scope, audit), hashOrKey: true, help: "take an unused approval back: -hash …, or -key …"},
		{name: "release", function: functionSync, takes: with(key, audit), needs: key, writes: true, help: "end the quarantine of objects: -keys …"},
		{name: "link", function: functionSync, takes: with(key, []string{flagEXID}, audit), needs: with(key, []string{flagEXID}), writes: true, help: "bind a key to an EX Org object: -key … -exid …"},
		{name: "forget", function: functionSync, takes: with(key, audit), needs: key, writes: true, help: "drop the rows of keys: -keys …"},
		{name: "pause", function: functionSync, takes: with(scope, []string{flagUntil}, audit), needs: []string{flagNote}, writes: true, help: "stop every writer: all, kinds or keys, with a -note and an end: -until 06:00"},
		{name: actionResume, function: functionSync, takes: with(scope, hash, audit), writes: true, help: "shows the plan that would follow; with its -hash it goes on"},
		{name: "replay", function: functionReplay, takes: with(scope, []string{flagReason, flagMax, flagDryRun}), writes: true, help: "dead letters back to the queue"},
		{name: actionInvoke, writes: true, help: "any function with any event: invoke FUNCTION FILE"},
	}
}

func actionOf(name string) (action, error) {
	for _, a := range actions() {
		if a.name == name {
			return a, nil
		}
	}
	return action{}, misused("there is no action %q: use one of %s", name, actionNames())
}

func actionNames() string {
	var names []string
	for _, a := range actions() {
		names = append(names, a.name)
	}
	return strings.Join(names, ", ")
}

// usage is the help text.
func usage() string {
	var b strings.Builder
	b.WriteString("Usage: operate ACTION [flags]\n\nActions:\n")
	for _, a := range actions() {
		fmt.Fprintf(&b, "  %-8s %s\n", a.name, a.help)
	}
	b.WriteString("\nFlags (each may also stand in the environment, in capitals: STAGE, KEYS …, DRY for dry-run):\n")
	return b.String()
}
