package listen_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/notice"
	"excs/shared/queue"
)

// service is what goes on around a listener: one worker at a time on the object, and the schedule.
type service struct {
	*house
	last  time.Time // the last notice
	looks []time.Time
	// loaded is the version of the look that is at work, 0 for none.
	loaded int64
	seen   time.Time // when that look began
}

// startLook takes the message, if there is one, and the row as it is.
func (s *service) startLook() {
	if s.loaded != 0 || len(s.take()) == 0 {
		return
	}
	s.observe()
}

func (s *service) observe() {
	row := s.get(ada)
	if row.State == mapping.StateWaiting && s.now.Before(row.WaitUntil) {
		s.loaded = 0
		return
	}
	s.loaded, s.seen = row.Version, s.now
}

// endLook records what the look found; a version that moved on is looked at again.
func (s *service) endLook() {
	if s.loaded == 0 {
		return
	}
	_, err := s.mem.Record(s.tb.Context(), mapping.Outcome{Key: ada, Version: s.loaded, State: mapping.StateConverged}, s.now)
	s.looks = append(s.looks, s.seen)
	s.loaded = 0
	if model.CodeOf(err) == model.CodeStale {
		s.observe()
	}
}

// schedule puts a row that is due on the queue, as every run does.
func (s *service) schedule() {
	row := s.get(ada)
	due := row.State == mapping.StatePending || row.State == mapping.StateWaiting && !s.now.Before(row.WaitUntil)
	if !due {
		return
	}
	token := s.newToken()
	if ok, err := s.mem.MarkQueued(s.tb.Context(), ada, token, s.now, 10*time.Minute); err != nil || !ok {
		return
	}
	if err := s.work.Send(s.tb.Context(), []queue.Message{{Key: ada, Version: row.Version, Token: token, Cause: model.CauseRequeue}}); err != nil {
		s.tb.Fatal(err)
	}
}

// Whatever order notices, looks and runs come in, the last change is looked at: some look begins when or after the last
// notice was heard. And a minute of notices, however many, costs a few looks.
func TestLastChangeIsNeverMissed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := &service{house: newHouse(t)}
		s.row(ada, "u-1")
		listeners := []func(notice.Notice){
			func(n notice.Notice) { s.hear(n) },
		}
		if rapid.Bool().Draw(r, "two processes") {
			other := s.another()
			listeners = append(listeners, func(n notice.Notice) {
				if _, err := other.Hear(t.Context(), []notice.Notice{n}); err != nil {
					t.Fatal(err)
				}
			})
		}
		// The worker may take its steps in the middle of the listener's, too.
		s.table.before = func(op string) {
			if op == "Record" && s.get(ada).State == mapping.StatePending {
				return // see doc.go: the one gap of some milliseconds
			}
			switch rapid.IntRange(0, 5).Draw(r, "meanwhile") {
			case 0:
				s.startLook()
			case 1:
				s.endLook()
			}
		}
		steps := rapid.IntRange(1, 60).Draw(r, "steps")
		for range steps {
			switch rapid.IntRange(0, 6).Draw(r, "step") {
			case 0, 1, 2:
				n := drift(model.KindUser, "u-1")
				if rapid.Bool().Draw(r, "deleted") {
					n = deletion(model.KindUser, "u-1")
				}
				s.last = s.now
				rapid.SampledFrom(listeners).Draw(r, "listener")(n)
			case 3:
				s.startLook()
			case 4:
				s.endLook()
			case 5:
				s.schedule()
			case 6:
				s.pass(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second)
			}
		}
		s.table.before = func(string) {}
		for range 3 { // the world comes to rest
			s.endLook()
			s.endLook()
			s.pass(time.Minute + 5*time.Second)
			s.schedule()
			s.startLook()
		}
		s.endLook()
		if s.last.IsZero() {
			return
		}
		covered := false
		for _, at := range s.looks {
			covered = covered || !at.Before(s.last)
		}
		if !covered {
			r.Fatalf("the last notice came at %s, the looks began at %v, the row is %s", s.last, s.looks, s.get(ada).State)
		}
		if row := s.get(ada); row.State != mapping.StateConverged || row.Queued != nil || s.depth() != 0 {
			r.Fatalf("not at rest: %s, queued %v, %d messages", row.State, row.Queued, s.depth())
		}
	})
}

// A quick worker and a notice every second for ten minutes: about two looks a minute.
func TestLooksAreFew(t *testing.T) {
	s := &service{house: newHouse(t)}
	s.row(ada, "u-1")
	for second := range 600 {
		s.hear(drift(model.KindUser, "u-1"))
		s.startLook()
		s.endLook()
		if second%60 == 0 {
			s.schedule()
		}
		s.pass(time.Second)
	}
	if n := len(s.looks); n < 10 || n > 21 {
		t.Errorf("%d looks in ten minutes", n)
	}
}
