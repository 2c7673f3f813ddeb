package translate_test

import (
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
)

func system(s *rules.Settings) { s.WrapUpCodes.SystemName = true }

// "Wrap-up codes: values of the Business Attribute DispositionCode (a list of attribute names is a setting)"; "name: the
// display name, else the name (setting)". Disabled values are there, deleted ones are not.
func TestWrapUpCodes(t *testing.T) {
	s := newSite().code(1, "sale", " Sale made ").code(2, "none", " ").code(3, "off", "Off", model.CfgDisabled).code(4, "gone", "Gone", model.CfgDeleted).
		value(5, "ReasonCode", "reason", "Reason").code(6, "", "Nameless")
	for _, preset := range rules.Presets() {
		r := once(t, s, rules.Default(tenant, preset), nil)
		r.names(map[string]string{"wrapupcode/1": "Sale made", "wrapupcode/2": "none", "wrapupcode/3": "Off", "wrapupcode/6": "Nameless"})
		r.absent("wrapupcode/4", "wrapupcode/5")
		equal(t, "the identity", r.object("wrapupcode/1").Identity, model.Identity{BaseName: "Sale made", SystemName: "sale"})
	}
	two := once(t, s, settings(system, func(s *rules.Settings) { s.WrapUpCodes.Attributes = []string{"dispositioncode", "ReasonCode"} }), nil)
	two.names(map[string]string{"wrapupcode/1": "sale", "wrapupcode/2": "none", "wrapupcode/5": "reason", "wrapupcode/6": "Nameless"})
}

// A Business Attribute that is missing is noted; one that is deleted takes its values with it; a disabled one does not.
func TestWrapUpAttribute(t *testing.T) {
	s := newSite().code(1, "sale", "Sale")
	s.Attributes[1].State = model.CfgDisabled
	once(t, s, settings(), nil).object("wrapupcode/1")
	s.Attributes[1].State = model.CfgDeleted
	r := once(t, s, settings(), nil)
	r.absent("wrapupcode/1")
	r.noted(1, "no Business Attribute 'DispositionCode'")
}

// "Equal display names with different system names: (name) is added, sticky as for queues; equal in both: one EX code."
func TestWrapUpCollision(t *testing.T) {
	s := newSite().code(1, "sale_nw", "Sale").code(2, "sale_se", "SALE ").code(3, "SALE_NW", "sale").code(4, "other", "Other")
	r := once(t, s, settings(), nil)
	r.names(map[string]string{"wrapupcode/1": "Sale (sale_nw)", "wrapupcode/2": "SALE (sale_se)", "wrapupcode/3": "Sale (sale_nw)", "wrapupcode/4": "Other"})
	r.noted(1, "1 and 3 have equal names")
	for k, owner := range map[string]int64{"wrapupcode/1": 0, "wrapupcode/2": 0, "wrapupcode/3": 1, "wrapupcode/4": 0} {
		equal(t, "the owner of "+k, r.object(k).SameAs, owner)
	}
	r.has(r.Asks, "wrapupcode/1", "wrapupcode/2", "wrapupcode/3")

	t.Run("one mapped under the plain name keeps it", func(t *testing.T) {
		_, rows := run(t, newSite().code(2, "sale_se", "Sale"), settings(), table{})
		r, rows := run(t, s, settings(), rows)
		r.names(map[string]string{"wrapupcode/1": "Sale (sale_nw)", "wrapupcode/2": "SALE", "wrapupcode/3": "Sale (sale_nw)"})
		// The suffix stays, also when the twin that gave the spelling is gone; until the display name changes.
		alone := s.clone().without(model.KindWrapUpCode, 2).without(model.KindWrapUpCode, 1)
		r, rows = run(t, alone, settings(), rows)
		r.names(map[string]string{"wrapupcode/3": "sale (SALE_NW)"})
		r, _ = run(t, alone.alterCode(3, func(v *model.AttributeValue) { v.DisplayName = "Deal" }), settings(), rows)
		r.names(map[string]string{"wrapupcode/3": "Deal"})
	})
	t.Run("one of the twins mapped under the plain name keeps it for both", func(t *testing.T) {
		_, rows := run(t, newSite().code(3, "sale_nw", "Sale"), settings(), table{})
		r, _ := run(t, s, settings(), rows)
		r.names(map[string]string{"wrapupcode/1": "Sale", "wrapupcode/3": "Sale", "wrapupcode/2": "SALE (sale_se)"})
	})
	t.Run("by system names, equal ones are one code", func(t *testing.T) {
		r := once(t, s, settings(system), nil)
		r.names(map[string]string{"wrapupcode/1": "sale_nw", "wrapupcode/2": "sale_se", "wrapupcode/3": "sale_nw", "wrapupcode/4": "other"})
		r.has(r.Asks)
	})
	t.Run("a display name that is another's suffix", func(t *testing.T) {
		r, _ := run(t, newSite().code(1, "a", "Sale").code(2, "b", "Sale").code(3, "c", "Sale (b)").code(4, "d", "Sale (b, wrapupcode/2)"), settings(), table{})
		r.names(map[string]string{"wrapupcode/1": "Sale (a)", "wrapupcode/2": "Sale (b)", "wrapupcode/3": "Sale (b) (c)", "wrapupcode/4": "Sale (b, wrapupcode/2)"})
	})
}

// A rename of case only is applied for a code.
func TestWrapUpRenameOfCase(t *testing.T) {
	_, rows := run(t, newSite().code(1, "sale", "Sale"), settings(), table{})
	r, _ := run(t, newSite().code(1, "sale", "SALE"), settings(), rows)
	r.names(map[string]string{"wrapupcode/1": "SALE"})
}

// A value without any name is rejected; a mapped one keeps its last.
func TestWrapUpNameless(t *testing.T) {
	nameless := newSite().code(1, "", " ")
	once(t, nameless, settings(), nil).rejected("wrapupcode/1")
	_, rows := run(t, newSite().code(1, "sale", "Sale"), settings(), table{})
	r, _ := run(t, nameless, settings(), rows)
	r.names(map[string]string{"wrapupcode/1": "Sale"})
	r.has(r.Frozen, "wrapupcode/1")
	r.rejected("wrapupcode/1")
}
