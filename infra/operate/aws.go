package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"excs/infra/stages"
)

// readTimeout is how long the CLI waits for an answer, in seconds: a function may run for 900.
const readTimeout = "930"

// awsTarget invokes functions through the aws CLI, whose ways to sign in (profiles, single sign-on, roles) are those that
// an operator has set up already.
type awsTarget struct {
	cli cli
	at  place
}

// openAWS asks who and where we are. Nothing else is called before the operator has seen it.
func openAWS(ctx context.Context, cmd command, getenv func(string) string) (target, error) {
	path, err := exec.LookPath("aws")
	if err != nil {
		return nil, errors.New("the aws CLI is not found: install it, or use LOCAL=1 for the stack of make local")
	}
	stage, err := stageOf(cmd)
	if err != nil {
		return nil, err
	}
	c := cli{path: path}
	if c.region, err = stage.RegionOf(cmd.region, getenv, func() string { return c.profileRegion(ctx) }); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	text, err := c.run(ctx, "sts", "get-caller-identity", "--output", "json")
	if err != nil {
		return nil, fmt.Errorf("%w. Sign in, or name a profile with AWS_PROFILE", err)
	}
	var who struct{ Account, Arn string }
	if err := json.Unmarshal(text, &who); err != nil || who.Account == "" {
		return nil, fmt.Errorf("aws sts get-caller-identity answers %q, which names no account", shorten(string(text)))
	}
	if err := stage.CheckAccount(who.Account, who.Arn); err != nil {
		return nil, err
	}
	stack := stage.Stack()
	return &awsTarget{cli: c, at: place{
		account: who.Account, region: c.region, stage: cmd.stage, stack: stack, function: stack + "-" + cmd.function,
		caller: who.Arn[strings.LastIndex(who.Arn, "/")+1:],
	}}, nil
}

func (t *awsTarget) place() place { return t.at }

// invoke sends the payload as a file of bytes (fileb://), which both major versions of the CLI take as it is; a file of
// text would be read as base64 by version 2 and in the terminal's character set by version 1.
func (t *awsTarget) invoke(ctx context.Context, payload []byte) (a answer, err error) {
	dir, err := os.MkdirTemp("", "excs-operate-")
	if err != nil {
		return a, fmt.Errorf("make a folder for payload and answer: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, out := filepath.Join(dir, "payload.json"), filepath.Join(dir, "answer.json")
	if err := os.WriteFile(in, payload, 0o600); err != nil {
		return a, fmt.Errorf("write the payload: %w", err)
	}
	text, err := t.cli.run(ctx, "lambda", "invoke", "--function-name", t.at.function, "--payload", "fileb://"+in,
		"--cli-read-timeout", readTimeout, "--output", "json", out)
	if err != nil {
		return a, t.explain(err)
	}
	var told struct{ FunctionError string }
	if err := json.Unmarshal(text, &told); err != nil {
		return a, fmt.Errorf("aws lambda invoke answers %q, which is no JSON: %w", shorten(string(text)), err)
	}
	a.failed = told.FunctionError != ""
	if a.body, err = os.ReadFile(out); err != nil { //nolint:gosec // our own temporary file
		return a, fmt.Errorf("read the answer: %w", err)
	}
	return a, nil
}

// explain says what to do about a call that did not reach the function.
func (t *awsTarget) explain(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "ResourceNotFoundException"):
		return fmt.Errorf("%w. Is stage %s deployed in this account and region? make deploy STAGE=%s does it", err, t.at.stage, t.at.stage)
	case strings.Contains(text, "AccessDenied"):
		return fmt.Errorf("%w. The caller needs lambda:InvokeFunction on %s", err, t.at.function)
	default:
		return fmt.Errorf("%w. The function may have been started all the same: make status tells", err)
	}
}

// cli is the aws command.
type cli struct{ path, region string }

// stageOf reads where the stage belongs. An operator who works from a copy of the command alone has no cdk.json, or one of
// other stages: then nothing is known of the stage, and the shell decides.
func stageOf(cmd command) (stages.Stage, error) {
	stage, err := stages.Read(".", cmd.stage)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, stages.ErrUnknown) {
		return stages.Stage{Name: cmd.stage}, nil
	}
	return stage, err
}

// profileRegion is the region of the CLI's profile. Without one the CLI says nothing and fails: that is the answer.
func (c cli) profileRegion(ctx context.Context) string {
	text, err := c.run(ctx, "configure", "get", "region")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// run runs the CLI once and gives its standard output. Both variables of the region are set, because version 1 knows only
// the second; one attempt, because an invocation whose answer is lost must not be made twice; no pager, nobody would see it.
func (c cli) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, c.path, args...) //nolint:gosec // the CLI; no shell is between
	command.Env = append(os.Environ(), "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=")
	if c.region != "" {
		command.Env = append(command.Env, "AWS_REGION="+c.region, "AWS_DEFAULT_REGION="+c.region)
	}
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("aws %s %s: %w: %s", args[0], args[1], err, shorten(errs.String()))
	}
	return out.Bytes(), nil
}

// shorten makes one line of what another program said, of a length that can be read.
func shorten(text string) string {
	const most = 600
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}
