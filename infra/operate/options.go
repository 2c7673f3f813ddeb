package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"excs/infra/stages"
)

// The formats of an answer.
const (
	formatText     = "text"
	formatJSON     = "json"
	formatMarkdown = "markdown"
	formatCSV      = "csv"
)

const defaultStage = "dev"

// command is what was typed, understood.
type command struct {
	action
	stage, region string
	local, yes    bool
	format        string

	kinds, keys       []string
	hash, exID        string
	note, who, reason string
	until, since      string
	runs              []int64
	preset            string
	settings          []byte // the document, read from the file that was named
	max               int    // 0: not given
	dryRun            bool
	eventFile         string // of invoke
	withoutEffect     bool   // it only shows, although the action may write
}

// environmentName is the variable that stands in for a flag: make passes what follows its target in the environment, and
// no note has to survive a shell's quoting.
func environmentName(name string) string {
	if name == flagDryRun {
		return "DRY"
	}
	return strings.ToUpper(name)
}

// parse understands a command line and the environment.
func (c console) parse(args []string) (command, error) {
	if len(args) == 0 {
		c.help(c.err)
		return command{}, misused("no action is given")
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		c.help(c.out)
		return command{}, errHelp
	}
	a, err := actionOf(args[0])
	if err != nil {
		return command{}, err
	}
	t := typed{action: a}
	rest, err := c.read(&t, args[1:])
	if err != nil {
		return command{}, err
	}
	cmd, err := t.understand(rest)
	if err != nil {
		return command{}, err
	}
	return cmd, cmd.check()
}

// help writes the usage.
func (c console) help(to io.Writer) {
	flags, _ := c.flags(&typed{})
	fmt.Fprint(to, usage()) //nolint:errcheck // to the operator
	flags.SetOutput(to)
	flags.PrintDefaults()
}

// typed is a command line before anything is made of it.
type typed struct {
	action
	stage, region, format        string
	kinds, keys, key             string
	hash, exID, note, who, until string
	runs, since                  string
	settings, preset             string
	reason, max, dry, local, yes string
}

// flags are the flags of every action, and what each stands at before the command line is read: what the environment says.
func (c console) flags(t *typed) (*flag.FlagSet, map[string]*string) {
	f := flag.NewFlagSet("operate", flag.ContinueOnError)
	f.SetOutput(&strings.Builder{})
	values := map[string]*string{}
	text := func(to *string, name, otherwise, help string) {
		if v := c.getenv(environmentName(name)); v != "" {
			otherwise = v
		}
		f.StringVar(to, name, otherwise, help)
		values[name] = to
	}
	truth := func(to *string, name, help string) {
		*to = c.getenv(environmentName(name))
		f.BoolFunc(name, help, func(s string) error { *to = s; return nil })
		values[name] = to
	}
	text(&t.stage, "stage", defaultStage, "the stage: its stack is excs-STAGE")
	text(&t.region, "region", "", "the AWS region; otherwise AWS_REGION, AWS_DEFAULT_REGION or the profile's")
	text(&t.format, "format", formatText, "text, json or markdown; csv for report")
	truth(&t.local, "local", "the stack that make local keeps up on this machine")
	truth(&t.yes, "yes", "do not ask before writing")
	text(&t.kinds, flagKinds, "", "kinds, with commas between them")
	text(&t.keys, flagKeys, "", "keys, with commas between them: user/1234,queue/77")
	text(&t.key, "key", "", "one key more")
	text(&t.hash, flagHash, "", "the hash of a plan")
	text(&t.exID, flagEXID, "", "the id of an EX Org object")
	text(&t.note, flagNote, "", "why: it is audited")
	text(&t.who, flagWho, "", "who: it is audited; otherwise whoever the credentials are of")
	text(&t.until, flagUntil, "", "pause: when it ends by itself: 06:00, 2026-03-02T06:00:00Z, or never with a note")
	text(&t.settings, flagSettings, "", "plan: a file with settings of the tenant to plan under instead of the deployed ones")
	text(&t.preset, flagPreset, "", "plan: 2023-07 or current, to plan under the deployed settings with that preset")
	text(&t.runs, flagRun, "", "history: the number of a run, or two to compare: 812,815")
	text(&t.since, flagSince, "", "history: from when on: 7d, 2026-03-02 or 2026-03-02T06:00:00Z")
	text(&t.reason, flagReason, "", "replay: a part of the letters' reason, or its code")
	text(&t.max, flagMax, "", "replay: how many objects at most")
	truth(&t.dry, flagDryRun, "show what would be done, and do nothing")
	return f, values
}

// read reads the flags and refuses those that the action does not know: a sync whose hash was passed over would do more
// than was meant.
func (c console) read(t *typed, args []string) (rest []string, err error) {
	f, values := c.flags(t)
	// Flags may stand behind the arguments too, as in `invoke sync file -stage prod`.
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return nil, readFailed(err)
		}
		args = f.Args()
		for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	if err := c.whole(t.action, f, values); err != nil {
		return nil, err
	}
	if t.key != "" {
		values[flagKeys] = &t.key
	}
	return rest, c.allowed(t.action, f, values)
}

// allowed checks that the action has the flags that it needs and none that it does not know.
func (c console) allowed(a action, f *flag.FlagSet, values map[string]*string) error {
	for _, name := range []string{flagKinds, flagKeys, flagHash, flagEXID, flagNote, flagWho, flagUntil, flagSettings, flagPreset, flagRun, flagSince, flagReason, flagMax, flagDryRun} {
		if off := slices.Contains([]string{"", "0", "false"}, *values[name]); !off && !slices.Contains(a.takes, name) {
			return misused("%s takes no %s: leave it out%s", a.name, name, inEnvironment(c.getenv, name))
		}
	}
	for _, name := range a.needs {
		if strings.TrimSpace(*values[name]) == "" {
			return misused("%s needs -%s: %s", a.name, name, f.Lookup(name).Usage)
		}
	}
	if a.hashOrKey && strings.TrimSpace(*values[flagHash]) == "" && len(split(*values[flagKeys])) != 1 {
		return misused("%s needs -%s, %s, or a single -key", a.name, flagHash, f.Lookup(flagHash).Usage)
	}
	return nil
}

func readFailed(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return misused("run operate help for the actions and flags")
	}
	return misused("%s: run operate help for the flags", err)
}

// whole refuses a list of kinds or keys that is given and names nothing: a script that filled in nothing must not be taken
// to mean everything.
func (c console) whole(a action, f *flag.FlagSet, values map[string]*string) error {
	given := map[string]bool{}
	f.Visit(func(one *flag.Flag) { given[one.Name] = true })
	for _, name := range []string{flagKinds, flagKeys, "key"} {
		_, set := c.lookup(environmentName(name))
		if (given[name] || set) && len(split(*values[name])) == 0 {
			return misused("%s: %s is given and names nothing: name some, or leave it out%s", a.name, name, everything(a, name))
		}
	}
	return nil
}

// everything says what is meant where a list may be left out.
func everything(a action, name string) string {
	if a.hashOrKey {
		return " for all that the hash covers"
	}
	if slices.Contains(a.takes, flagKeys) && !slices.Contains(a.needs, flagKeys) || name == flagKinds && slices.Contains(a.takes, name) {
		return " for everything"
	}
	return ""
}

// inEnvironment names the variable that a value came from, which is easily overlooked.
func inEnvironment(getenv func(string) string, name string) string {
	if v := environmentName(name); getenv(v) != "" {
		return " (it stands in the environment as " + v + ")"
	}
	return ""
}

// stageName is what infra/stack takes as the name of a stage.
var stageName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,18}[a-z0-9]$`)

// understand makes a command of what was typed.
func (t typed) understand(rest []string) (command, error) {
	cmd := command{
		action: t.action, stage: t.stage, region: t.region, format: t.format,
		kinds: split(t.kinds), keys: append(split(t.keys), split(t.key)...),
		hash: strings.TrimSpace(t.hash), exID: strings.TrimSpace(t.exID), note: strings.TrimSpace(t.note), who: strings.TrimSpace(t.who), until: strings.TrimSpace(t.until), since: strings.TrimSpace(t.since), preset: strings.TrimSpace(t.preset), reason: t.reason,
	}
	for _, b := range []struct {
		name, text string
		to         *bool
	}{{"local", t.local, &cmd.local}, {flagDryRun, t.dry, &cmd.dryRun}} {
		v, err := truthOf(b.text)
		if err != nil {
			return cmd, misused("%s is %q: write 1 or 0", b.name, b.text)
		}
		*b.to = v
	}
	var err error
	if cmd.yes, err = stages.Yes(t.yes); err != nil {
		return cmd, misused("%s", err)
	}
	if cmd.settings, err = readSettings(t.settings); err != nil {
		return cmd, err
	}
	if cmd.runs, err = numbersOf(t.runs); err != nil {
		return cmd, err
	}
	if cmd.max, err = mostOf(t.max); err != nil {
		return cmd, err
	}
	if t.name != actionInvoke {
		if len(rest) > 0 {
			return cmd, misused("%s takes no argument %q: objects are named by -keys, kinds by -kinds", t.name, rest[0])
		}
		return cmd, nil
	}
	if len(rest) != 2 || rest[0] == "" || rest[1] == "" {
		return cmd, misused("invoke takes a function and a file: invoke sync events/sync-plan.json")
	}
	cmd.function, cmd.eventFile = rest[0], rest[1]
	return cmd, nil
}

func truthOf(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	return strconv.ParseBool(text)
}

// split cuts a list at commas and spaces.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// check looks at what every action has, and settles whether it writes.
func (cmd *command) check() error {
	if !stageName.MatchString(cmd.stage) {
		return misused("stage is %q: use 2 to 20 small letters, digits and dashes, a letter first", cmd.stage)
	}
	if !slices.Contains([]string{formatText, formatJSON, formatMarkdown}, cmd.format) && !(cmd.csv && cmd.format == formatCSV) {
		return misused("format is %q: use text, json or markdown%s", cmd.format, map[bool]string{true: ", or csv"}[cmd.csv])
	}
	cmd.withoutEffect = !cmd.writes || cmd.dryRun || cmd.name == actionResume && cmd.hash == ""
	return nil
}

// readSettings reads the file of settings that the operator names, nil where none is named.
func readSettings(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return nil, misused("the settings cannot be read: %s", err)
	}
	if !json.Valid(text) {
		return nil, misused("%s holds no JSON: give the tenant's settings, as under settings of the stage in cdk.json", path)
	}
	return text, nil
}

// numbersOf reads the numbers of runs.
func numbersOf(list string) ([]int64, error) {
	var numbers []int64
	for _, text := range split(list) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return nil, misused("run is %q: write the number of a run, as history shows it", text)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// mostOf reads how many at most; 0: nothing was given.
func mostOf(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, misused("max is %q: write a whole number from 1 on", text)
	}
	return n, nil
}
