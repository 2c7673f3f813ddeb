package stack_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"excs/infra/stack"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hashes are those of assets: they change with every change of a function.
var hashes = regexp.MustCompile(`[0-9a-f]{64}`)

// A change of the stack shows in review, permission by permission.
func TestGolden(t *testing.T) {
	for _, name := range []string{"dev", "everything"} {
		t.Run(name, func(t *testing.T) {
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, of(t, name).text, "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".template.json", hashes.ReplaceAll(append(pretty.Bytes(), '\n'), []byte("HASH")))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./infra/stack -update)", err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
		t.Errorf("testdata/%s is another (write it anew with: go test ./infra/stack -update): %s", name, d)
	}
}

// The reference names every setting.
func TestReference(t *testing.T) { golden(t, "stage.md", []byte(stack.Reference())) }

// The same settings and the same code give the same files, down to the byte.
func TestSynthesisIsReproducible(t *testing.T) {
	code := standIns(t)
	context := variants(t)["everything"]
	var first map[string]string
	for range 2 {
		app := newApp(t)
		if _, err := stack.New(app, parse(t, context), code); err != nil {
			t.Fatal(err)
		}
		files := tree(t, *app.Synth(nil).Directory())
		if first == nil {
			first = files
			continue
		}
		if d := cmp.Diff(first, files); d != "" {
			t.Error(d)
		}
	}
	for _, name := range []string{"excs-everything.template.json", "excs-everything.assets.json", "manifest.json"} {
		if first[name] == "" {
			t.Errorf("no %s among %v", name, slices.Sorted(maps.Keys(first)))
		}
	}
	var assets int
	for name := range first {
		if strings.HasPrefix(name, "asset.") {
			assets++
			if filepath.Base(name) != "bootstrap" {
				t.Errorf("an asset holds %s", name)
			}
		}
	}
	if assets != len(stack.FunctionNames()) {
		t.Errorf("%d assets", assets)
	}
}

// tree reads every file of a folder.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Two stacks in one account share no name, and a stack exports none.
func TestTwoStacksShareNoName(t *testing.T) {
	everything := variants(t)["everything"]["stages"].(map[string]any)["everything"]
	names := func(stage string) map[string]string {
		s := synth(t, "named "+stage, map[string]any{"stage": stage, "stages": map[string]any{stage: everything}})
		found := map[string]string{}
		for id, r := range s.Resources {
			for _, property := range nameProperties {
				if v := s.show(r.Properties[property]); v != "" && !shared(r.Type, property) {
					found[r.Type+" "+v] = id
				}
			}
		}
		if strings.Contains(string(s.text), `"Export"`) {
			t.Error("an output is exported: exports are one for the account")
		}
		return found
	}
	north, south := names("north"), names("south")
	if len(north) < 25 || len(north) != len(south) {
		t.Fatalf("%d and %d names: what are the names?", len(north), len(south))
	}
	for name := range north {
		if _, both := south[name]; both {
			t.Errorf("both have %s", name)
		}
		if !strings.Contains(name, "excs-north") {
			t.Errorf("%s does not begin with the stack's name", name)
		}
	}
}

// nameProperties are the properties that hold a physical name.
var nameProperties = []string{
	"TableName", "QueueName", "FunctionName", "LogGroupName", "Name", "TopicName", "RoleName", "AliasName", "RuleName", "GroupName", "DashboardName",
	"AlarmName", "DashboardBody",
}

// shared says that a property is no name of the stack's own: a reference to a function, the partner's own bus (there is one
// for an organisation), the schedules' group.
func shared(kind, property string) bool {
	switch kind {
	case "AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission", "AWS::Events::EventBus":
		return true
	case "AWS::Scheduler::Schedule":
		return property == "GroupName"
	default:
		return property == "DashboardBody"
	}
}

// What the Makefile and the operator's command read is there.
func TestOutputs(t *testing.T) {
	each(t, func(t *testing.T, s synthesized) {
		want := map[string]string{
			"Stack": s.stage.StackName(), "Dashboard": s.stage.StackName(), "Table": s.value(t, "EXCS_TABLE"), "WorkQueueUrl": s.value(t, "EXCS_QUEUE_URL"),
			"DeadLetterQueueUrl": s.value(t, "EXCS_DLQ_URL"), "SettingsParameter": strings.TrimPrefix(s.value(t, "EXCS_SETTINGS"), "ssm:"),
			"EngageSecret": s.secret(t, "engage"), "ExorgSecret": s.secret(t, "exorg"),
			"AlarmTopic": "${" + s.all("AWS::SNS::Topic")[0].id + "}",
		}
		if s.stage.ReadSecret {
			want["ExorgReadSecret"] = s.secret(t, "exorg-read")
		}
		if s.stage.WebhookURL {
			want["WebhookSecret"] = s.secret(t, "webhook")
			want["WebhookUrl"] = "${" + s.all("AWS::Lambda::Url")[0].id + ".FunctionUrl}"
		}
		got := map[string]string{}
		for name, o := range s.Outputs {
			got[name] = s.show(o.Value)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// A bill can be read by tenant and stage.
func TestTags(t *testing.T) {
	s := of(t, "everything")
	tagged := 0
	for id, r := range s.Resources {
		tags, ok := r.Properties["Tags"].([]any)
		if !ok {
			continue
		}
		tagged++
		got := map[string]string{}
		for _, tag := range tags {
			got[path(tag, "Key").(string)] = path(tag, "Value").(string)
		}
		for key, value := range map[string]string{"application": "excs", "stage": "everything", "tenant": "1", "costCentre": "4711"} {
			if got[key] != value {
				t.Errorf("%s: tag %s is %q", id, key, got[key])
			}
		}
	}
	if tagged < 20 {
		t.Errorf("%d resources have tags", tagged)
	}
}

// A stage that names account and region can be deployed nowhere else.
func TestBoundStage(t *testing.T) {
	app := newApp(t)
	build(t, app, parse(t, variants(t)["everything"]))
	at := app.Synth(nil).GetStackByName(jsii.String("excs-everything")).Environment()
	if *at.Account != "123456789012" || *at.Region != "eu-central-1" {
		t.Errorf("bound to %s %s", *at.Account, *at.Region)
	}
}

// A function that can not be bundled stops the synthesis and is named.
func TestBundlingFails(t *testing.T) {
	_, err := stack.New(newApp(t), parse(t, variants(t)["dev"]), func(function string) (string, error) {
		if function == "replay" {
			return "", errors.New("no compiler")
		}
		return standIns(t)(function)
	})
	if err == nil || err.Error() != "bundle the function replay: no compiler" {
		t.Errorf("error %v", err)
	}
}

// CloudFormation's own rules hold. W3005 is a dependency that CDK writes twice.
func TestCfnLint(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed: pip install cfn-lint==1.51.0")
	}
	args := []string{"-i", "W3005", "-t"}
	dir := t.TempDir()
	for name, context := range variants(t) {
		file := filepath.Join(dir, name+".template.json")
		if err := os.WriteFile(file, synth(t, name, context).text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if said, err := exec.CommandContext(t.Context(), lint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
