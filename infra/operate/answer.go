package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"excs/shared/model"
	"excs/shared/plan"
)

// answer is what a function answered; failed says that it is an error.
type answer struct {
	body   []byte
	failed bool
}

// show writes the answer: texts as they are, JSON so that it can be read.
func (c console) show(cmd command, p place, a answer) error {
	if a.failed {
		return failureOf(cmd, p, a.body)
	}
	text, err := readable(cmd, a.body)
	if err != nil {
		return err
	}
	if cmd.format != formatJSON {
		text = plan.Typed(text, p.typed())
	}
	if _, err := fmt.Fprintln(c.out, harmless(strings.TrimRight(text, "\n"))); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

func readable(cmd command, body []byte) (string, error) {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text, nil
	}
	if cmd.function == functionReplay && cmd.name != actionInvoke && cmd.format != formatJSON {
		return replayed(body)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		return "", fmt.Errorf("the function answers %q, which is no JSON: %w", shorten(string(body)), err)
	}
	return pretty.String(), nil
}

// typed is how a command that is typed says where it goes.
func (p place) typed() string {
	if p.local {
		return "LOCAL=1"
	}
	return "STAGE=" + p.stage
}

// harmless shows what a terminal would act on instead of printing it (escape sequences, writing directions): names and
// reasons come from other systems.
func harmless(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\ufffd") {
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// functionError is an error that a function answered.
type functionError struct{ action, code, message, advice string }

func (e *functionError) Error() string {
	return fmt.Sprintf("%s failed (%s): %s\nWhat to do: %s", e.action, e.code, e.message, e.advice)
}

// status is the exit status for the function's code.
func (e *functionError) status() int {
	switch model.Code(e.code) {
	case model.CodeInvalid:
		return exitUsage
	case model.CodeDenied, model.CodeConflict, model.CodeStale:
		return exitRefused
	case model.CodeNotFound:
		return exitNotFound
	case model.CodeUnavailable, model.CodeThrottled:
		return exitUnavailable
	default:
		return exitFailed
	}
}

// failureOf reads what Lambda answers for a function that failed.
func failureOf(cmd command, p place, body []byte) error {
	var told struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(body, &told); err != nil || told.ErrorType+told.ErrorMessage == "" {
		told.ErrorType, told.ErrorMessage = "no code", shorten(string(body))
	}
	if told.ErrorType == "" {
		told.ErrorType = "no code"
	}
	return &functionError{action: cmd.name, code: told.ErrorType, message: plan.Typed(told.ErrorMessage, p.typed()), advice: advice(told.ErrorType, told.ErrorMessage, p)}
}

// advice says what an operator can do about an error. The codes are those of the core (model.Code); the others are Lambda's.
func advice(code, message string, p place) string {
	logs := "the log group /aws/lambda/" + p.function + " says more"
	known := map[model.Code]string{
		model.CodeInvalid:     "correct what the message names: the command, the settings (/" + p.stack + "/settings) or the secret.",
		model.CodeNotFound:    "check the key: make list shows what waits, make explain KEY=… one object.",
		model.CodeConflict:    "something else is under way or holds it: wait a minute and run the command again; make status shows the last run.",
		model.CodeStale:       "it changed in the meantime: look at the plan again (make plan) and use its hash.",
		model.CodeThrottled:   "the request budget of the EX Org or the table's rate is spent for now: wait a minute and run the command again.",
		model.CodeUnavailable: "a passing fault: run the command again. If it stays, " + logs + ".",
		model.CodeDenied: "credentials or permissions: check the secrets " + p.stack + "/engage and " + p.stack +
			"/exorg, and the OAuth client's roles (infra/RUNBOOK.md, \"Authentication failed\").",
		model.CodeAmbiguous: "a write may or may not have happened: look with make status or make explain KEY=… before running it again.",
		model.CodeInternal:  "a fault of EXCS itself: " + logs + ".",
	}
	if text, ok := known[model.Code(code)]; ok {
		return text
	}
	if strings.Contains(code, "Timedout") || strings.Contains(message, "timed out") {
		return "the function's time was over. Nothing is lost: the next run goes on where it stopped; make status shows where that is."
	}
	return "the function ended before it could answer: " + logs + "."
}
