package translate_test

import (
	"strings"
	"testing"

	"excs/shared/model"
)

// What is called by bytes that are no text is rejected with what to set, never written, never made equal to another
// (RULES 4); a group whose expression is no text lets nobody leave a queue.
func TestNamesThatAreNoText(t *testing.T) {
	const one, two = "\xcf\xfa\xca\xdb", "\xbc\xbc\xca\xf5"
	s := newSite().skill(1, one).skill(2, two).skill(3, "Sales").
		person(5, func(p *model.Person) { p.FirstName = one }).person(6).
		dn(7, two).dn(8, "Plain").
		value(9, "DispositionCode", one, "").
		virtual(20, `Skill("`+one+`")>0`)
	r := once(t, s, settings(), nil)
	r.absent("skill/1", "skill/2", "user/5", "queue/7", "wrapUpCode/9")
	r.names(map[string]string{"skill/3": "Sales"})
	for _, o := range r.Objects {
		if !model.IsText(o.Name) {
			t.Errorf("%s is called %q", o.Key, o.Name)
		}
	}
	rejected := map[string]bool{}
	for _, x := range r.Rejects {
		if !strings.Contains(x.Reason, "set encoding in the Engage secret") || !model.IsText(x.Reason) {
			t.Errorf("%s is rejected because %q", x.Key, x.Reason)
		}
		rejected[x.Key.String()] = true
	}
	if len(rejected) != 5 {
		t.Errorf("rejected are %v", rejected)
	}
}
