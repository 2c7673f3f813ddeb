package sim

import (
	"bytes"
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"excs/shared/exorg/exorgtest"
	"excs/shared/mapping"
	"excs/shared/rules"
)

// dependency is a system that EXCS calls.
type dependency string

const (
	dependsOnTable  dependency = "table"
	dependsOnQueue  dependency = "queue"
	dependsOnOrg    dependency = "org"
	dependsOnLogin  dependency = "login"
	dependsOnEngage dependency = "engage"
)

// call is one call of a twin: a turn is taken for each.
type call struct {
	on     dependency
	op     string
	what   string
	writes bool
	ofRun  bool // a run's or an operator's
}

func (c call) String() string { return string(c.on) + " " + c.op + " " + c.what }

// verdict is what becomes of a call. The zero verdict lets it do its work.
type verdict struct {
	die    bool // the caller ends here, and with it everything that runs for it
	dies   bool // the call does its work, and the caller ends with its next one
	table  mapping.Fault
	org    *exorgtest.Fault
	before error
	after  error
	slow   time.Duration // between the work and the answer
}

// actor is one invocation of a function. Its goroutines are known by their context.
type actor struct {
	number   int
	name     string
	process  string
	dead     bool
	ended    bool
	result   string
	settings rules.Settings
	cancel   context.CancelFunc
}

type actorKey struct{}

func actorOf(ctx context.Context) *actor {
	a, _ := ctx.Value(actorKey{}).(*actor)
	return a
}

// ticket is a goroutine that waits for its turn.
type ticket struct {
	who     *actor
	call    call
	routine uint64
	turn    chan verdict
}

// order is the same whatever the order of arrival was. Goroutines of one actor that make the same call are told apart by
// their numbers, which rise in the order in which their parent started them, because a life has one processor.
func (t *ticket) order(o *ticket) int {
	return cmp.Or(cmp.Compare(t.who.number, o.who.number), cmp.Compare(t.call.String(), o.call.String()), cmp.Compare(t.routine, o.routine))
}

// gate is where every call of a twin waits for its turn.
type gate struct {
	mu      sync.Mutex
	waiting []*ticket
	arrived chan struct{} // holds one when somebody came since it was last read
}

func newGate() *gate { return &gate{arrived: make(chan struct{}, 1)} }

// pass blocks until it is the caller's turn. Calls of nobody, which the simulation makes for itself, pass at once.
func (g *gate) pass(ctx context.Context, c call) verdict {
	who := actorOf(ctx)
	if who == nil {
		return verdict{}
	}
	t := &ticket{who: who, call: c, routine: routine(), turn: make(chan verdict)}
	g.mu.Lock()
	if who.dead {
		g.mu.Unlock()
		runtime.Goexit()
	}
	g.waiting = append(g.waiting, t)
	g.mu.Unlock()
	g.tell()
	v := <-t.turn
	if v.die {
		runtime.Goexit()
	}
	return v
}

// tell wakes the scheduler.
func (g *gate) tell() {
	select {
	case g.arrived <- struct{}{}:
	default:
	}
}

// all gives those who wait, in order.
func (g *gate) all() []*ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.SortFunc(g.waiting, (*ticket).order)
	return slices.Clone(g.waiting)
}

// release lets a goroutine go on.
func (g *gate) release(t *ticket, v verdict) {
	g.mu.Lock()
	if v.dies {
		t.who.dead = true
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(o *ticket) bool { return o == t })
	g.mu.Unlock()
	t.turn <- v
}

// kill ends every goroutine of the actor that waits here, and those that come later.
func (g *gate) kill(a *actor) {
	g.mu.Lock()
	a.dead = true
	g.mu.Unlock()
	for _, t := range g.all() {
		if t.who == a {
			g.release(t, verdict{die: true})
		}
	}
	a.cancel()
}

// routine gives the number of the calling goroutine.
func routine() uint64 {
	var buf [64]byte
	text := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
