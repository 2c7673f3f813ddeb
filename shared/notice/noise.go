package notice

import (
	"strings"

	"excs/shared/model"
)

// Reason says why a notice needs no look. The reasons are few, so that they can be counted.
type Reason string

// The reasons, each of which costs nothing: no read of the table, none of the EX Org.
const (
	// ReasonForeign: the entity type is no kind of EXCS.
	ReasonForeign Reason = "no kind of EXCS"
	// ReasonVersion: only the object's version and dates moved.
	ReasonVersion Reason = "version only"
	// ReasonPresence: presence, routing status, station.
	ReasonPresence Reason = "presence"
	// ReasonLogin: times of log-ins and tokens.
	ReasonLogin Reason = "login times"
	// ReasonJoined: agents join and leave queues, or get another ring number.
	ReasonJoined Reason = "joined"
	// ReasonCodes: wrap-up codes of a queue are not Engage's.
	ReasonCodes Reason = "codes of a queue"
	// ReasonUncontrolled: only fields that Engage does not decide.
	ReasonUncontrolled Reason = "fields not controlled"
)

// Noise says why the notice needs no look, "" when it does. In doubt it does: an update that names no property, or one
// unknown property among the others, is looked at.
func (n Notice) Noise() Reason {
	minor := uncontrolled(n.Kind, n.Properties)
	switch {
	case n.Kind == "":
		return ReasonForeign
	case n.Action == ActionCodes:
		return ReasonCodes
	case n.Action != ActionUpdate && n.Action != ActionMembers:
		return ""
	case !n.Memberships:
		return minor
	case n.Aside && (minor != "" || len(n.Properties) == 0):
		return ReasonJoined
	default:
		return ""
	}
}

// uncontrolled says why none of the properties matters, "" if one may or there is none. The most telling reason is given:
// a version moves with everything.
func uncontrolled(kind model.Kind, properties []string) Reason {
	var reason Reason
	for _, p := range properties {
		r := reasonOf(kind, first(p))
		if r == "" {
			return ""
		}
		if reason == "" || reason == ReasonVersion {
			reason = r
		}
	}
	return reason
}

func reasonOf(kind model.Kind, property string) Reason {
	switch {
	case versions.has(property):
		return ReasonVersion
	case kind == model.KindUser && presences.has(property):
		return ReasonPresence
	case kind == model.KindUser && logins.has(property):
		return ReasonLogin
	case kind == model.KindQueue && property == "joined":
		return ReasonJoined
	case foreign(kind).has(property):
		return ReasonUncontrolled
	default:
		return ""
	}
}

// first gives the outermost part of a property's path in the form in which the lists are written: "mediaSettings.call",
// "media_settings" and "MediaSettings/call" are one.
func first(property string) string {
	if i := strings.IndexAny(property, "./:[ "); i >= 0 {
		property = property[:i]
	}
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(property))
}
