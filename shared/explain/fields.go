package explain

import (
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
)

// tellFields gives the rows of Engage and a line for each controlled field.
func (w *work) tellFields() {
	w.out.Engage = []Source{}
	switch w.key.Kind {
	case model.KindUser:
		w.tellUser()
	case model.KindQueue:
		w.tellQueue()
	case model.KindMembers:
		w.tellMembers()
	case model.KindSkill, model.KindLanguage:
		w.tellSkill()
	case model.KindWrapUpCode:
		w.tellCode()
	case model.KindSource:
		w.field(model.FieldName, string(rules.Controlled), "the setting source.name: the Source maps to nothing in Engage", w.desired.Name, w.seen.Name)
		w.field(model.FieldState, string(rules.Controlled), "the Source is never deactivated", "active", sourceState(w.seen))
	}
	if w.desired.Key.IsZero() {
		w.out.Fields = nil // it is rejected and nothing is mapped: no field has a value
	}
}

func sourceState(o model.Observed) string {
	if o.Deactivated {
		return "deactivated"
	}
	return "active"
}

// field adds a line. What the EX Org did not show stays empty.
func (w *work) field(name, control, rule, desired, observed string) {
	if !w.there {
		observed = ""
	}
	differs := slices.ContainsFunc(w.drift, func(f model.Field) bool { return f.Name == name })
	w.out.Fields = append(w.out.Fields, Field{Name: name, Control: control, Rule: rule, Desired: desired, Observed: observed, Differs: differs})
}

func (w *work) source(table model.Table, parts ...string) {
	w.out.Engage = append(w.out.Engage, Source{Table: table, Text: strings.Join(parts, ", ")})
}

// gone is said of an object that Engage does not have (any more).
const gone = "Engage does not have it: the row keeps the last value"

func quote(what, value string) string { return what + " " + strconv.Quote(value) }

func dbid(n int64) string { return "DBID " + strconv.FormatInt(n, 10) }

func cfgState(s model.CfgState) string {
	switch s {
	case model.CfgEnabled:
		return "enabled"
	case model.CfgDisabled:
		return "disabled"
	case model.CfgDeleted:
		return "deleted"
	default:
		return "state " + strconv.Itoa(int(s))
	}
}

func assignments(as []model.Assignment) string {
	names := make([]string, 0, len(as))
	for _, a := range as {
		names = append(names, a.Name+"("+a.Level.String()+")")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func assigned(as []model.Assigned) string {
	names := make([]string, 0, len(as))
	for _, a := range as {
		names = append(names, a.Name+"("+a.Level.String()+")")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
