package run_test

import (
	"fmt"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/mapping"
	"excs/shared/rules"
)

// A Person is hired anew, and the worker has not taken the user over when the next run finds the new Person with a row and the old one gone; or the
// run that told of it died before its end. Whenever the worker comes, the user goes on as the new Person's: it is not deactivated on the old
// one's account, and nobody waits for ever.
func TestATakeoverThatIsLate(t *testing.T) {
	t.Parallel()
	for _, preset := range rules.Presets() {
		for n, worked := range []string{"not worked on", "owned and not recorded", "worked on", "not worked on", "owned and not recorded", "worked on"} {
			dies := n < 3
			t.Run(fmt.Sprintf("%s, %s, the run died %v", preset, worked, dies), func(t *testing.T) {
				t.Parallel()
				h := lot{preset: preset}.build(t).settled()
				id := h.user(mail("Ann")).ID
				ann := h.person("Ann")
				h.do(h.Fire(h.ctx, ann.DBID))
				_, err := h.Rehire(h.ctx, ann, engagetest.SameEmployee)
				h.do(err)
				if dies {
					h.Table.SetFault(func(op string) mapping.Fault {
						waiting, inFlight, err := h.Work.Depth(h.ctx)
						if op == "PutIndex" && err == nil && waiting+inFlight > 0 { // the marks are written before the rows, the fingerprints after the messages
							return mapping.FaultBefore
						}
						return mapping.FaultNone
					})
				}
				if _, err := h.Service.Sync(h.ctx); (err != nil) != dies {
					t.Fatalf("the run: %v", err)
				}
				h.Table.SetFault(nil)
				switch worked {
				case "owned and not recorded":
					h.Table.SetFault(func(op string) mapping.Fault {
						if op == "Record" || op == "Forget" {
							return mapping.FaultBefore
						}
						return mapping.FaultNone
					})
					_, _ = h.Drain(h.ctx, nil) // the worker dies
					h.Table.SetFault(nil)
				case "worked on":
					_, err := h.Drain(h.ctx, nil)
					h.do(err)
				}
				h.pass(2 * time.Minute)
				h.sync()
				h.busy(25)
				u := h.user(mail("Ann"))
				if u.ID != id || u.State != "active" {
					t.Errorf("the user is %s %s, it was %s", u.ID, u.State, id)
				}
				h.wantNone(mapping.StateWaiting, mapping.StatePending, mapping.StateQuarantined)
				h.equal()
				h.quiet(3)
			})
		}
	}
}
