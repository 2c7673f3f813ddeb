package runtime

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is one function.
type Config struct {
	Name, ARN string
	// Program is the absolute path of the compiled bootstrap.
	Program string
	// Variables are those of the function's configuration; reserved names are refused, as Lambda does.
	Variables map[string]string
	// Memory is in MB, Timeout bounds one invocation.
	Memory  int
	Timeout time.Duration
	// Reserved is the function's reserved concurrency; 0: none.
	Reserved int
	// Region, AccessKey and Endpoint are what the AWS SDK in the function uses.
	Region, AccessKey, Endpoint string
	// LogGroup, LogFormat (JSON or Text) and LogLevel are those of the logging configuration.
	LogGroup, LogFormat, LogLevel string
	// Line gets every line that the function writes; Done gets what each invocation took. Both may be called by several
	// goroutines at once, and both may be nil.
	Line func(line []byte)
	Done func(Report)
}

// Function is a function on a host. It is safe for concurrent use.
type Function struct {
	host *Host
	cfg  Config
	env  []string

	mu      sync.Mutex
	version int // of the configuration
	idle    []*environment
	running int
	figures Figures
}

// Figures are the sums over all invocations of a function.
type Figures struct {
	Invocations, Errors, Timeouts, Throttles, ColdStarts int
	// MostAtOnce is the greatest number of invocations that ran at the same time.
	MostAtOnce int
	PeakBytes  int64
	// Inits are the times of the cold starts, Billed the sum of what Lambda charges for.
	Inits    []time.Duration
	Billed   time.Duration
	LogBytes int64
}

// reserved are the variables that belong to Lambda.
func reserved(name string) bool {
	return name == "_HANDLER" || name == "_X_AMZN_TRACE_ID" || strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "LAMBDA_")
}

// variableBytes is the most that all variables of a function may take together.
const variableBytes = 4096

// Add makes a function known. It starts no process.
func (h *Host) Add(c Config) (*Function, error) {
	size := 0
	for name, value := range c.Variables {
		if reserved(name) {
			return nil, fmt.Errorf("function %s: the variable %s is reserved by Lambda", c.Name, name)
		}
		size += len(name) + len(value)
	}
	if size > variableBytes {
		return nil, fmt.Errorf("function %s: its variables take %d bytes, Lambda allows %d", c.Name, size, variableBytes)
	}
	if c.Memory < 128 || c.Memory > 10240 || c.Timeout < time.Second || c.Timeout > 15*time.Minute {
		return nil, fmt.Errorf("function %s: Lambda takes 128 to 10240 MB and 1 to 900 s, not %d MB and %s", c.Name, c.Memory, c.Timeout)
	}
	if !filepath.IsAbs(c.Program) {
		return nil, fmt.Errorf("function %s: %q is no absolute path of a program", c.Name, c.Program)
	}
	return &Function{host: h, cfg: c, env: environ(c)}, nil
}

// environ is the whole environment of a process but for the address of its Runtime API.
func environ(c Config) []string {
	all := map[string]string{
		"_HANDLER": "bootstrap", "TZ": ":UTC", "LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LAMBDA_TASK_ROOT": filepath.Dir(c.Program), "LAMBDA_RUNTIME_DIR": filepath.Dir(c.Program),
		"AWS_LAMBDA_FUNCTION_NAME": c.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": c.LogGroup, "AWS_LAMBDA_LOG_STREAM_NAME": "local",
		"AWS_REGION": c.Region, "AWS_DEFAULT_REGION": c.Region,
		"AWS_ACCESS_KEY_ID": c.AccessKey, "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local",
		"AWS_EC2_METADATA_DISABLED": "true",
		// Nothing of the developer's own account is looked at.
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": c.Endpoint, "AWS_LAMBDA_LOG_FORMAT": c.LogFormat, "AWS_LAMBDA_LOG_LEVEL": c.LogLevel} {
		if value != "" {
			all[name] = value
		}
	}
	maps.Copy(all, c.Variables)
	env := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env = append(env, name+"="+all[name])
	}
	return env
}

// Name is the function's name.
func (f *Function) Name() string { return f.cfg.Name }

// ARN is the function's ARN.
func (f *Function) ARN() string { return f.cfg.ARN }

// Timeout is the most that one invocation may take.
func (f *Function) Timeout() time.Duration { return f.cfg.Timeout }

// Memory is what the function is configured with, in MB.
func (f *Function) Memory() int { return f.cfg.Memory }

// Figures gives the sums so far.
func (f *Function) Figures() Figures {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.figures
	s.Inits = slices.Clone(s.Inits)
	return s
}

// Invoke runs the function once and waits for its answer. What goes wrong in the function is in the Result; the errors are
// ErrThrottled, ErrTooLarge and ErrClosed. An invocation that began goes on to its end, whatever the caller does.
func (f *Function) Invoke(payload []byte) (Result, error) {
	if len(payload) > PayloadLimit {
		return Result{}, ErrTooLarge
	}
	if err := f.enter(); err != nil {
		return Result{}, err
	}
	defer f.leave()
	began := time.Now()
	id := newID()
	e, cold, result := f.ready(id)
	if e != nil {
		result = e.work(id, payload)
		result.Init = 0
		if cold {
			result.Init = e.init
		}
	}
	if f.host.isClosed() && result.FunctionError != "" {
		return Result{}, ErrClosed
	}
	result.Function, result.At, result.Cold = f.cfg.Name, began, cold
	result.Billed = (result.Init + result.Duration + time.Millisecond - 1).Truncate(time.Millisecond)
	f.count(result.Report)
	return result, nil
}

// Warm starts a process and leaves it idle, without an invocation. It tells how long the start took, or how it failed.
func (f *Function) Warm() (Report, error) {
	if err := f.enter(); err != nil {
		return Report{}, err
	}
	defer f.leave()
	began := time.Now()
	e, failure := f.start(newID())
	if e == nil {
		failure.Function, failure.At = f.cfg.Name, began
		return failure.Report, failure.Err()
	}
	f.keep(e)
	return Report{Function: f.cfg.Name, At: began, Cold: true, Init: e.init, Billed: e.init.Truncate(time.Millisecond) + time.Millisecond, PeakBytes: e.peak()}, nil
}

func (f *Function) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := ErrThrottled
	if f.cfg.Reserved == 0 || f.running < f.cfg.Reserved {
		err = f.host.enter()
	}
	if err != nil {
		if errors.Is(err, ErrThrottled) {
			f.figures.Throttles++
		}
		return fmt.Errorf("invoke %s: %w", f.cfg.Name, err)
	}
	f.running++
	f.figures.MostAtOnce = max(f.figures.MostAtOnce, f.running)
	return nil
}

func (f *Function) leave() {
	f.mu.Lock()
	f.running--
	f.mu.Unlock()
	f.host.leave()
}

// ready gives an environment that waits for work: an idle one, or a new one. Without one the result is the failure.
func (f *Function) ready(id string) (e *environment, cold bool, failure Result) {
	for {
		if e = f.take(); e == nil {
			e, failure = f.start(id)
			return e, true, failure
		}
		if !e.dead() {
			return e, false, Result{}
		}
		_ = e.end() // it ended while it was idle, which nobody asked about
	}
}

// take gives the environment that became idle last, nil for none.
func (f *Function) take() *environment {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.idle) - 1
	if last < 0 {
		return nil
	}
	e := f.idle[last]
	f.idle = f.idle[:last]
	return e
}

// keep puts an environment back that asked for more work, unless the configuration has changed since it was started.
func (f *Function) keep(e *environment) {
	f.mu.Lock()
	current := e.version == f.version
	if current {
		f.idle = append(f.idle, e)
	}
	f.mu.Unlock()
	if !current {
		_ = e.end() // nobody waits for it
	}
}

func (f *Function) count(r Report) {
	f.mu.Lock()
	s := &f.figures
	s.Invocations++
	s.Billed += r.Billed
	s.PeakBytes = max(s.PeakBytes, r.PeakBytes)
	if r.ErrorType != "" {
		s.Errors++
	}
	if r.ErrorType == TypeTimeout {
		s.Timeouts++
	}
	if r.Cold {
		s.ColdStarts++
		if r.Init > 0 {
			s.Inits = append(s.Inits, r.Init)
		}
	}
	f.mu.Unlock()
	if f.cfg.Done != nil {
		f.cfg.Done(r)
	}
}

// line passes on what the function writes.
func (f *Function) line(line []byte) {
	f.mu.Lock()
	f.figures.LogBytes += int64(len(line)) + 1
	f.mu.Unlock()
	if f.cfg.Line != nil {
		f.cfg.Line(line)
	}
}

// Variable gives a variable of the function's environment, "" for none.
func (f *Function) Variable(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cfg.Variables[name]
}

// SetVariable changes a variable of the function's environment. Processes that run keep theirs and are not used again once they are idle:
// what Lambda does when a deployment changes the configuration.
func (f *Function) SetVariable(name, value string) error {
	f.mu.Lock()
	c := f.cfg
	c.Variables = maps.Clone(c.Variables)
	if c.Variables == nil {
		c.Variables = map[string]string{}
	}
	c.Variables[name] = value
	f.cfg.Variables, f.env = c.Variables, environ(c)
	f.version++
	f.mu.Unlock()
	return f.Recycle()
}

// Recycle ends the idle processes of the function, so that the next invocation is a cold start: what Lambda does after a
// change of the configuration.
func (f *Function) Recycle() error {
	f.mu.Lock()
	idle := f.idle
	f.idle = nil
	f.mu.Unlock()
	var errs []error
	for _, e := range idle {
		errs = append(errs, e.end())
	}
	return errors.Join(errs...)
}
