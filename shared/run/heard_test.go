package run_test

import (
	"testing"

	"excs/shared/exorg/exorgtest"
)

// For each kind whose changes FACTS X14 proves to be audited (users, queues with their members, wrap-up codes; and
// skills and languages, where the organisation audits them): deleted in the EX Org, or changed in a controlled field, it is
// back within one notification, with everything that hung on it. No run and no verify takes part. The Source, a user's
// skills and a user's external ids have no event: verify finds them (shared/verify, TestDeletedComesBack and
// TestDriftIsUndone).
func TestBackWithinOneNotification(t *testing.T) {
	t.Parallel()
	rename := func(raw map[string]any) { raw["name"] = "Changed by hand" }
	for _, c := range []struct {
		name string
		harm func(*house) error
		org  []exorgtest.Option
	}{
		{name: "user deleted", harm: func(h *house) error { return h.org.DeleteUser(h.user(mail("Ann")).ID) }},
		{name: "user made inactive", harm: func(h *house) error { return h.org.DeactivateUser(h.user(mail("Bob")).ID) }},
		{name: "user renamed", harm: func(h *house) error { return h.org.EditUser(h.user(mail("Bob")).ID, rename) }},
		{name: "user's address changed", harm: func(h *house) error {
			return h.org.EditUser(h.user(mail("Bob")).ID, func(raw map[string]any) { raw["email"] = "by.hand@elsewhere.example" })
		}},
		{name: "queue deleted", harm: func(h *house) error { return h.org.DeleteQueue(h.queue("Virtual").ID) }},
		{name: "queue renamed", harm: func(h *house) error { return h.org.EditQueue(h.queue("Virtual").ID, rename) }},
		{name: "queue's peer id changed", harm: func(h *house) error {
			return h.org.EditQueue(h.queue("Virtual").ID, func(raw map[string]any) { raw["peerId"] = "999999" })
		}},
		{name: "member removed", harm: func(h *house) error {
			return h.org.RemoveMembers(h.queue("Virtual").ID, h.user(mail("Ann")).ID)
		}},
		{name: "mapped member added", harm: func(h *house) error {
			return h.org.AddMembers(h.queue("Loose and linked").ID, h.user(mail("Cy")).ID)
		}},
		{name: "wrap-up code deleted", harm: func(h *house) error { return h.org.DeleteCode(h.code("Resolved").ID) }},
		{name: "wrap-up code renamed", harm: func(h *house) error { return h.org.EditCode(h.code("Resolved").ID, rename) }},
		{name: "skill deleted", org: []exorgtest.Option{exorgtest.WithSkillAudit(true)},
			harm: func(h *house) error { return h.org.DeleteSkill(h.skill("Billing").ID) }},
		{name: "language deleted", org: []exorgtest.Option{exorgtest.WithSkillAudit(true)},
			harm: func(h *house) error { return h.org.DeleteLanguage(h.language("English").ID) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := desk(t)
			f := furnish(t, site)
			f.queue("Loose and linked", 5, site.Groups[0].DBID)
			h := lot{site: site, org: c.org}.build(t).settled()
			since := h.seq()
			h.do(c.harm(h))
			h.hear(since)
			h.rest()
			h.equal()
			h.wantNone("quarantined", "held", "invisible")
			h.quiet(2)
		})
	}
}
