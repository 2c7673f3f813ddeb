package main

import (
	"slices"
	"strings"
	"testing"

	"excs/functions/internal/stage"
	"excs/shared/engage/engagetest"
	"excs/shared/excstest"
	"excs/shared/model"
	"excs/shared/wiring"
)

// An Engage that can not be read is one clear line under the right code. A plan writes nothing; a sync writes nothing but
// the lease and the note that it failed, which the alarm counts.
func TestEngageFaults(t *testing.T) {
	for _, fault := range stage.Faults(t) {
		t.Run(fault.Name, func(t *testing.T) {
			s := stage.New(t, fault.Settings, fault.Read)
			h := onStage(s)
			for _, action := range []string{"plan", "sync"} {
				s.Reset()
				_, err := ask(t, h, `{"action":"`+action+`"}`)
				stage.Check(t, fault, err)
				if err != nil && !strings.HasPrefix(err.Error(), action+": ") {
					t.Errorf("the error does not name the action: %v", err)
				}
				if n := stage.CallsBeyondIdentity(s.Org); n > 0 {
					t.Errorf("%s made %d calls to the EX Org", action, n)
				}
				if work, dead := s.Messages(t); work+dead+s.Rows(t) > 0 {
					t.Errorf("%s left %d messages, %d dead letters, %d rows", action, work, dead, s.Rows(t))
				}
				writes := s.TableWrites()
				if action == "sync" {
					writes = slices.DeleteFunc(writes, func(op string) bool { return strings.Contains(op, "Lease") || op == "PutDocument" || op == "PutEvent" })
				}
				if len(writes) > 0 {
					t.Errorf("%s wrote %v to the table", action, writes)
				}
			}
			text := must(t, h, `{"action":"status","format":"text"}`)
			if !strings.Contains(text, "1 runs in a row could not read it: ") {
				t.Errorf("status does not tell:\n%s", text)
			}
		})
	}
}

// Refused credentials of the EX Org are one clear line, and nothing is written.
func TestExorgRefusesThePlan(t *testing.T) {
	const wrong = "wr0ng-secret"
	_, reader := stage.SQLite(t, engagetest.New(engagetest.Tiny, 1))
	s := stage.New(t, stage.Settings(), wiring.ReadFor(reader, stage.Settings()), func(c *excstest.Config) { c.Secret = stage.Secret(wrong) })
	for _, action := range []string{"plan", "sync"} {
		s.Reset()
		_, err := ask(t, onStage(s), `{"action":"`+action+`"}`)
		if model.CodeOf(err) != model.CodeDenied || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "EX Org") {
			t.Errorf("error %v of code %s", err, model.CodeOf(err))
		}
		if n := s.Org.Totals().Writes; n > 0 || s.Rows(t) > 0 {
			t.Errorf("%d writes, %d rows", n, s.Rows(t))
		}
	}
}
