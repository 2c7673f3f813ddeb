package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"excs/shared/model"
	"excs/shared/rules"
)

// Queue: ACD Queue, Routing Queue, Virtual Queue, Routing Point (2023-07); Virtual Queue (current).
func TestQueueTypes(t *testing.T) {
	s := newSite().dn(1, "ACD", dnType(3)).dn(2, "RP", dnType(4)).dn(3, "VQ", dnType(5)).dn(4, "RQ", dnType(22)).dn(5, "Ext", dnType(1)).
		dn(6, "Gone", func(d *model.DN) { d.State = model.CfgDeleted }).dn(7, "Off", func(d *model.DN) { d.State = model.CfgDisabled })
	old := once(t, s, settings(), nil)
	old.names(map[string]string{"queue/1": "ACD", "queue/2": "RP", "queue/3": "VQ", "queue/4": "RQ", "queue/7": "Off"})
	old.absent("queue/5", "queue/6")
	current := once(t, s, rules.Default(tenant, rules.PresetCurrent), nil)
	current.names(map[string]string{"queue/3": "VQ", "queue/7": "Off"})
	current.absent("queue/1", "queue/2", "queue/4", "queue/5", "queue/6")
}

// "Queue name: the DN's alias, else number@switch"; "neither alias nor switch: the number alone; neither number: DN
// <DBID>"; "* becomes _". "Peer id of a queue: the DN's DBID in decimal".
func TestQueueName(t *testing.T) {
	for _, c := range []struct {
		dn   model.DN
		want string
	}{
		{model.DN{Alias: " Sales ", Number: "8001", Switch: "SIP"}, "Sales"},
		{model.DN{Number: " 8001", Switch: "SIP "}, "8001@SIP"},
		{model.DN{Alias: "  ", Number: "8001"}, "8001"},
		{model.DN{Switch: "SIP"}, "DN 7"},
		{model.DN{}, "DN 7"},
		{model.DN{Alias: "*Sales*"}, "_Sales_"},
		{model.DN{Number: "*77", Switch: "S*"}, "_77@S_"},
		{model.DN{Alias: "客服中心"}, "客服中心"},
		{model.DN{Alias: strings.Repeat("ż", 300)}, strings.Repeat("ż", 256)},
		{model.DN{Alias: strings.Repeat("a", 255) + " b"}, strings.Repeat("a", 255)},
	} {
		c.dn.DBID, c.dn.Type, c.dn.State = 7, 5, model.CfgEnabled
		s := newSite()
		s.DNs = []model.DN{c.dn}
		o := once(t, s, settings(), nil).object("queue/7")
		equal(t, "the name", o.Name, c.want)
		equal(t, "the peer id", o.PeerID, "7")
	}
}

// "Two that collide, compared without case and outer space, get name (number@switch)": both, if neither is mapped.
func TestQueueCollision(t *testing.T) {
	s := newSite().dn(7, "Sales").dn(9, " SALES", func(d *model.DN) { d.State = model.CfgDisabled }).dn(8, "Other")
	r := once(t, s, settings(), nil)
	r.names(map[string]string{"queue/7": "Sales (1007@SIP)", "queue/9": "SALES (1009@SIP)", "queue/8": "Other"})
	equal(t, "the base name", r.object("queue/9").Identity.BaseName, "SALES")
	r.has(r.Asks, "queue/7", "queue/9")
	r.has(r.Sticky, "queue/7", "queue/9")
}

// "One already mapped under the plain name keeps it and the newcomer gets the suffix."
func TestQueueCollisionWithMapped(t *testing.T) {
	_, rows := run(t, newSite().dn(9, "Sales"), settings(), table{})
	r, rows := run(t, newSite().dn(9, "Sales").dn(7, "sales"), settings(), rows)
	r.names(map[string]string{"queue/9": "Sales", "queue/7": "sales (1007@SIP)"})

	t.Run("a suffix stays until the alias changes", func(t *testing.T) {
		alone, rows := run(t, newSite().dn(7, "sales"), settings(), rows)
		alone.names(map[string]string{"queue/7": "sales (1007@SIP)"})
		alone.has(alone.Sticky, "queue/7")
		// The suffix follows its switch.
		moved, rows := run(t, newSite().dn(7, "sales", func(d *model.DN) { d.Switch = "SIP2" }), settings(), rows)
		moved.names(map[string]string{"queue/7": "sales (1007@SIP2)"})
		changed, rows := run(t, newSite().dn(7, "Retail"), settings(), rows)
		changed.names(map[string]string{"queue/7": "Retail"})
		changed.has(changed.Sticky)
		back, _ := run(t, newSite().dn(7, "sales"), settings(), rows)
		back.names(map[string]string{"queue/7": "sales"})
	})
	t.Run("a third one gets the suffix too when nobody has the plain name", func(t *testing.T) {
		_, rows := run(t, newSite().dn(7, "sales"), settings(), rows)
		three, _ := run(t, newSite().dn(7, "sales").dn(11, "Sales"), settings(), rows)
		three.names(map[string]string{"queue/7": "sales (1007@SIP)", "queue/11": "Sales (1011@SIP)"})
	})
	t.Run("a rename of case only is applied and keeps the plain name", func(t *testing.T) {
		upper, _ := run(t, newSite().dn(9, "SALES").dn(7, "sales"), settings(), rows)
		upper.names(map[string]string{"queue/9": "SALES", "queue/7": "sales (1007@SIP)"})
	})
	t.Run("a mapped queue that is renamed to a name that is taken", func(t *testing.T) {
		_, rows := run(t, newSite().dn(9, "Sales").dn(7, "Retail"), settings(), table{})
		renamed, _ := run(t, newSite().dn(9, "Sales").dn(7, "Sales"), settings(), rows)
		renamed.names(map[string]string{"queue/9": "Sales", "queue/7": "Sales (1007@SIP)"})
	})
	t.Run("two that swap their aliases", func(t *testing.T) {
		_, rows := run(t, newSite().dn(9, "Sales").dn(7, "Retail"), settings(), table{})
		swapped, _ := run(t, newSite().dn(9, "Retail").dn(7, "Sales"), settings(), rows)
		swapped.names(map[string]string{"queue/9": "Retail", "queue/7": "Sales"})
		swapped.noted(0, "suffix")
	})
}

// "Re-created DN: the same number and switch": what the queue was called counts for its successor.
func TestQueueRecreated(t *testing.T) {
	_, rows := run(t, newSite().dn(9, "Sales"), settings(), table{})
	_, rows = run(t, newSite().dn(9, "Sales").dn(7, "Sales"), settings(), rows)
	again := newSite().dn(7, "Sales").dn(20, "Sales", func(d *model.DN) { d.Number = "1009" })
	r, _ := run(t, again, settings(), rows)
	r.names(map[string]string{"queue/20": "Sales", "queue/7": "Sales (1007@SIP)"})

	// Of two that had the place, the younger one counts.
	older := rows[key(t, "queue/9")]
	older.Object.Key.DBID, older.Object.Name = 3, "Sales (1009@SIP)"
	rows[older.Object.Key] = older
	r, _ = run(t, again, settings(), rows)
	r.names(map[string]string{"queue/20": "Sales"})
	delete(rows, older.Object.Key)

	other := newSite().dn(7, "Sales").dn(20, "Sales")
	r, _ = run(t, other, settings(), rows)
	r.names(map[string]string{"queue/20": "Sales (1020@SIP)", "queue/7": "Sales (1007@SIP)"})
}

// Two rows of one name, which a repaired table may hold: the one with an EX queue keeps it, else the lower DBID.
func TestQueueTwoHolders(t *testing.T) {
	_, rows := run(t, newSite().dn(7, "Sales"), settings(), table{})
	_, other := run(t, newSite().dn(9, "Sales"), settings(), table{})
	a, b := rows[key(t, "queue/7")], other[key(t, "queue/9")]
	s := newSite().dn(7, "Sales").dn(9, "Sales")
	once(t, s, settings(), model.Facts{a.Object.Key: a, b.Object.Key: b}).names(map[string]string{"queue/7": "Sales", "queue/9": "Sales (1009@SIP)"})
	a.EXID = ""
	once(t, s, settings(), model.Facts{a.Object.Key: a, b.Object.Key: b}).names(map[string]string{"queue/9": "Sales", "queue/7": "Sales (1007@SIP)"})
}

// A queue whose deletion is under way holds no name: what Engage has under its DBID starts anew.
func TestQueueLeaving(t *testing.T) {
	_, rows := run(t, newSite().dn(9, "Sales"), settings(), table{})
	row := rows[key(t, "queue/9")]
	row.Leaving = true
	r := once(t, newSite().dn(9, "Sales").dn(7, "Sales"), settings(), model.Facts{row.Object.Key: row})
	r.names(map[string]string{"queue/9": "Sales (1009@SIP)", "queue/7": "Sales (1007@SIP)"})
	r.has(r.Asks, "queue/7")
}

// A row that was read twice is one object.
func TestDoubledRows(t *testing.T) {
	r := once(t, newSite().dn(9, "Sales").dn(9, "Sales").person(1).person(1).skill(5, "A").skill(5, "A"), settings(), nil)
	equal(t, "objects", len(r.Objects), 4)
	r.names(map[string]string{"queue/9": "Sales"})
	r.noRejects()
	r.noted(0, "are one")
}

// "Longer than 256 is cut before the suffix."
func TestQueueNameCutBeforeSuffix(t *testing.T) {
	long := strings.Repeat("ä", 255)
	r := once(t, newSite().dn(7, long).dn(9, strings.ToUpper(long)), settings(), nil)
	suffix := " (1007@SIP)"
	equal(t, "the name", r.object("queue/7").Name, strings.Repeat("ä", 256-len(suffix))+suffix)
}

// Sites whose numbers and switches are equal too, or whose aliases look like suffixes, still get one name a queue.
func TestQueueNamesAreUnique(t *testing.T) {
	same := func(d *model.DN) { d.Number, d.Switch = "8001", "" }
	t.Run("equal in alias, number and switch", func(t *testing.T) {
		s := newSite().dn(7, "Sales", same).dn(9, "Sales", same).dn(12, "Sales", same)
		r, rows := run(t, s, settings(), table{})
		r.names(map[string]string{"queue/7": "Sales (8001)", "queue/9": "Sales (8001, DN 9)", "queue/12": "Sales (8001, DN 12)"})
		r, _ = run(t, s.clone().without(model.KindQueue, 7), settings(), rows)
		r.names(map[string]string{"queue/9": "Sales (8001, DN 9)", "queue/12": "Sales (8001, DN 12)"})
	})
	t.Run("an alias that is another's suffix", func(t *testing.T) {
		s := newSite().dn(7, "Sales").dn(9, "sales").dn(3, "SALES (1009@SIP)")
		r, rows := run(t, s, settings(), table{})
		r.names(map[string]string{"queue/7": "Sales (1007@SIP)", "queue/3": "SALES (1009@SIP)", "queue/9": "sales (1009@SIP, DN 9)"})
		again, _ := run(t, s, settings(), rows)
		again.names(map[string]string{"queue/3": "SALES (1009@SIP)", "queue/9": "sales (1009@SIP, DN 9)"})
	})
	t.Run("one that finds no name is rejected, or keeps its last", func(t *testing.T) {
		s := newSite().dn(3, "Sales (1009@SIP)").dn(4, "Sales (1009@SIP, DN 9)").dn(7, "Sales").dn(9, "Sales")
		r, _ := run(t, s, settings(), table{})
		r.absent("queue/9", "members/9")
		r.rejected("queue/9")
		_, rows := run(t, s.clone().alterDN(9, func(d *model.DN) { d.Alias = "Retail" }), settings(), table{})
		r, _ = run(t, s, settings(), rows)
		r.names(map[string]string{"queue/9": "Retail"})
		r.has(r.Frozen, "queue/9")
	})
}

// "Another object under this DBID (queue: number and switch)": held, never written.
func TestQueueSuspect(t *testing.T) {
	_, rows := run(t, newSite().dn(7, "Sales"), settings(), table{})
	both := func(d *model.DN) { d.Number, d.Switch = "1", "PBX" }
	r, _ := run(t, newSite().dn(7, "Sales", both), settings(), rows)
	if len(r.Suspects) != 1 || r.Suspects[0].Key != key(t, "queue/7") {
		t.Fatalf("suspects: %v", r.Suspects)
	}
	// A DN's number can not be edited: where the switch was not known, it is enough. A switch alone is not.
	_, bare := run(t, newSite().dn(7, "Sales", func(d *model.DN) { d.Switch = "" }), settings(), table{})
	r, _ = run(t, newSite().dn(7, "Sales", both), settings(), bare)
	equal(t, "suspects", len(r.Suspects), 1)
	_, bare = run(t, newSite().dn(7, "Sales", func(d *model.DN) { d.Number = "" }), settings(), table{})
	r, _ = run(t, newSite().dn(7, "Sales", both), settings(), bare)
	equal(t, "suspects", len(r.Suspects), 0)
	for _, one := range []func(d *model.DN){func(d *model.DN) { d.Number = "1" }, func(d *model.DN) { d.Switch = "PBX" }, func(d *model.DN) { d.Alias = "Other" }} {
		if r, _ := run(t, newSite().dn(7, "Sales", one), settings(), rows); len(r.Suspects) > 0 {
			t.Errorf("suspects: %v", r.Suspects)
		}
	}
}

// "scope.switches"; a switch that is missing (renamed) takes no mapped queue away.
func TestScopeSwitches(t *testing.T) {
	other := func(d *model.DN) { d.Switch = "PBX" }
	s := newSite().dn(7, "Sales").dn(9, "Retail", other)
	pilot := settings(func(s *rules.Settings) { s.Scope.Switches = []string{"pbx "} })
	r, rows := run(t, s, pilot, table{})
	r.object("queue/9")
	r.absent("queue/7")
	renamed := s.clone().alterDN(9, func(d *model.DN) { d.Switch = "PBX-2" }).dn(11, "New", func(d *model.DN) { d.Switch = "PBX-2" })
	r, _ = run(t, renamed, pilot, rows)
	r.object("queue/9")
	r.absent("queue/7", "queue/11")
	r.noted(1, "scope.switches names the switch 'pbx '")
}

// "scope.queues: all|linked (queues that a user in scope serves)"; a mapped queue that nobody serves any more is emptied
// and not deleted.
func TestScopeLinkedQueues(t *testing.T) {
	s := newSite().person(1).person(2, disabled).person(3, noAgent).dn(7, "A").dn(8, "B").dn(9, "C").dn(10, "D").
		group(20, 1).group(21, 2).group(22, 3).link(20, 7).link(21, 8).link(22, 9)
	r, rows := run(t, s, settings(linked), table{})
	r.object("queue/7")
	r.object("queue/8")
	r.absent("queue/9", "queue/10", "members/9", "members/10")

	unlinked := s.clone()
	unlinked.GroupDNs = nil
	r, rows = run(t, unlinked, settings(linked), rows)
	r.members("members/7")
	r.object("queue/8")
	r.absent("queue/9")
	again, reads, _ := rows.converge(t, prove(t, &unlinked.Snapshot), settings(linked), nil)
	equal(t, "objects", len(again.Objects), len(r.Objects))
	if reads == 0 {
		t.Error("without hints the rows of the lost queues must be read")
	}
	r.has(r.Sticky, "queue/7", "queue/8", "members/7", "members/8")
}

// "Limits (5,000 queues): what would not fit is named; mapped objects stay, then by DN type 5, 3, 22, 4 and DBID; the rest
// is rejected."
func TestQueueLimit(t *testing.T) {
	five := settings(func(s *rules.Settings) { s.Limits.Queues = 5 })
	s := newSite()
	for i, typ := range []int{4, 22, 3, 5, 4, 22, 3, 5} {
		s.dn(int64(i+1), fmt.Sprint("Q", i+1), dnType(typ))
	}
	r := once(t, s, five, nil)
	for _, k := range []string{"queue/4", "queue/8", "queue/3", "queue/7", "queue/2"} {
		r.object(k)
	}
	r.absent("queue/1", "queue/5", "queue/6")
	for _, k := range []string{"queue/1", "queue/5", "queue/6"} {
		if reason := r.rejected(k); !strings.Contains(reason, "there are 8 queues and the EX Org takes 5") {
			t.Errorf("the reason: %s", reason)
		}
	}
	t.Run("mapped objects stay", func(t *testing.T) {
		_, rows := run(t, newSite().dn(1, "Q1", dnType(4)).dn(5, "Q5", dnType(4)), five, table{})
		r, rows := run(t, s, five, rows)
		for _, k := range []string{"queue/1", "queue/5", "queue/4", "queue/8", "queue/3"} {
			r.object(k)
		}
		r.absent("queue/7", "queue/2", "queue/6")
		_, first, hints := rows.converge(t, prove(t, &s.Snapshot), five, nil)
		equal(t, "rows read without hints", first, 8)
		again, reads, _ := rows.converge(t, prove(t, &s.Snapshot), five, hints)
		equal(t, "rows read with hints", reads, 0)
		same(t, "objects", again.Objects, r.Objects)
	})
	t.Run("more mapped than fit: they all stay, nothing new comes", func(t *testing.T) {
		_, rows := run(t, s, settings(), table{})
		r, _ := run(t, s.clone().dn(99, "New"), five, rows)
		equal(t, "objects", len(r.Objects), 1+8)
		r.rejected("queue/99")
	})
}
