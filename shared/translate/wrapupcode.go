package translate

import (
	"excs/shared/model"
)

// codeNames are the two names of a wrap-up code, folded: values that are equal in both are one EX code.
type codeNames struct{ base, system string }

// wrapUpCodes turns the values of the Business Attributes into wrap-up codes (RULES 3, 4).
func (t *translation) wrapUpCodes() {
	values, there := t.values(t.settings.WrapUpCodes.Attributes)
	for _, a := range t.settings.WrapUpCodes.Attributes {
		if !there[model.Fold(a)] {
			t.note(model.Key{}, "Engage has no Business Attribute '%s': no wrap-up code comes of it (setting wrapUpCodes.attributes)", a)
		}
	}
	var names []*named
	byNames := map[codeNames]*named{}
	byKey := make(map[model.Key]*named, len(values))
	for i := range values {
		key := model.Key{Kind: model.KindWrapUpCode, DBID: values[i].DBID}
		base, system := t.codeName(&values[i])
		if base == "" || !model.IsText(base, system) {
			t.rejectCode(key, &values[i])
			continue
		}
		id := codeNames{model.Fold(base), model.Fold(system)}
		n := byNames[id]
		if n == nil {
			n = &named{base: compose(base, "")}
			n.tags[suffixed] = " (" + system + ")"
			n.tags[numbered] = " (" + system + ", " + key.String() + ")"
			byNames[id] = n
			names = append(names, n)
		}
		n.keys = append(n.keys, key)
		if row, ok := t.row(key); ok {
			n.rows = append(n.rows, row)
		}
		byKey[key] = n
	}
	t.settleNames(names)
	for i := range values {
		key := model.Key{Kind: model.KindWrapUpCode, DBID: values[i].DBID}
		if n := byKey[key]; n != nil {
			t.emitCode(key, n, model.Clean(values[i].Name))
		}
	}
}

// codeName gives the name and the system name that tells it from others. Under the setting "system" both are the system
// name, so values with equal system names are one.
func (t *translation) codeName(v *model.AttributeValue) (base, system string) {
	if t.settings.WrapUpCodes.SystemName {
		base = firstOf(v.Name, v.DisplayName)
		return base, base
	}
	return firstOf(v.DisplayName, v.Name), firstOf(v.Name, v.DisplayName)
}

// rejectCode rejects a value without any name, or with one that is no text; a mapped one keeps its last.
func (t *translation) rejectCode(key model.Key, v *model.AttributeValue) {
	if label := firstOf(v.DisplayName, v.Name); label != "" {
		t.rejectUnreadable(key, describe("Attribute value", key.DBID, label))
	} else {
		t.reject(key, "Attribute value %d has neither a display name nor a name: give it one in Engage", key.DBID)
	}
	if row, ok := t.mapped(key); ok {
		t.freeze(key)
		t.emit(row.Object.Clone())
	}
}

func (t *translation) emitCode(key model.Key, n *named, system string) {
	if n.lost {
		t.reject(key, "Attribute value %d '%s': every name that it could have is another wrap-up code's: give it another display name in Engage", key.DBID, n.base)
		if row, ok := t.mapped(key); ok {
			t.freeze(key)
			t.emit(row.Object.Clone())
		}
		return
	}
	o := model.Object{Key: key, Name: n.name(), Identity: model.Identity{BaseName: n.base, SystemName: system}}
	if key != n.keys[0] {
		o.SameAs = n.keys[0].DBID
		t.note(key, "Attribute values %d and %d have equal names: they are one wrap-up code in the EX Org", n.keys[0].DBID, key.DBID)
	}
	t.emit(o)
}
