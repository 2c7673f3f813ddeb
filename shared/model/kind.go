package model

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the sort of an object that EXCS keeps equal in both systems (shared/docs/GLOSSARY.md).
type Kind string

// The seven kinds. A key of KindMembers names the member list of one queue and carries the queue's DBID; the key of
// the one KindSource carries the tenant's DBID, because the Source maps to nothing in Engage.
const (
	KindSource     Kind = "source"
	KindSkill      Kind = "skill"
	KindLanguage   Kind = "language"
	KindWrapUpCode Kind = "wrapupcode"
	KindQueue      Kind = "queue"
	KindUser       Kind = "user"
	KindMembers    Kind = "members"
)

// Kinds lists every kind in wave order.
func Kinds() []Kind {
	return []Kind{KindSource, KindSkill, KindLanguage, KindWrapUpCode, KindQueue, KindUser, KindMembers}
}

// Wave is the step of a run in which objects of the kind are sent: 0 for what stands alone, 1 queues, 2 users, 3 members.
// The order is a hint for speed; correctness does not rest on it.
func (k Kind) Wave() int {
	switch k {
	case KindQueue:
		return 1
	case KindUser:
		return 2
	case KindMembers:
		return 3
	default:
		return 0
	}
}

// Order is the kind's place in Kinds, and len(Kinds()) for an unknown kind.
func (k Kind) Order() int {
	if i := slices.Index(Kinds(), k); i >= 0 {
		return i
	}
	return len(Kinds())
}

// ParseKind returns the kind of that name; the error lists the kinds there are.
func ParseKind(s string) (Kind, error) {
	k := Kind(strings.ToLower(strings.TrimSpace(s)))
	if slices.Contains(Kinds(), k) {
		return k, nil
	}
	names := make([]string, 0, len(Kinds()))
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return "", &Error{Code: CodeInvalid, Op: "parse kind", Err: fmt.Errorf("unknown kind %q: use one of %s", s, strings.Join(names, ", "))}
}
