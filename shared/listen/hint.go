package listen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"excs/shared/model"
	"excs/shared/notice"
)

// event tells deliveries of one event from other events. Its id alone would do if every relay kept it; one that gives all
// events the same id must not silence them.
type event struct {
	id, entity, exID string
	action           notice.Action
	at               time.Time
}

func eventOf(n notice.Notice) event {
	return event{id: n.ID, entity: n.Entity, exID: n.EXID, action: n.Action, at: n.At}
}

// subject is what a notice is about: an object of the EX Org, or (KindMembers) the members of the queue with that id.
type subject struct {
	kind model.Kind
	exID string
}

// object is the kind of EX Org object that the id names.
func (s subject) object() model.Kind {
	if s.kind == model.KindMembers {
		return model.KindQueue
	}
	return s.kind
}

// keysOf turns the owners of the object into the keys to look at.
func (s subject) keysOf(owners []model.Key) []model.Key {
	keys := make([]model.Key, 0, len(owners))
	for _, owner := range owners {
		keys = append(keys, model.Key{Kind: s.kind, DBID: owner.DBID})
	}
	return keys
}

// hint is what the notices of one subject in one call come to.
type hint struct {
	subject
	events  []event
	deleted bool
	// identifies says that the object is new, or has another name or address.
	identifies bool
	name       string
	who        string
}

func (h *hint) add(n notice.Notice) {
	h.events = append(h.events, eventOf(n))
	h.deleted = h.deleted || n.Action == notice.ActionDelete
	h.identifies = h.identifies || n.Identifies() && h.kind != model.KindMembers
	if n.Name != "" {
		h.name = n.Name
	}
	if n.Who != "" {
		h.who = n.Who
	}
}

// cause is why the keys are looked at.
func (h *hint) cause() model.Cause {
	if h.deleted {
		return model.CauseDeleted
	}
	return model.CauseDrift
}

// sign marks the tokens of messages that the hint's event leads to, so that the same event, told again because something
// failed, knows a mark that it may have left without a message. "" when events can not be told apart.
func (h *hint) sign() string {
	e := h.events[0]
	if e.id == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d", e.id, e.entity, e.exID, e.action, e.at.UnixNano()))
	return hex.EncodeToString(sum[:8]) + "-"
}

// window is what the listener knows of a subject for a minute after it first heard of it.
type window struct {
	until time.Time
	// keys to look at; none while nobody owns the object.
	keys []model.Key
	// identified says that an object without an owner was compared with what is mapped.
	identified bool
	// deleted says that a deletion was answered.
	deleted bool
	// settled says that whatever happens until the window ends is looked at after it, or never.
	settled bool
}

// windowLength is how long an object is looked at once only, however much is heard of it.
const windowLength = time.Minute

// sort drops noise and replays and gathers the rest by subject, in the order in which they came.
func (l *Listener) sort(notices []notice.Notice, r *Report) []*hint {
	var hints []*hint
	index := map[subject]*hint{}
	for _, n := range notices {
		if reason := n.Noise(); reason != "" {
			r.ignore(string(reason))
			continue
		}
		if _, again := l.heard.get(eventOf(n)); again && n.ID != "" {
			r.Replayed++
			continue
		}
		for _, kind := range n.Looks() {
			s := subject{kind: kind, exID: n.EXID}
			h, ok := index[s]
			if !ok {
				h = &hint{subject: s}
				index[s] = h
				hints = append(hints, h)
			} else {
				r.Coalesced++
			}
			h.add(n)
		}
	}
	return hints
}
