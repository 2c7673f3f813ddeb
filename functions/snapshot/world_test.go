package main

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"excs/functions/internal/stage"
	"excs/shared/model"
)

func onStage(s *stage.Stage) *Handler {
	return &Handler{Runner: s.Runner, Log: slog.New(slog.DiscardHandler)}
}

// The samples start whole runs: the first sends a message per object, the next finds nothing to do.
func TestSamples(t *testing.T) {
	s, editor := stage.Tiny(t)
	h := onStage(s)
	first, err := h.Handle(t.Context(), stage.Sample(t, "snapshot-empty.json"))
	if err != nil {
		t.Fatal(err)
	}
	if first.Run == 0 || first.Sent == 0 || first.Sent != first.Changes || first.Held+first.Rejected > 0 {
		t.Errorf("first run %+v", first)
	}
	if work, _ := s.Messages(t); work != first.Sent {
		t.Errorf("%d messages on the queue, %d sent", work, first.Sent)
	}
	if n := s.Org.Totals().Writes; n > 0 {
		t.Errorf("a run wrote %d times to the EX Org: only apply may", n)
	}
	s.Converge(t)
	if err := editor.RenamePerson(t.Context(), editor.Site().Persons[0].DBID, "Ada", "Lovelace"); err != nil {
		t.Fatal(err)
	}
	second, err := h.Handle(t.Context(), stage.Sample(t, "snapshot-scheduler.json"))
	if err != nil || second.Changes != 1 || second.Sent != 1 || second.Run <= first.Run {
		t.Errorf("second run %+v, %v", second, err)
	}
	s.Converge(t)
	s.Reset()
	third, err := h.Handle(t.Context(), stage.Sample(t, "snapshot-scheduler.json"))
	if err != nil || third.Changes+third.Sent+third.Held != 0 || s.Org.Totals().Calls != 0 {
		t.Errorf("third run %+v, %v, %v", third, err, s.Org.Calls())
	}
}

// The Scheduler's sample is an EventBridge event as Lambda's own type has it, whole.
func TestSchedulerSampleRoundTrips(t *testing.T) {
	body := stage.Sample(t, "snapshot-scheduler.json")
	var event events.EventBridgeEvent
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&event); err != nil {
		t.Fatal(err)
	}
	if event.Source != "aws.scheduler" || event.DetailType != "Scheduled Event" || event.Time.IsZero() || len(event.Resources) != 1 {
		t.Errorf("event %+v", event)
	}
	stage.RoundTrips(t, "snapshot-scheduler.json", body, event)
}

// While another process runs, the schedule's invocation is skipped and writes nothing.
func TestSkippedWhileARunHoldsTheLease(t *testing.T) {
	s, _ := stage.Tiny(t)
	lease, err := s.Table.TakeLease(t.Context(), "somebody", s.Clock.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s.Reset()
	got, err := onStage(s).Handle(t.Context(), stage.Sample(t, "snapshot-empty.json"))
	if err != nil || !strings.Contains(got.Skipped, "somebody") || got.Run != 0 {
		t.Errorf("answer %+v, %v", got, err)
	}
	if work, _ := s.Messages(t); work+s.Rows(t)+s.Org.Totals().Writes > 0 || s.Org.Totals().Calls > 2 { // a new token, and whose it is
		t.Errorf("%d messages, %d rows, %d calls", work, s.Rows(t), s.Org.Totals().Calls)
	}
	if err := s.Table.ReleaseLease(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if got, err := onStage(s).Handle(t.Context(), stage.Sample(t, "snapshot-empty.json")); err != nil || got.Skipped != "" || got.Sent == 0 {
		t.Errorf("after the lease %+v, %v", got, err)
	}
}

// An Engage that can not be read is one clear line, and nothing is written but the lease and the note that the run failed.
func TestEngageFaults(t *testing.T) {
	for _, fault := range stage.Faults(t) {
		t.Run(fault.Name, func(t *testing.T) {
			s := stage.New(t, fault.Settings, fault.Read)
			s.Reset()
			_, err := onStage(s).Handle(t.Context(), stage.Sample(t, "snapshot-scheduler.json"))
			stage.Check(t, fault, err)
			if work, dead := s.Messages(t); work+dead+s.Rows(t)+stage.CallsBeyondIdentity(s.Org) > 0 {
				t.Errorf("%d messages, %d dead letters, %d rows, %d calls", work, dead, s.Rows(t), stage.CallsBeyondIdentity(s.Org))
			}
			writes := slices.DeleteFunc(s.TableWrites(), func(op string) bool { return strings.Contains(op, "Lease") || op == "PutDocument" || op == "PutEvent" })
			if len(writes) > 0 {
				t.Errorf("the table was written to: %v", writes)
			}
		})
	}
}

// Work that is due is put back on the queue although Engage can not be read.
func TestRequeuesWithoutEngage(t *testing.T) {
	_, reader := stage.SQLite(t, stage.Site())
	down := false
	read := stage.Breaking(reader, stage.Settings(), &down)
	s := stage.New(t, stage.Settings(), read)
	first, err := onStage(s).Handle(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.LoseMessages(t)
	down = true
	s.Clock.Pass(time.Hour)
	_, err = onStage(s).Handle(t.Context(), nil)
	if model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("error %v", err)
	}
	if work, _ := s.Messages(t); work != first.Sent {
		t.Errorf("%d messages are back on the queue, %d were lost", work, first.Sent)
	}
}
