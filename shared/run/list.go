package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
	"excs/shared/sides"
)

// Listed is one object that needs somebody's eye.
type Listed struct {
	Key model.Key `json:"key"`
	// Name is the last name that Engage gave it, where a row knows it.
	Name   string    `json:"name,omitempty"`
	State  string    `json:"state"` // a mapping state, "rejected", or "being changed"
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason,omitempty"`
	EXID   string    `json:"exId,omitempty"`
	// Active says of an orphaned user that it can still log in.
	Active bool `json:"active,omitempty"`
}

// The words of List for what is in no row.
const (
	listedRejected = "rejected"
	listedHeld     = "held"
	// listedMarked is an object that a run marked and has not unmarked: its row may be about to get another desired state.
	listedMarked = "being changed"
)

const markedReason = "a run began to change it and has not come to its end: the next complete run compares it with Engage"

// List shows orphans (active users first), rejects, held, invisible, quarantined, users that are left deleted, and what waits
// because an attempt failed, because the EX Org refuses a part of it, or because somebody fights over it or paused it, each with since when and why, limited to kinds if any are given.
func (r *Runner) List(ctx context.Context, kinds []model.Kind) ([]Listed, error) {
	ctx, err := r.home(ctx)
	if err != nil {
		return nil, err
	}
	states := []mapping.State{mapping.StateOrphan, mapping.StateHeld, mapping.StateInvisible, mapping.StateQuarantined, mapping.StateWaiting, mapping.ListLeftDeleted}
	items, err := r.Table.List(ctx, states, kinds)
	if err != nil {
		return nil, fmt.Errorf("list rows: %w", err)
	}
	items = slices.DeleteFunc(items, func(i mapping.Item) bool {
		return i.State == mapping.StateWaiting && !strings.HasPrefix(i.Reason, mapping.Damped) && !strings.HasPrefix(i.Reason, mapping.Kept) && !i.Refusing() && !i.AtRest() && i.Attempts == 0
	})
	active, err := r.activeOrphans(ctx, items)
	if err != nil {
		return nil, err
	}
	list := make([]Listed, 0, len(items))
	for _, i := range items {
		list = append(list, Listed{Key: i.Key, State: string(i.State), Since: i.Since, Reason: i.Reason, EXID: i.EXID, Active: active[i.Key]})
	}
	kept, err := r.listDocuments(ctx, kinds)
	if err != nil {
		return nil, err
	}
	list = append(list, kept...)
	marked, err := r.listMarked(ctx, kinds, list)
	if err != nil {
		return nil, err
	}
	list = append(list, marked...)
	if err := r.nameListed(ctx, list); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), a.Key.Compare(b.Key))
	})
	return list, nil
}

// namedMost bounds the rows that are read for names: a list that is longer is for a spreadsheet (Report).
const namedMost = 500

// nameListed puts names beside the keys: nobody knows an object by its DBID.
func (r *Runner) nameListed(ctx context.Context, list []Listed) error {
	keys := make([]model.Key, 0, namedMost)
	for _, l := range list[:min(len(list), namedMost)] {
		keys = append(keys, nameKey(l.Key))
	}
	rows, err := r.Table.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read the names of what is listed: %w", err)
	}
	for i := range list {
		list[i].Name = rows[nameKey(list[i].Key)].Desired.Name
	}
	return nil
}

// nameKey is the key whose row has the name: a member list goes by its queue's.
func nameKey(key model.Key) model.Key {
	if key.Kind == model.KindMembers {
		return model.Key{Kind: model.KindQueue, DBID: key.DBID}
	}
	return key
}

// listMarked gives the objects that are marked as being changed and that are listed for nothing else.
func (r *Runner) listMarked(ctx context.Context, kinds []model.Kind, list []Listed) ([]Listed, error) {
	keys, err := r.Table.Marked(ctx)
	if err != nil {
		return nil, err
	}
	var marked []Listed
	for _, key := range keys {
		listed := slices.ContainsFunc(list, func(l Listed) bool { return l.Key == key })
		if !listed && (len(kinds) == 0 || slices.Contains(kinds, key.Kind)) {
			marked = append(marked, Listed{Key: key, State: listedMarked, Reason: markedReason})
		}
	}
	return marked, nil
}

// listDocuments gives the rejects and the held changes of the last whole run.
func (r *Runner) listDocuments(ctx context.Context, kinds []model.Kind) ([]Listed, error) {
	wanted := func(k model.Kind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }
	var rejects []rejected
	if err := load(ctx, r.Table, docRejects, &rejects); err != nil {
		return nil, err
	}
	var held heldDocument
	if err := load(ctx, r.Table, docHeld, &held); err != nil {
		return nil, err
	}
	var list []Listed
	for _, j := range rejects {
		if wanted(j.Key.Kind) {
			list = append(list, Listed{Key: j.Key, State: listedRejected, Since: j.Since, Reason: j.Reason})
		}
	}
	for _, h := range held.Items {
		if wanted(h.Key.Kind) && h.Version == 0 {
			list = append(list, Listed{Key: h.Key, State: listedHeld, Since: h.Since, Reason: fmt.Sprintf("%s: %s (%s)", h.Action, h.Reason, h.Code)})
		}
	}
	return list, nil
}

func (r *Runner) activeOrphans(ctx context.Context, items []mapping.Item) (map[model.Key]bool, error) {
	var users []model.Key
	for _, i := range items {
		if i.State == mapping.StateOrphan && i.Key.Kind == model.KindUser {
			users = append(users, i.Key)
		}
	}
	if len(users) == 0 {
		return nil, nil //nolint:nilnil // nobody is
	}
	rows, err := r.Table.GetMany(ctx, users)
	if err != nil {
		return nil, fmt.Errorf("read orphaned users: %w", err)
	}
	active := map[model.Key]bool{}
	for key, row := range rows {
		active[key] = row.Desired.State == model.StateActive
	}
	return active, nil
}

// rankOf puts first what can do harm: users that Engage does not know and that can still log in.
func rankOf(l Listed) int {
	switch {
	case l.Active:
		return 0
	case l.State == string(mapping.StateQuarantined):
		return 1
	case l.State == listedHeld:
		return 2
	case l.State == string(mapping.StateInvisible):
		return 3
	case l.State == listedRejected:
		return 4
	default:
		return 5
	}
}

// Status says how the tenant stands.
type Status struct {
	LastRun      int64     `json:"lastRun"`
	LastProven   time.Time `json:"lastProven,omitzero"`
	ProofFailed  int       `json:"proofFailed"`
	ProofFailure string    `json:"proofFailure,omitempty"`
	FirstPlan    time.Time `json:"firstPlan,omitzero"`
	// Org is the organisation that the first plan was approved for; OtherOrg says that credentials lead to another one, for which
	// nothing is written.
	Org      model.Org             `json:"org,omitzero"`
	OtherOrg *sides.Foreign        `json:"otherOrg,omitempty"`
	Mapped   map[model.Kind]int    `json:"mapped"`
	States   map[mapping.State]int `json:"states"`
	// BeingChanged counts the objects that a run under way, or one that died, marked as being changed: only the next whole
	// run knows whether they are converged.
	BeingChanged int `json:"beingChanged,omitempty"`
	// Oldest is since when the oldest unconverged object waits that nobody paused.
	Oldest    time.Time `json:"oldest,omitzero"`
	OldestKey model.Key `json:"oldestKey,omitzero"`
	Waiting   int       `json:"messagesWaiting"`
	InFlight  int       `json:"messagesInFlight"`
	// DeadLetters are the messages on the dead-letter queue; nil where that queue is not known.
	DeadLetters *int      `json:"deadLetters,omitempty"`
	LastPlan    *Counted  `json:"lastPlan,omitempty"`
	WentBack    time.Time `json:"wentBackSince,omitzero"`
	// Database is another database than the one that the EX Org was made from; zero: it is the same.
	Database Database `json:"database,omitzero"`
	// Runs are the last runs, the latest last.
	Runs []Ran `json:"runs,omitempty"`
	// Paused are the pauses that stand, Approvals what operators approved and no run has made yet.
	Paused    mapping.Pauses `json:"paused,omitempty"`
	Approvals []Approval     `json:"approvals,omitempty"`
	// Acts are what operators did last, the latest first.
	Acts []Act `json:"acts,omitempty"`
	// Progress says how far a load is; nil where there is none.
	Progress *Progress `json:"progress,omitempty"`
}

// Status reads how the tenant stands: the last runs, what is mapped, what is not converged, what operators decided.
func (r *Runner) Status(ctx context.Context) (Status, error) {
	ctx, known, err := r.sidesNow(ctx)
	if err != nil {
		return Status{}, err
	}
	site, err := loadSite(ctx, r.Table)
	if err != nil {
		return Status{}, err
	}
	site = known.of(site)
	s := Status{
		Org: known.record.Org, OtherOrg: known.other,
		LastRun: site.LastRun, LastProven: site.LastProven, ProofFailed: site.ProofFailed, ProofFailure: site.ProofFailure,
		FirstPlan: site.FirstPlan, Mapped: site.Mapped, States: map[mapping.State]int{}, LastPlan: site.LastPlan, WentBack: site.Memory.WentBackSince, Database: site.Database,
		Runs: site.Runs,
	}
	if s.Paused, err = r.Table.Pauses(ctx); err != nil {
		return s, err
	}
	var granted approvals
	if err := load(ctx, r.Table, docApprovals, &granted); err != nil {
		return s, err
	}
	s.Approvals = granted.open(r.Now())
	if s.Acts, err = r.Acts(ctx); err != nil {
		return s, err
	}
	items, err := r.Table.List(ctx, mapping.States(), nil)
	if err != nil {
		return s, fmt.Errorf("list rows: %w", err)
	}
	for _, i := range items {
		s.States[i.State]++
		if i.State != mapping.StateOrphan && !standsStill(i, s.Paused) && (s.Oldest.IsZero() || openSince(i).Before(s.Oldest)) {
			s.Oldest, s.OldestKey = openSince(i), i.Key
		}
	}
	s.Progress = progressOf(items, s.Mapped, s.Paused, r.Settings.Requests.PerMinute*max(1, len(r.Clients)))
	marked, err := r.Table.Marked(ctx)
	if err != nil {
		return s, err
	}
	s.BeingChanged = len(marked)
	return s, r.depths(ctx, &s)
}

// depths reads how many messages there are.
func (r *Runner) depths(ctx context.Context, s *Status) (err error) {
	if s.Waiting, s.InFlight, err = r.Queue.Depth(ctx); err != nil {
		return fmt.Errorf("read the depth of the work queue: %w", err)
	}
	if r.Dead == nil {
		return nil
	}
	waiting, inFlight, err := r.Dead.Depth(ctx)
	if err != nil {
		return fmt.Errorf("read the depth of the dead-letter queue: %w", err)
	}
	n := waiting + inFlight
	s.DeadLetters = &n
	return nil
}
