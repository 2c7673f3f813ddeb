package stack

import (
	"excs/infra/local/aws/policy"
	"excs/infra/local/aws/poller"
	"excs/infra/local/aws/runtime"
)

// Figures are the sums over everything that ran in the stack.
type Figures struct {
	// Functions by name less the stack's, Mappings by that of their function.
	Functions map[string]runtime.Figures
	Mappings  map[string]poller.Figures
	// Calls to AWS, by function, by action.
	Calls map[string]map[string]int
}

// Figures gives the sums so far.
func (s *Stack) Figures() Figures {
	f := Figures{Functions: map[string]runtime.Figures{}, Mappings: map[string]poller.Figures{}, Calls: map[string]map[string]int{}}
	calls := s.gateway.Calls()
	for name, fn := range s.functions {
		f.Functions[s.short(name)] = fn.Figures()
		f.Calls[s.short(name)] = calls[fn.role.name]
	}
	for _, m := range s.mappings {
		f.Mappings[s.short(m.function)] = m.Poller.Figures()
	}
	return f
}

// Unused lists, by function, what its role allows and the function never did.
func (s *Stack) Unused() map[string][]policy.Use {
	unused := s.gateway.Unused()
	all := map[string][]policy.Use{}
	for name, f := range s.functions {
		if u := unused[f.role.name]; len(u) > 0 {
			all[s.short(name)] = u
		}
	}
	return all
}

// Busy says whether anything is under way: an asynchronous invocation, or a batch of a queue.
func (s *Stack) Busy() bool {
	if s.Pending() > 0 {
		return true
	}
	for _, m := range s.mappings {
		if m.Poller.Busy() > 0 {
			return true
		}
	}
	return false
}
