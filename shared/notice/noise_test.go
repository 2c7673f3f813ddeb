package notice_test

import (
	"slices"
	"testing"

	"excs/shared/model"
	"excs/shared/notice"
)

func update(kind model.Kind, properties ...string) notice.Notice {
	return notice.Notice{Kind: kind, EXID: "X", Action: notice.ActionUpdate, Properties: properties}
}

// What is noise, and why.
func TestNoise(t *testing.T) {
	members := func(n notice.Notice) notice.Notice { n.Memberships = true; return n }
	aside := func(n notice.Notice) notice.Notice { n.Memberships, n.Aside = true, true; return n }
	moved := notice.Notice{Kind: model.KindQueue, Action: notice.ActionMembers, Memberships: true}
	cases := []struct {
		name string
		n    notice.Notice
		want notice.Reason
	}{
		{"an entity that is no kind", notice.Notice{Entity: "OAuthClient", Action: notice.ActionDelete}, notice.ReasonForeign},
		{"only the version", update(model.KindUser, "version", "dateModified"), notice.ReasonVersion},
		{"presence moves the version too", update(model.KindUser, "version", "presence"), notice.ReasonPresence},
		{"the routing status", update(model.KindUser, "routingStatus.status"), notice.ReasonPresence},
		{"a log-in", update(model.KindUser, "dateLastLogin", "version"), notice.ReasonLogin},
		{"spelling does not matter", update(model.KindUser, "date_last_login", "Last-Token-Issued/dateIssued"), notice.ReasonLogin},
		{"a title", update(model.KindUser, "version", "title"), notice.ReasonUncontrolled},
		{"roles", update(model.KindUser, "roles"), notice.ReasonUncontrolled},
		{"media settings of a queue", update(model.KindQueue, "mediaSettings.call.alerting"), notice.ReasonUncontrolled},
		{"the division of a queue", update(model.KindQueue, "divisionId"), notice.ReasonUncontrolled},
		{"the description of a code", update(model.KindWrapUpCode, "description"), notice.ReasonUncontrolled},
		{"the division of a skill", update(model.KindSkill, "divisionId", "version"), notice.ReasonUncontrolled},
		{"wrap-up codes of a queue", notice.Notice{Kind: model.KindQueue, Action: notice.ActionCodes}, notice.ReasonCodes},
		{"an agent joins", aside(notice.Notice{Kind: model.KindQueue, Action: notice.ActionMembers}), notice.ReasonJoined},
		{"an agent joins, told as an update of the queue", aside(update(model.KindQueue, "version")), notice.ReasonJoined},
		{"joined alone", update(model.KindQueue, "joined"), notice.ReasonJoined},

		{"the state of a user", update(model.KindUser, "version", "state"), ""},
		{"the division of a user is controlled", update(model.KindUser, "divisionId"), ""},
		{"an e-mail address may stand among the addresses", update(model.KindUser, "addresses"), ""},
		{"skills", update(model.KindUser, "routingSkills"), ""},
		{"presence of a queue is nothing known", update(model.KindQueue, "presence"), ""},
		{"the peer id of a queue", update(model.KindQueue, "description", "peerId"), ""},
		{"an unknown property", update(model.KindUser, "version", "shoeSize"), ""},
		{"an update that names no property", update(model.KindUser), ""},
		{"a property without a name", update(model.KindUser, ""), ""},
		{"two words of the list are no word", update(model.KindUser, "title department"), notice.ReasonUncontrolled},
		{"a member came", moved, ""},
		{"a member came and a setting changed", members(update(model.KindQueue, "description")), ""},
		{"an agent joins and the queue has a new name", aside(update(model.KindQueue, "name")), ""},
		{"a new object", notice.Notice{Kind: model.KindUser, Action: notice.ActionCreate, Properties: []string{"version"}}, ""},
		{"a deletion", notice.Notice{Kind: model.KindQueue, Action: notice.ActionDelete, Properties: []string{"version"}, Memberships: true, Aside: true}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.n.Noise(); got != c.want {
				t.Errorf("noise %q, want %q", got, c.want)
			}
			if noisy := c.n.Noise() != ""; noisy != (len(c.n.Looks()) == 0) {
				t.Errorf("noise %q looks at %v", c.n.Noise(), c.n.Looks())
			}
		})
	}
}

// Which keys a notice is about.
func TestLooks(t *testing.T) {
	queue, members := model.KindQueue, model.KindMembers
	with := func(n notice.Notice, aside bool) notice.Notice { n.Memberships, n.Aside = true, aside; return n }
	cases := []struct {
		name string
		n    notice.Notice
		want []model.Kind
	}{
		{"a user", update(model.KindUser, "state"), []model.Kind{model.KindUser}},
		{"a queue", update(queue, "name"), []model.Kind{queue}},
		{"members", notice.Notice{Kind: queue, Action: notice.ActionMembers, Memberships: true}, []model.Kind{members}},
		{"members and a setting of the queue", with(update(queue, "description"), false), []model.Kind{members}},
		{"members and the queue's name", with(update(queue, "name"), false), []model.Kind{queue, members}},
		{"who is joined, and the queue's name", with(update(queue, "name"), true), []model.Kind{queue}},
		{"a deleted queue: its members follow by themselves", with(notice.Notice{Kind: queue, Action: notice.ActionDelete}, false), []model.Kind{queue}},
		{"noise", update(queue, "version"), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.n.Looks(); !slices.Equal(got, c.want) {
				t.Errorf("looks %v, want %v", got, c.want)
			}
		})
	}
}

// Which notices may make a foreign object resemble one of Engage's.
func TestIdentifies(t *testing.T) {
	for _, c := range []struct {
		n    notice.Notice
		want bool
	}{
		{notice.Notice{Kind: model.KindUser, Action: notice.ActionCreate}, true},
		{update(model.KindQueue, "description", "name"), true},
		{update(model.KindQueue, "peerId"), true},
		{update(model.KindUser, "email"), true},
		{update(model.KindUser, "state"), false},
		{update(model.KindUser), false},
		{notice.Notice{Kind: model.KindQueue, Action: notice.ActionDelete, Properties: []string{"name"}}, false},
		{notice.Notice{Kind: model.KindQueue, Action: notice.ActionMembers, Properties: []string{"name"}}, false},
	} {
		if got := c.n.Identifies(); got != c.want {
			t.Errorf("%+v identifies: %v", c.n, got)
		}
	}
}
