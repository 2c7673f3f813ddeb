package apply

import (
	"sync"
	"time"

	"excs/shared/model"
)

// answered remembers when which operation of the EX Org was last answered, for two objects each: whether an operation serves
// others than the one that fails tells whose fault it is.
type answered struct {
	mu   sync.Mutex
	last map[string][2]answer
}

type answer struct {
	key model.Key
	at  time.Time
}

func (a *answered) note(operations []string, key model.Key, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[string][2]answer{}
	}
	for _, o := range operations {
		two := a.last[o]
		if two[0].key != key {
			two[1] = two[0]
		}
		two[0] = answer{key, now}
		a.last[o] = two
	}
}

// since says whether the operation was answered for another key after that time.
func (a *answered) since(operation string, but model.Key, after time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.last[operation] {
		if !one.key.IsZero() && one.key != but && one.at.After(after) {
			return true
		}
	}
	return false
}
