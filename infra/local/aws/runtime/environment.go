package runtime

import (
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"excs/shared/awstest"
)

// environment is one process of a function, which works on one invocation at a time.
type environment struct {
	f       *Function
	name    string
	version int // of the configuration that it was started with
	child   *awstest.Child
	lines   *splitter
	init    time.Duration
	most    int64 // of what was seen resident, in bytes

	// asked tells that the process asks for work, calls hands it some, gone is closed when the process was ended.
	asked chan struct{}
	calls chan *call
	gone  chan struct{}
	once  sync.Once

	mu     sync.Mutex
	frozen bool
	// call is the invocation that the process works on.
	call *call
	// initError is what the process posted as its failure to start.
	initError []byte
}

// call is one invocation on its way through a process.
type call struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   *Result // nil until it was posted
	at       time.Time
}

// start starts a process and waits until it asks for work.
func (f *Function) start(id string) (*environment, Result) {
	e := &environment{f: f, asked: make(chan struct{}, 1), calls: make(chan *call), gone: make(chan struct{}), lines: &splitter{line: f.line}}
	if err := f.host.add(e); err != nil {
		return nil, failed(id, TypeExit, "%v", err)
	}
	f.mu.Lock()
	env := f.env
	e.version = f.version
	f.mu.Unlock()
	cmd := exec.Command(f.cfg.Program) //nolint:gosec,noctx // the function; the host ends it
	cmd.Dir = filepath.Dir(f.cfg.Program)
	cmd.Env = append(append([]string{}, env...), "AWS_LAMBDA_RUNTIME_API="+f.host.address+"/"+e.name)
	cmd.Stdout, cmd.Stderr = e.lines, e.lines
	cmd.WaitDelay = time.Second
	began := time.Now()
	child, err := awstest.StartChild(cmd)
	if err != nil {
		f.host.remove(e)
		return nil, failed(id, TypeBinary, "%v", err)
	}
	e.mu.Lock()
	e.child = child
	e.mu.Unlock()
	how := e.await(f.host.options.InitLimit)
	e.init = time.Since(began)
	if how == nowIdle {
		return e, Result{}
	}
	failure := e.initFailure(id, how)
	failure.PeakBytes = e.peak()
	_ = e.end() // the failure is what is told
	failure.Init = e.init
	return nil, failure
}

func (e *environment) initFailure(id string, how ending) Result {
	e.mu.Lock()
	posted := e.initError
	e.mu.Unlock()
	if len(posted) > 0 {
		return answered(id, posted, true, TypeExit)
	}
	switch how {
	case nowLate:
		return failed(id, TypeInitTimeout, "Init timed out after %.2f seconds", e.f.host.options.InitLimit.Seconds())
	case nowLarge:
		return e.outOfMemory(id)
	default:
		return e.exited(id)
	}
}

// work hands an invocation over and waits until the process has answered and asks for more: only then is it free again.
func (e *environment) work(id string, payload []byte) Result {
	c := &call{id: id, payload: payload, deadline: time.Now().Add(e.f.cfg.Timeout)}
	began := time.Now()
	select {
	case e.calls <- c:
	case <-e.child.Done():
		r := e.exited(id)
		_ = e.end()
		return r
	case <-e.f.host.closed:
		return e.exited(id)
	}
	how := e.await(time.Until(c.deadline))
	result := e.resultOf(c, how)
	result.Duration = time.Since(began)
	if !c.at.IsZero() {
		result.Duration = c.at.Sub(began)
	}
	result.PeakBytes = e.peak()
	if how == nowIdle {
		e.f.keep(e)
	} else {
		_ = e.end() // what became of the invocation is what is told
	}
	return result
}

func (e *environment) resultOf(c *call, how ending) Result {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.call = nil
	if c.answer != nil {
		return *c.answer
	}
	switch how {
	case nowLate:
		return failed(c.id, TypeTimeout, "Task timed out after %.2f seconds", e.f.cfg.Timeout.Seconds())
	case nowLarge:
		return e.outOfMemory(c.id)
	case nowIdle:
		return failed(c.id, TypeNoAnswer, "the runtime asked for the next event without an answer to this one")
	default:
		return e.exited(c.id)
	}
}

func (e *environment) outOfMemory(id string) Result {
	return failed(id, TypeMemory, "Runtime exited with error: signal: killed (it took more than the %d MB of its configuration)", e.f.cfg.Memory)
}

func (e *environment) exited(id string) Result {
	if !e.dead() {
		return failed(id, TypeExit, "%v", ErrClosed)
	}
	if err := e.child.Err(); err != nil {
		return failed(id, TypeExit, "Runtime exited with error: %v", err)
	}
	return failed(id, TypeExit, "Runtime exited without providing a reason")
}

// ending is why the wait for a process is over.
type ending int

const (
	nowIdle   ending = iota // it asks for work
	nowGone                 // it ended
	nowLate                 // the time is up
	nowLarge                // it has more memory than it may have
	nowClosed               // the host is closed
)

// look is how often the memory of a working process is looked at.
const look = 25 * time.Millisecond

// await waits until the process asks for work, for at most the time given.
func (e *environment) await(limit time.Duration) ending {
	timer, ticker := time.NewTimer(limit), time.NewTicker(look)
	defer timer.Stop()
	defer ticker.Stop()
	for {
		select {
		case <-e.asked:
			return nowIdle
		case <-e.child.Done():
			return nowGone
		case <-timer.C:
			return nowLate
		case <-e.f.host.closed:
			return nowClosed
		case <-ticker.C:
			now := resident(e.child.PID())
			e.most = max(e.most, now)
			if now > int64(e.f.cfg.Memory)<<20 {
				return nowLarge
			}
		}
	}
}

func (e *environment) dead() bool {
	select {
	case <-e.child.Done():
		return true
	default:
		return false
	}
}

// end ends the process, if it still runs, and forgets it.
func (e *environment) end() error {
	e.f.host.remove(e)
	e.once.Do(func() { close(e.gone) })
	e.mu.Lock()
	child := e.child
	e.mu.Unlock()
	if child == nil {
		return nil
	}
	err := child.Kill()
	e.lines.flush()
	return err
}

// peak is the most memory that the process had; of one that is gone, the most that was seen.
func (e *environment) peak() int64 { return max(e.most, peakResident(e.child.PID())) }

// freeze stops the process, as Lambda does between invocations: a goroutine that counts on running on does not.
func (e *environment) freeze() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.child == nil {
		return // it asks before its start is noted; it is not frozen this once
	}
	e.frozen = stop(e.child) == nil
}

// thaw lets the process go on.
func (e *environment) thaw() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.frozen {
		return nil
	}
	e.frozen = false
	return resume(e.child)
}

var errUnknown = errors.New("there is no such invocation")
