package rules

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with the settings.
type Fault struct {
	Path    string // where in the JSON, "users.onDelete"; "" for the whole text
	Found   string // what stands there
	Allowed string // what may stand there
}

// String gives one line: path, what was found, what is allowed.
func (f Fault) String() string {
	text := "found " + f.Found
	if f.Allowed != "" {
		text += ", allowed: " + f.Allowed
	}
	if f.Path == "" {
		return text
	}
	return f.Path + ": " + text
}

// Faults are all the faults of a text. Parse gives them inside a model.Error of CodeInvalid.
type Faults []Fault

// Error gives every fault in one line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	if len(fs) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%d faults: %s", len(fs), strings.Join(lines, "; "))
}
