package excstest

import (
	"slices"
	"strings"
	"sync"

	"excs/shared/mapping"
)

// Asked notes what a mapping table's twin is asked for. The zero value has noted nothing.
type Asked struct {
	mu  sync.Mutex
	ops []string
}

// Note takes down a request of the table; it fails none. It is a mapping.MemoryOptions.Fault.
func (a *Asked) Note(op string) mapping.Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ops = append(a.ops, op)
	return mapping.FaultNone
}

// Forget starts anew.
func (a *Asked) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ops = nil
}

// Writes names the operations that wrote, each once. Those that only keep the books of calls to the EX Org, its request
// budget and its token, are left out: reading it has to be counted too.
func (a *Asked) Writes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var writes []string
	for _, op := range a.ops {
		if !reads(op) && !slices.Contains([]string{"Reserve", "SetAllowed", "Hold", "SaveToken"}, op) {
			writes = append(writes, op)
		}
	}
	slices.Sort(writes)
	return slices.Compact(writes)
}

func reads(op string) bool {
	return strings.HasSuffix(op, " read") ||
		slices.ContainsFunc([]string{"Get", "List", "Load", "Delta", "Marked", "Owners", "Keys", "Drawn", "TableID"}, func(p string) bool { return strings.HasPrefix(op, p) })
}
