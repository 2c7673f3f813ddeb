// Command infra is the CDK app: it synthesizes the stack of one stage.
//
// The CDK CLI runs it by cdk.json; `CDK_OUTDIR=cdk.out go run ./infra` does the same without the CLI. Both are run in the
// folder of cdk.json. The stage is named by the context (`-c stage=prod`), default dev.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"golang.org/x/sync/errgroup"

	"excs/infra/stack"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "excs: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := readContext(os.Getenv)
	if err != nil {
		return err
	}
	// What is wrong with the settings is told before the slow start of CDK.
	stage, err := stack.Parse(settings.keys(), settings.value)
	if err != nil {
		return err
	}
	dirs, clean, err := compile(ctx, settings.bundles())
	if err != nil {
		return err
	}
	defer clean()
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{Context: (*map[string]any)(&settings), AnalyticsReporting: jsii.Bool(false), PerformanceReporting: jsii.Bool(false)})
	if _, err := stack.New(app, stage, func(function string) (string, error) { return dirs[function], nil }); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// settings is the CDK context: what stands in cdk.json, and over it what the CLI was given.
type settings map[string]any

// readContext reads the context as the CLI hands it over (CDK_CONTEXT_JSON, or a file when it is long), or cdk.json when
// there is no CLI.
func readContext(getenv func(string) string) (settings, error) {
	var file struct {
		Context settings `json:"context"`
	}
	text, err := os.ReadFile("cdk.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no cdk.json here: run this in the root of the repository")
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	all := file.Context
	if all == nil {
		all = settings{}
	}
	overlays := []string{getenv("CDK_CONTEXT_JSON")}
	if name := getenv("CONTEXT_OVERFLOW_LOCATION_ENV"); name != "" {
		long, err := os.ReadFile(name) //nolint:gosec // the CLI's own file
		if err != nil {
			return nil, fmt.Errorf("read the context that the CDK CLI wrote: %w", err)
		}
		overlays = append(overlays, string(long))
	}
	for _, overlay := range overlays {
		if overlay == "" {
			continue
		}
		if err := json.Unmarshal([]byte(overlay), &all); err != nil {
			return nil, fmt.Errorf("read the context of the CDK CLI: %w", err)
		}
	}
	return all, nil
}

func (s settings) keys() []string {
	var keys []string
	for k := range s {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (s settings) value(key string) any { return s[key] }

// bundles says whether the CLI wants the code: it names no stack when it only lists or destroys.
func (s settings) bundles() bool {
	wanted, given := s["aws:cdk:bundling-stacks"].([]any)
	return !given || len(wanted) > 0
}

// compile builds every function into a folder of its own, two at a time, and gives the folders. Where no code is wanted
// they are empty.
func compile(ctx context.Context, wanted bool) (dirs map[string]string, clean func(), err error) {
	out, err := os.MkdirTemp("", "excs-functions-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for the functions: %w", err)
	}
	clean = func() { _ = os.RemoveAll(out) }
	bundler := stack.Bundler{Root: ".", Out: out}
	names := stack.FunctionNames()
	built := make([]string, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for i, name := range names {
		group.Go(func() (err error) {
			if !wanted {
				built[i] = out
				return nil
			}
			built[i], err = bundler.Build(ctx, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		clean()
		return nil, nil, err
	}
	dirs = map[string]string{}
	for i, name := range names {
		dirs[name] = built[i]
	}
	return dirs, clean, nil
}
