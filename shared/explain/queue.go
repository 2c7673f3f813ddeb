package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"excs/shared/model"
	"excs/shared/rules"
	"excs/shared/translate/expression"
)

func dnType(t int) string {
	switch t {
	case model.DNACDQueue:
		return "ACD Queue"
	case model.DNRoutingPoint:
		return "Routing Point"
	case model.DNVirtualQueue:
		return "Virtual Queue"
	case model.DNRoutingQueue:
		return "Routing Queue"
	default:
		return "type " + strconv.Itoa(t)
	}
}

// tellQueue explains a queue.
func (w *work) tellQueue() {
	d := w.dn()
	if d != nil {
		w.tellDN(d)
	}
	w.field(model.FieldName, string(rules.Controlled), queueNameRule(w.desired, d), w.desired.Name, w.seen.Name)
	w.field(model.FieldPeerID, string(rules.Controlled), "the DN's DBID in decimal", w.desired.PeerID, w.seen.PeerID)
	w.note("if the DN is deleted in Engage: %s", queueOnDelete(w.Settings.OnDeleteOf(model.KindQueue, w.desired.Identity.DNType)))
}

func (w *work) tellDN(d *model.DN) {
	w.source(model.TableDN, dbid(d.DBID), dnType(d.Type), quote("number", d.Number), quote("alias", d.Alias), quote("switch", d.Switch), cfgState(d.State))
}

func queueOnDelete(d rules.OnDelete) string {
	switch d {
	case rules.Delete:
		return "the EX queue is deleted"
	case rules.Empty:
		return "the EX queue stays and loses its members"
	default:
		return "the EX queue is left to the administrator, as an orphan"
	}
}

func queueNameRule(o model.Object, d *model.DN) string {
	if d == nil {
		return gone
	}
	number, at := strings.TrimSpace(d.Number), strings.TrimSpace(d.Switch)
	rule := ""
	switch {
	case strings.TrimSpace(d.Alias) != "":
		rule = "the DN's alias"
	case number == "":
		rule = "the DBID: the DN has neither an alias nor a number"
	case at == "":
		rule = "the DN's number: it has neither an alias nor a switch"
	default:
		rule = "number@switch: the DN has no alias"
	}
	if strings.Contains(d.Alias+number+at, "*") {
		rule += ", with _ for the *, which the EX Org forbids"
	}
	return rule + suffixRule(o)
}

// suffixRule says why a queue's name is not its base name.
func suffixRule(o model.Object) string {
	switch base := o.Identity.BaseName; {
	case base == "" || o.Name == base:
		return ""
	case strings.HasSuffix(o.Name, ")"):
		return ", with a suffix: another queue has the name without it, or had when the suffix was given"
	default:
		return ", as it was when the name was free"
	}
}

// tellMembers explains the member list of a queue.
func (w *work) tellMembers() {
	if d := w.dn(); d != nil {
		w.tellDN(d)
	}
	rule := "enabled agents, who are users, of the agent groups that list the queue among their Origination DNs"
	if w.snapshot != nil {
		if n := w.tellGroups(); n == 0 {
			rule = "no agent group lists the queue any more: it is emptied"
		}
	}
	if w.desired.AddOnly {
		rule += "; an expression does not parse, so nobody leaves"
	}
	w.field(model.FieldMembers, string(w.Settings.Members.Control), rule, w.users(w.desired.Members), w.exUsers())
}

// tellGroups lists the groups that list the queue, with what each brings.
func (w *work) tellGroups() int {
	lists, agents := map[int64]bool{}, map[int64]int{}
	for _, l := range w.snapshot.GroupDNs {
		if l.DN == w.key.DBID {
			lists[l.Group] = true
		}
	}
	for _, m := range w.snapshot.GroupAgents {
		agents[m.Group]++
	}
	groups := w.groups(func(dbid int64) bool { return lists[dbid] })
	for _, g := range groups {
		w.source(model.TableGroup, dbid(g.DBID), quote("name", g.Name), cfgState(g.State), groupBrings(g, agents[g.DBID], w.Settings.Members.Union))
	}
	return len(groups)
}

func groupBrings(g model.Group, agents int, union bool) string {
	explicit := fmt.Sprintf("%d explicit agents", agents)
	switch {
	case g.State == model.CfgDisabled:
		return "brings nobody: it is disabled"
	case !g.HasScript || strings.TrimSpace(g.Script) == "":
		return explicit
	}
	text := "everyone whom the expression " + strconv.Quote(g.Script) + " accepts"
	if _, err := expression.Parse(g.Script); err != nil {
		text = fmt.Sprintf("an expression that does not parse: %v", err)
	}
	if union {
		return text + ", and " + explicit
	}
	return text
}

// membersShown is how many members a line names.
const membersShown = 40

func (w *work) users(dbids []int64) string {
	names := make([]string, 0, len(dbids))
	for _, d := range dbids {
		names = append(names, model.Key{Kind: model.KindUser, DBID: d}.String())
	}
	return some(names)
}

// exUsers names the members that the EX Org shows, by key where they are EXCS's.
func (w *work) exUsers() string {
	byID := map[string]model.Key{}
	for key, row := range w.refs {
		if key.Kind == model.KindUser && row.EXID != "" {
			byID[row.EXID] = key
		}
	}
	names := make([]string, 0, len(w.seen.Members))
	others := 0
	for _, id := range w.seen.Members {
		if key, ok := byID[id]; ok {
			names = append(names, key.String())
		} else {
			others++
		}
	}
	slices.Sort(names)
	text := some(names)
	if others > 0 {
		text += fmt.Sprintf(" and %d whom Engage does not put there", others)
	}
	return strings.TrimSpace(text)
}

func some(names []string) string {
	n := len(names)
	text := strings.Join(names[:min(n, membersShown)], ", ")
	if n > membersShown {
		text += fmt.Sprintf(" and %d more", n-membersShown)
	}
	return text
}
