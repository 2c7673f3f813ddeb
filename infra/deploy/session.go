package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"excs/infra/stages"
)

// session is a deployment that knows where it is and who calls.
type session struct {
	*deployment
	stage           stages.Stage
	account, region string
	yes             bool
	asked           *bufio.Reader
}

// open finds the place of the stage and shows it. Nothing is called that changes anything.
func (d *deployment) open(ctx context.Context) (*session, error) {
	name := d.getenv("STAGE")
	if name == "" {
		name = "dev"
	}
	yes, err := stages.Yes(d.getenv("YES"))
	if err != nil {
		return nil, usageError{err}
	}
	stage, err := stages.Read(d.dir, name)
	if err != nil {
		return nil, usageError{err}
	}
	if err := stage.Deployable(); err != nil {
		return nil, refusal{err}
	}
	s := &session{deployment: d, stage: stage, yes: yes, asked: bufio.NewReader(d.in)}
	if _, err := exec.LookPath("aws"); err != nil {
		return nil, errors.New("the aws CLI is missing: install it, then sign in (aws configure, or aws sso login)")
	}
	s.region, err = stage.RegionOf(d.getenv("REGION"), d.getenv, func() string {
		text, err := s.aws(ctx, "configure", "get", "region")
		if err != nil {
			return "" // a profile without a region is no fault
		}
		return strings.TrimSpace(string(text))
	})
	if err != nil {
		return nil, refusal{err}
	}
	text, err := s.aws(ctx, "sts", "get-caller-identity", "--output", "json")
	if err != nil {
		return nil, fmt.Errorf("%w. Sign in (aws configure, or aws sso login), or set AWS_PROFILE", err)
	}
	var who struct{ Account, Arn string }
	if err := json.Unmarshal(text, &who); err != nil || who.Account == "" {
		return nil, fmt.Errorf("aws sts get-caller-identity answers %q, which names no account", shorten(string(text)))
	}
	s.account = who.Account
	s.say("account %s, region %s, stage %s, as %s", s.account, s.region, stage.Name, who.Arn)
	if err := stage.CheckAccount(who.Account, who.Arn); err != nil {
		return nil, refusal{err}
	}
	if !strings.HasPrefix(who.Arn, "arn:aws:") {
		return nil, refused("%s is in another partition than aws (China, GovCloud): EXCS is not built for it", who.Arn)
	}
	return s, nil
}

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.out, format+"\n", args...) //nolint:errcheck // to the operator
}

// consent asks once; without a terminal only YES=1 is one.
func (s *session) consent(format string, args ...any) error {
	if s.yes {
		return nil
	}
	answer, err := s.ask(fmt.Sprintf(format, args...) + " [y/N]")
	if err != nil {
		return err
	}
	if answer != "y" && answer != "Y" && answer != "yes" {
		return refused("nothing was done")
	}
	return nil
}

// ask asks whatever YES says.
func (s *session) ask(question string) (string, error) {
	if !s.terminal {
		return "", refused("nobody can be asked here: %s", question)
	}
	s.say("%s", question)
	line, err := s.asked.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// environment is that of both CLIs: one account, one region, no pager.
func (s *session) environment() []string {
	env := append(os.Environ(), "AWS_PAGER=", "CDK_DISABLE_CLI_TELEMETRY=true", "NODE_NO_WARNINGS=1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20")
	if s.region != "" {
		env = append(env, "AWS_REGION="+s.region, "AWS_DEFAULT_REGION="+s.region)
	}
	return env
}

// run calls a program that speaks to the operator itself.
func (s *session) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the CDK CLI, or the AWS CLI; no shell is between
	cmd.Dir, cmd.Env = s.dir, s.environment()
	cmd.Stdout, cmd.Stderr = s.out, s.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", program, strings.Join(args[:min(2, len(args))], " "), err)
	}
	return nil
}

// awsError is what the AWS CLI said when it failed.
type awsError struct {
	call, text string
	err        error
}

func (e *awsError) Error() string {
	return "aws " + e.call + ": " + e.err.Error() + ": " + shorten(e.text)
}
func (e *awsError) Unwrap() error { return e.err }

// says tells whether the AWS CLI failed with any of these words.
func says(err error, words ...string) bool {
	failed, ok := errors.AsType[*awsError](err)
	if !ok {
		return false
	}
	for _, word := range words {
		if strings.Contains(failed.text, word) {
			return true
		}
	}
	return false
}

// aws calls the AWS CLI and returns its standard output.
func (s *session) aws(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "aws", args...) //nolint:gosec // the AWS CLI; no shell is between
	cmd.Dir, cmd.Env = s.dir, s.environment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, &awsError{strings.Join(args[:2], " "), errs.String(), err}
	}
	return out.Bytes(), nil
}

func shorten(text string) string {
	const most = 600
	line := strings.Join(strings.Fields(text), " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}
