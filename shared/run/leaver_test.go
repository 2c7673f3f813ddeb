package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"excs/shared/engage/engagetest"
	"excs/shared/model"
	"excs/shared/rules"
)

// A group whose expression does not parse keeps its agents in a queue, not somebody who is disabled, deleted or out of
// scope: he leaves on his own account, whichever group had put him there.
func TestALeaverLeavesAQueueOfUnknownAgents(t *testing.T) {
	t.Parallel()
	leave := map[string]func(h *house){
		"disabled": func(h *house) {
			h.do(h.SetPersonState(h.ctx, h.person("Bob").DBID, engagetest.StateDisabled))
		},
		"deleted": func(h *house) { h.do(h.Fire(h.ctx, h.person("Bob").DBID)) },
		"out of scope": func(h *house) {
			h.do(h.RemoveMember(h.ctx, h.group("Pilot").DBID, h.person("Bob").DBID))
		},
	}
	for _, preset := range rules.Presets() {
		for name, left := range leave {
			t.Run(string(preset)+"/"+name, func(t *testing.T) {
				t.Parallel()
				site := desk(t)
				f := furnish(t, site)
				pilot, virtual := f.group("Pilot"), int64(0)
				for _, p := range site.Persons {
					f.do(f.e.AddMember(t.Context(), pilot, p.DBID))
				}
				for _, d := range site.DNs {
					if d.Alias == "Virtual" {
						virtual = d.DBID
					}
				}
				odd := f.group("Odd")
				f.do(f.e.SetScript(t.Context(), odd, `Skill("Sales")>=3`))
				f.do(f.e.Link(t.Context(), odd, virtual))
				h := lot{site: site, preset: preset, settings: func(s *rules.Settings) { s.Scope.Groups = []string{"Pilot"} }}.build(t)
				h.run()
				h.pass(10 * time.Minute)
				h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
				h.do(h.SetScript(h.ctx, odd, `Skill("Sales">=`))
				// Cy is in the queue by the broken expression alone.
				h.do(h.RemoveMember(h.ctx, h.group("Back").DBID, h.person("Cy").DBID))
				h.run()
				h.wantMembers("Virtual", "Ann Agent", "Bob Agent", "Cy Agent")
				left(h)
				h.run()
				h.wantMembers("Virtual", "Ann Agent", "Cy Agent")
				h.run() // whoever was deactivated becomes an orphan
				h.quiet(2)
				h.pass(10 * time.Minute)
				h.do(h.SetScript(h.ctx, odd, `Skill("Sales")>=9`))
				h.run()
				h.wantMembers("Virtual", "Ann Agent")
			})
		}
	}
}

// An option that is blank is no expression; that it empties a queue is said.
func TestABlankScriptIsReported(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{" \t": "is blank", `Skill("Billing")>=10`: "accepts no agent"} {
		h := lot{}.build(t).settled()
		h.do(h.SetScript(h.ctx, h.group("Experts").DBID, script))
		report := h.run()
		if !slices.ContainsFunc(report.Plan.Notes, func(n model.Note) bool {
			return strings.Contains(n.Text, "'Experts'") && strings.Contains(n.Text, want) && strings.Contains(n.Text, "are emptied")
		}) {
			t.Errorf("script %q: nothing says %q: %v", script, want, report.Plan.Notes)
		}
	}
}
