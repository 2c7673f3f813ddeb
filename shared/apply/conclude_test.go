package apply_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/queue"
	"excs/shared/rules"
)

func throttling(after time.Duration, times int) exorgtest.Fault {
	return exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/wrapupcodes", Status: http.StatusTooManyRequests, RetryAfter: after, Times: times}
}

// A short Retry-After hands the message back for that time; nobody sends another one meanwhile.
func TestAShortWaitHandsTheMessageBack(t *testing.T) {
	in(t, func(b *bench) {
		b.watch = true
		b.org.Fail(throttling(20*time.Second, 1))
		b.want(code(1, "Sold"))
		batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), 10, 0))
		a := b.answer(b.worker, batch)[0]
		if !a.Failed || a.Again != 20*time.Second {
			b.Fatalf("answer %+v", a)
		}
		row := b.row(code(1, "").Key)
		b.same("attempts", row.Attempts, 0)
		if row.Queued == nil || row.Queued.Token != batch[0].Token {
			b.Errorf("the mark is %v, so that a run would send another message", row.Queued)
		}
		b.requeue()
		waiting, flying, _ := b.work.Depth(b.Context())
		b.same("messages", waiting+flying, 1)
		time.Sleep(21 * time.Second)
		b.drain()
		b.state(code(1, "").Key, mapping.StateConverged)
	})
}

// A longer one is written on the row, and the message is done. No attempt is counted.
func TestALongWaitIsWrittenOnTheRow(t *testing.T) {
	in(t, func(b *bench) {
		b.watch = true
		b.org.Fail(throttling(5*time.Minute, 1))
		b.want(code(1, "Sold"))
		b.drain()
		row := b.state(code(1, "").Key, mapping.StateWaiting)
		b.same("wait", time.Until(row.WaitUntil).Round(time.Second), 5*time.Minute)
		b.same("attempts", row.Attempts, 0)
		waiting, flying, _ := b.work.Depth(b.Context())
		b.same("messages", waiting+flying, 0)
		b.minutes(3)
		b.look(code(1, "").Key, model.CauseDrift)
		b.same("calls while it waits", b.org.Calls()["POST /api/v2/routing/wrapupcodes"], 1)
		b.settle()
		b.state(code(1, "").Key, mapping.StateConverged)
	})
}

// A message is handed back a few times only: the queue's limit of receives is for crashes, and a long load would use it up.
func TestAMessageIsNotHandedBackForever(t *testing.T) {
	in(t, func(b *bench) {
		b.watch = true
		b.org.Fail(throttling(10*time.Second, 12))
		b.want(code(1, "Sold"))
		most := 0
		for range 30 {
			batch := must[[]queue.Received](b)(b.work.Receive(b.Context(), 10, 0))
			for _, r := range batch {
				most = max(most, r.Count)
			}
			b.answer(b.worker, batch)
			time.Sleep(11 * time.Second)
			b.requeue()
		}
		b.state(code(1, "").Key, mapping.StateConverged)
		if most > 8 {
			b.Errorf("a message was received %d times", most)
		}
		b.same("letters", len(b.letters()), 0)
	})
}

// Attempts back off and are spent; then the object is in quarantine with one dead letter that says why, and it is left
// alone until an operator or a new desired state releases it. Others are not held up.
func TestAttemptsAreSpent(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "First"))
		f := b.org.Fail(exorgtest.Fault{Method: http.MethodPut, Body: "Bad", Status: http.StatusConflict})
		b.want(code(1, "Bad"), code(2, "Good"))
		b.drain()
		b.state(code(2, "").Key, mapping.StateConverged)
		row := b.state(code(1, "").Key, mapping.StateWaiting)
		for _, wait := range []time.Duration{5, 10, 20, 40, 80, 160, 320} {
			row = b.state(code(1, "").Key, mapping.StateWaiting)
			b.same("wait", time.Until(row.WaitUntil).Round(time.Second), wait*time.Second)
			time.Sleep(time.Until(row.WaitUntil))
			b.requeue()
			b.drain()
		}
		row = b.state(code(1, "").Key, mapping.StateQuarantined)
		b.same("attempts", row.Attempts, b.settings.Attempts)
		struck := f.Struck()
		if !strings.Contains(row.Reason, "8 tries failed") || !strings.Contains(row.Reason, "409") {
			b.Errorf("reason %q", row.Reason)
		}
		letters := b.letters()
		if len(letters) != 1 || letters[0].Key != code(1, "").Key || letters[0].Reason != row.Reason || letters[0].Attempts != 8 || letters[0].Version != row.Version {
			b.Fatalf("letters %+v", letters)
		}
		b.look(code(1, "").Key, model.CauseDrift)
		b.minutes(60)
		b.same("tries after the quarantine", f.Struck(), struck)
		b.org.Heal()
		b.have(code(1, "Better"))
		b.quiet()
	})
}

// A failure counts from the start again after a success.
func TestASuccessClearsTheAttempts(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Fail(fault500(http.MethodPost, "/api/v2/routing/wrapupcodes", 5))
		b.have(code(1, "Sold"))
		row := b.row(code(1, "").Key)
		if row.Attempts != 0 || row.LastError != "" || row.Reason != "" {
			b.Errorf("the row keeps %d attempts, error %q, reason %q", row.Attempts, row.LastError, row.Reason)
		}
	})
}

// 403 is the role's fault and final: the text says what to grant. 401 is nobody's: rows wait, none is quarantined.
func TestRefusedPermissionsAndCredentials(t *testing.T) {
	in(t, func(b *bench) {
		b.org.Deny(exorgtest.DefaultClientID, "routing:wrapupCode:add")
		b.want(code(1, "Sold"))
		b.settle()
		row := b.state(code(1, "").Key, mapping.StateQuarantined)
		if !strings.Contains(row.Reason, "routing:wrapupCode:add") {
			b.Errorf("reason %q", row.Reason)
		}
		b.same("letters", len(b.letters()), 1)

		f := b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/skills", Status: http.StatusUnauthorized})
		b.want(skill(1, "Billing"))
		b.minutes(30)
		row = b.state(skill(1, "").Key, mapping.StateWaiting)
		if row.Attempts != 0 || !strings.Contains(row.Reason, "EX Org secret") || f.Struck() > 20 {
			b.Errorf("%d attempts, reason %q, %d calls in half an hour", row.Attempts, row.Reason, f.Struck())
		}
		b.org.Heal()
		b.settle()
		b.state(skill(1, "").Key, mapping.StateConverged)
		b.same("letters", len(b.letters()), 0)
	})
}

// The letter is sent before the row says so: if the row can not be written the same letter is sent again, and the queue
// drops it, so that there is exactly one.
func TestThereIsExactlyOneDeadLetter(t *testing.T) {
	for name, fault := range map[string]mapping.Fault{"the row is not written": mapping.FaultBefore, "its answer is lost": mapping.FaultAfter} {
		t.Run(name, func(t *testing.T) {
			in(t, func(b *bench) {
				b.have(code(1, "Sold"))
				b.org.Fail(exorgtest.Fault{Method: http.MethodPut, Route: "/api/v2/routing/wrapupcodes/{codeId}", Status: http.StatusForbidden})
				b.want(code(1, "Bought"))
				hit := false
				b.table.SetFault(func(op string) mapping.Fault {
					if op == "Record" && !hit {
						hit = true
						return fault
					}
					return mapping.FaultNone
				})
				b.drain()
				time.Sleep(40 * time.Second)
				b.settle()
				b.state(code(1, "").Key, mapping.StateQuarantined)
				b.same("letters", len(b.letters()), 1)
			})
		})
	}
	t.Run("the letter can not be sent", func(t *testing.T) {
		in(t, func(b *bench) {
			b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/routing/wrapupcodes", Status: http.StatusForbidden})
			b.want(code(1, "Sold"))
			b.deadErr = func(op string) error {
				if op == "send" {
					return model.Errorf(model.CodeUnavailable, "send", "on demand")
				}
				return nil
			}
			b.drain()
			b.same("state without a letter", b.row(code(1, "").Key).State, mapping.StatePending)
			b.deadErr = nil
			time.Sleep(40 * time.Second)
			b.settle()
			b.state(code(1, "").Key, mapping.StateQuarantined)
			b.same("letters", len(b.letters()), 1)
		})
	})
}

// Nothing of a person but the key is in a log line; the history may hold it.
func TestLogsHoldNoPersonalData(t *testing.T) {
	in(t, func(b *bench) {
		skillsThere(b)
		o := user(11, "Ann Secretname", level(billing(), 35))
		o.Email = "ann.secret@example.org"
		b.addUser("Other Secretname", "taken.secret@example.org")
		b.have(o)
		o.Name = "Anna Secretname"
		b.have(o)
		b.ok(b.org.DeleteUser(b.exID(o)))
		b.drift(o.Key)
		o.Email = "taken.secret@example.org"
		b.want(o)
		b.settle()
		b.state(o.Key, mapping.StateWaiting)
		held := user(12, "Held Secretname")
		held.Email = "held.secret@example.org"
		b.addUser("Zoe Secretname", "held.secret@example.org")
		b.want(held)
		b.settle()
		b.state(held.Key, mapping.StateHeld)
		b.org.Fail(exorgtest.Fault{Method: http.MethodPost, Route: "/api/v2/users", Status: http.StatusBadRequest, Message: "bad.secret@example.org of Bad Secretname is refused"})
		bad := user(13, "Bad Secretname")
		bad.Email = "bad.secret@example.org"
		b.want(bad)
		b.settle()
		text := b.log.String()
		if !strings.Contains(text, "user/11") || !strings.Contains(text, "user/13") {
			b.Error("the log does not tell of the objects")
		}
		letters := fmt.Sprintf("%+v", b.letters())
		for _, secret := range []string{"Secretname", ".secret", "example.org"} {
			if strings.Contains(text, secret) || strings.Contains(letters, secret) {
				b.Errorf("%q is in the log or in a dead letter", secret)
			}
		}
		h := b.row(o.Key).History
		if !strings.Contains(fmt.Sprintf("%+v", h), "Anna Secretname") {
			b.Errorf("the history does not tell the values: %+v", h)
		}
	})
}

// A table that fails is no object's fault: no attempt is counted, and the message comes back.
func TestATableThatFailsCostsNoAttempt(t *testing.T) {
	in(t, func(b *bench) {
		b.want(code(1, "Sold"))
		n := 0
		b.table.SetFault(func(op string) mapping.Fault {
			if op == "Own" {
				if n++; n < 4 {
					return mapping.FaultBefore
				}
			}
			return mapping.FaultNone
		})
		for range 6 {
			b.drain()
			b.same("attempts", b.row(code(1, "").Key).Attempts, 0)
			time.Sleep(31 * time.Second)
		}
		b.settle()
		b.state(code(1, "").Key, mapping.StateConverged)
		b.same("failures", n, 4)
		b.onlyOne(code(1, ""))
	})
}

// A week-old or doubled message of a change in Engage that is done costs no call; a replayed one has the object looked at.
func TestADoneChangeIsNotDoneAgain(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "Sold"))
		b.org.ResetCounters()
		for _, cause := range []model.Cause{model.CauseEngage, model.CauseRequeue, model.CauseApproval} {
			b.look(code(1, "").Key, cause)
		}
		b.same("calls", len(b.calls()), 0)
		b.look(code(1, "").Key, model.CauseReplay)
		b.same("calls", b.calls(), []string{"GET /api/v2/routing/wrapupcodes/{codeId}"})
		b.same("unknown key", b.look(code(9, "").Key, model.CauseReplay), struct {
			State  mapping.State
			Again  time.Duration
			Action model.Action
		}{})
	})
}

// What people change goes before drift and bulk work: the rank follows the cause for every call of a look.
func TestDriftStandsBack(t *testing.T) {
	in(t, func(b *bench) {
		b.have(code(1, "Sold"))
		ranks := b.ranks()
		b.look(code(1, "").Key, model.CauseDrift)
		b.same("rank of drift", ranks(), "[1]")
		b.look(code(1, "").Key, model.CauseManual)
		b.same("rank of an operator's wish", ranks(), "[0]")
		b.have(user(5, "Ann"))
		b.same("ranks of a new user", ranks(), "[0]")
		b.set(func(*rules.Settings) {})
	})
}
