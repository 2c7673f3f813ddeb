package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
)

// replayed is what is read of the answer to replay.
type replayed struct {
	Counts struct{ Letters, Moved, Left int }
}

// poison is an object that the EX Org refuses: it must not hold up the others, it must be among the dead letters with its
// reason, and a replay after the cause is gone must bring it home.
func (s *story) poison(ctx context.Context) error {
	agents := s.agents()
	sick, sound := agents[6].DBID, agents[7].DBID
	user, ok := s.scene.Org.UserByExternalID("engage", fmt.Sprint(sick))
	if !ok {
		return fmt.Errorf("there is no user of Person %d", sick)
	}
	fault := s.scene.Org.Fail(exorgtest.Fault{
		Method: http.MethodGet, Route: "/api/v2/users/{userId}", Path: user.ID, Status: http.StatusBadRequest, Code: "bad.request", Message: "The name is not to the taste of this organisation",
	})
	err := errors.Join(s.scene.Editor.RenamePerson(ctx, sick, "Rappaccinis", "Daughter"), s.scene.Editor.RenamePerson(ctx, sound, "Beatrice", "Sound"))
	if err != nil {
		return err
	}
	s.say("   The EX Org refuses every change of the user of Person %d; Engage renames it and Person %d.", sick, sound)
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.dead(ctx, sick, sound); err != nil {
		return err
	}
	if err := expect(fault.Struck() > 0, "the fault did not strike"); err != nil {
		return err
	}
	return s.revive(ctx, sick, fault)
}

// dead proves that the one object, and only it, is in quarantine and among the dead letters.
func (s *story) dead(ctx context.Context, sick, sound int64) error {
	other, _ := s.scene.Org.UserByExternalID("engage", fmt.Sprint(sound))
	if err := expect(other.Name == "Beatrice Sound", "the poisoned object held up another one, which is called %q", other.Name); err != nil {
		return err
	}
	waiting, inFlight, err := s.scene.Stack.Depth(ctx, "dead.fifo")
	if err != nil {
		return err
	}
	if err := expect(waiting == 1 && inFlight == 0, "%d and %d messages are dead letters, 1 was expected", waiting, inFlight); err != nil {
		return err
	}
	var st status
	if err := s.operate(map[string]any{"action": "status"}, &st); err != nil {
		return err
	}
	if err := expect(st.States[mapping.StateQuarantined] == 1, "status counts %v, one quarantined object was expected", st.States); err != nil {
		return err
	}
	bodies, err := s.scene.Stack.Peek(ctx, "dead.fifo")
	if err != nil {
		return err
	}
	var letter struct{ Key, Reason, Code string }
	if len(bodies) == 1 {
		if err := json.Unmarshal([]byte(bodies[0]), &letter); err != nil {
			return fmt.Errorf("read the dead letter: %w", err)
		}
	}
	s.say("   The other one is renamed. Dead letter: %s, %s: %.160s", letter.Key, letter.Code, letter.Reason)
	return expect(letter.Key == fmt.Sprintf("user/%d", sick) && letter.Reason != "", "the dead letter is %v", bodies)
}

// replayButton finds the widget's button that replays the letter of a user.
func (s *story) replayButton(sick int64) (button, error) {
	p, err := s.widget()
	if err != nil {
		return button{}, err
	}
	key := fmt.Sprintf("user/%d", sick)
	if err := expect(strings.Contains(p.html, key), "the widget does not show %s, which is in quarantine", key); err != nil {
		return button{}, err
	}
	for _, b := range p.buttons {
		if strings.HasSuffix(b.endpoint, "-replay") && b.payload["dryRun"] == nil {
			return b, nil
		}
	}
	return button{}, fmt.Errorf("the widget has no button that replays: %+v", p.buttons)
}

// revive takes the cause away and replays, as an operator does who looks at the dashboard.
func (s *story) revive(ctx context.Context, sick int64, fault *exorgtest.Armed) error {
	var dry replayed
	if err := s.invoke("replay", map[string]any{"dryRun": true}, &dry); err != nil {
		return err
	}
	if err := expect(dry.Counts.Letters == 1 && dry.Counts.Moved == 1, "a dry replay answers %+v", dry); err != nil {
		return err
	}
	replay, err := s.replayButton(sick)
	if err != nil {
		return err
	}
	fault.Disarm()
	answer, err := s.press(replay)
	if err != nil {
		return err
	}
	s.say("   The cause is taken away. The widget's button Replay asks %q and answers: %.120s", replay.confirmation, firstText(answer))
	if err := s.settle(ctx); err != nil {
		return err
	}
	waiting, inFlight, err := s.scene.Stack.Depth(ctx, "dead.fifo")
	if err != nil {
		return err
	}
	if err := expect(waiting+inFlight == 0, "%d dead letters are left after the replay", waiting+inFlight); err != nil {
		return err
	}
	s.say("   The letter is back on the queue and worked on; no letter is left.")
	return s.matches("after the replay")
}
