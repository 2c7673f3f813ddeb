package scene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"excs/shared/awstest"
)

// stage is the stage of cdk.json that is meant for this machine; StackName is that of its stack.
const (
	stage     = "local"
	StackName = "excs-" + stage
)

// Overrides are put over the stage in cdk.json.
type Overrides struct {
	// Settings of the tenant, key by key.
	Settings map[string]any
	// EventSource is the name of the partner event source, as the EX Org has it; "": that of cdk.json.
	EventSource string
}

// Synthesize gives the template of the stage "local". No function is compiled for it: those that run are compiled for this
// machine. Errors are those of the app, which says what is missing.
func Synthesize(ctx context.Context, root string, over Overrides) ([]byte, error) {
	context, err := contextOf(root, over)
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "excs-synth-")
	if err != nil {
		return nil, fmt.Errorf("synthesize: %w", err)
	}
	defer func() { _ = os.RemoveAll(out) }()
	cmd := awstest.Tool(ctx, "go", "run", "./infra")
	cmd.Dir = root
	cmd.Env = append(withoutAWS(os.Environ()),
		"CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+string(context), "NODE_NO_WARNINGS=1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20,22")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("synthesize: %w\n%s", err, said)
	}
	return os.ReadFile(filepath.Join(out, StackName+".template.json")) //nolint:gosec // a folder of our own
}

// withoutAWS leaves out what would lead to the developer's account.
func withoutAWS(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool { return strings.HasPrefix(e, "AWS_") || strings.HasPrefix(e, "CDK_") })
}

// contextOf makes the CDK context: the stage of cdk.json with what is put over it, and no bundling.
func contextOf(root string, over Overrides) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "cdk.json")) //nolint:gosec // the module's own file
	if err != nil {
		return nil, fmt.Errorf("synthesize: %w", err)
	}
	var file struct {
		Context struct {
			Stages map[string]map[string]any
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("synthesize: read cdk.json: %w", err)
	}
	own := file.Context.Stages[stage]
	if own == nil {
		return nil, errors.New("synthesize: cdk.json has no stage " + stage)
	}
	own["settings"] = laid(own["settings"], over.Settings)
	if over.EventSource != "" {
		own["webhook"] = laid(own["webhook"], map[string]any{"eventSource": over.EventSource})
	}
	return json.Marshal(map[string]any{"stage": stage, "stages": map[string]any{stage: own}, "aws:cdk:bundling-stacks": []string{}})
}

// laid puts keys over those of an object.
func laid(under any, over map[string]any) map[string]any {
	merged := map[string]any{}
	if given, ok := under.(map[string]any); ok {
		maps.Copy(merged, given)
	}
	maps.Copy(merged, over)
	return merged
}

// Functions lists the functions of the module: the folders below functions/ that have a program.
func Functions(root string) ([]string, error) {
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil || len(mains) == 0 {
		return nil, fmt.Errorf("find the functions: there is none below %s", filepath.Join(root, "functions"))
	}
	var names []string
	for _, path := range mains {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names, nil
}

// Root finds the folder of the module that the working directory is in.
func Root() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "cdk.json")); err == nil {
			return at, nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", errors.New("find the module: no cdk.json in or above the working directory")
		}
		at = above
	}
}
