package run_test

import (
	"net/http"
	"strings"
	"testing"

	"excs/shared/exorg/exorgtest"
	"excs/shared/model"
	"excs/shared/run"
)

// The report tells what is to be corrected, where, and by the names and numbers that administrators know: what cannot be built, what the EX Org
// refuses, who was left behind and can still log in. It writes nothing.
func TestTheReportForAdministrators(t *testing.T) {
	t.Parallel()
	h := lot{}.build(t).settled()
	ann, bob := h.person("Ann"), h.person("Bob")
	h.do(h.Fire(h.ctx, ann.DBID))
	h.do(h.ChangeEmail(h.ctx, bob.DBID, "cy@northwind.example"))
	h.org.Fail(exorgtest.Fault{Method: http.MethodPatch, Path: "/routingskills/bulk", Status: http.StatusBadRequest, Code: "invalid.value", Message: "no such skill"})
	h.do(h.ChangeLevel(h.ctx, h.person("Cy").DBID, h.engageSkill("Billing").DBID, 1))
	h.busy(3)
	writes := h.org.Totals().Writes
	list, err := h.Runner.Report(h.ctx, nil)
	h.do(err)
	if n := h.org.Totals().Writes; n != writes {
		t.Errorf("it wrote %d times", n-writes)
	}
	find := func(what string, key model.Key) run.Finding {
		t.Helper()
		for _, f := range list {
			if f.What == what && f.Key == key {
				return f
			}
		}
		t.Fatalf("no %q for %s in %+v", what, key, list)
		return run.Finding{}
	}
	if f := find(run.FindingActiveOrphan, userKey(ann.DBID)); f.Name != "Ann Agent" || f.Correct != "EX Org" || f.EXID == "" || list[0] != f {
		t.Errorf("the leaver is %+v, first is %+v", f, list[0])
	}
	if f := find(run.FindingRejected, userKey(bob.DBID)); f.Name != "Bob Agent" || f.Number == "" || f.Correct != "Engage" || !strings.Contains(f.Reason, "has the same e-mail address") {
		t.Errorf("the reject is %+v", f)
	}
	if f := find(run.FindingRefused, userKey(h.person("Cy").DBID)); !strings.Contains(f.Reason, "no such skill") || !strings.HasPrefix(f.Reason, "skills ") {
		t.Errorf("the refused part is %+v", f)
	}
	queues, err := h.Runner.Report(h.ctx, []model.Kind{model.KindQueue, model.KindMembers})
	h.do(err)
	for _, f := range queues {
		if f.Key.Kind == model.KindUser {
			t.Errorf("a report on queues tells of %s", f.Key)
		}
	}
}
