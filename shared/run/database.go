package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"excs/shared/mapping"
	"excs/shared/model"
)

// Known is what the site knows of the identities that are remembered. They stand in documents of their own, which a run
// without changes does not read.
type Known struct {
	Buckets int    `json:"buckets"`
	Sum     string `json:"sum"`
}

// Database is another database than the one that the EX Org was made from, as it was first seen.
type Database struct {
	// Hash accepts it: sync {"action":"approve"}. It stands for the tenant and for what was first read of it.
	Hash string `json:"hash"`
	// Why says what is another.
	Why   string    `json:"why"`
	Since time.Time `json:"since"`
	// Accepted is when an operator accepted it; zero: nothing is done.
	Accepted time.Time `json:"accepted,omitzero"`
	By
	// Kept says that what it takes the place of was put aside, so that a return needs no approval.
	Kept bool `json:"kept,omitempty"`
}

// Waits says whether everything is held until an operator accepts the database.
func (d Database) Waits() bool { return d.Hash != "" && d.Accepted.IsZero() }

// recognition is what a run found out about where its snapshot came from.
type recognition struct {
	now, was identities
	// database says why it is another one that nobody accepted; seen are its identities if this read is the first of it.
	database string
	seen     identities
	// instead says that the snapshot takes the place of what is remembered, which is to be put aside.
	instead bool
}

// recognise compares who the mapped Persons are, and which the mapped DNs, with what is remembered.
func (r *Runner) recognise(ctx context.Context, d *draft) error {
	x := &d.recognition
	x.now = identitiesOf(d.snapshot)
	guess := identities{}
	for key := range d.identified() {
		if row, there := x.now[key]; there {
			guess[key] = row
		}
	}
	var err error
	if x.was, err = remembered(ctx, r.Table, d.site.Identities, guess); err != nil {
		return err
	}
	why := x.was.another(x.now)
	if why == "" {
		d.site.Database = Database{}
		return nil
	}
	x.database, err = r.another(ctx, d, why)
	return err
}

// another deals with a database that is another one, and says why everything is held. As long as nobody accepted it,
// nothing of it is believed or remembered but what it is known by. A return to the one that it took the place of needs no
// approval.
func (r *Runner) another(ctx context.Context, d *draft, why string) (held string, err error) {
	x, known, same := &d.recognition, &d.site.Database, false
	if known.Hash != "" {
		if same, err = r.agrees(ctx, docOther, x.now); err != nil {
			return "", err
		}
	}
	if !same {
		former, err := r.agrees(ctx, docFormer, x.now)
		if err != nil {
			return "", err
		}
		x.seen = x.now
		*known = Database{Hash: databaseHash(d.snapshot, x.now), Since: d.at}
		if former {
			known.Accepted = d.at
		}
	}
	known.Why = why
	switch {
	case known.Waits():
		d.site.Memory, d.site.EmptySince = d.before.Memory, d.before.EmptySince
		return fmt.Sprintf("%s (first seen at %s): everything is held until it is accepted under its own hash, %s", why, known.Since.UTC().Format(time.RFC3339), known.Hash), nil
	case known.Kept:
		return "", nil
	default:
		known.Kept, x.instead = true, true
		return "", r.believe(d)
	}
}

// agrees says whether the rows are of the database whose identities the document holds; no document agrees with nothing.
func (r *Runner) agrees(ctx context.Context, name string, now identities) (bool, error) {
	was, err := loadIdentities(ctx, r.Table, name)
	if err != nil {
		return false, err
	}
	return len(was) > 0 && was.another(now) == "", nil
}

// believe proves the read anew without the highest DBIDs, which are the other database's.
func (r *Runner) believe(d *draft) error {
	memory := d.before.Memory
	memory.Highest, memory.Total, memory.Newest = nil, nil, nil
	proof, after, err := model.Prove(d.snapshot, d.counts, memory, r.Settings.SecondRead.Kind, d.at)
	if err != nil {
		return err
	}
	for kind, why := range d.proof.DoubtedKinds() {
		proof = proof.Doubting(kind, why)
	}
	d.proof, d.site.Memory = proof, after
	return nil
}

func databaseHash(s *model.Snapshot, rows identities) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "database %d %q %s", s.Tenant.DBID, s.Tenant.Name, rows.sum()))
	return hex.EncodeToString(sum[:10])
}

// identified are the mapped keys that have an identity: those of the index when the run began.
func (d *draft) identified() map[model.Key]bool {
	keys := map[model.Key]bool{}
	for _, o := range d.result.Objects {
		if (o.Key.Kind == model.KindUser || o.Key.Kind == model.KindQueue) && d.indexed(o.Key) {
			keys[o.Key] = true
		}
	}
	for _, k := range d.lost {
		if k.Kind == model.KindUser || k.Kind == model.KindQueue {
			keys[k] = true
		}
	}
	return keys
}

// setAside writes down what another database was first seen as, and what an accepted one takes the place of. It comes before
// the site says so and before anything that is remembered is overwritten: a run that dies in between, or is one of some kinds
// or keys, loses neither.
func (r *Runner) setAside(ctx context.Context, run int64, x recognition) error {
	if x.seen != nil {
		if err := saveIdentities(ctx, r.Table, docOther, run, x.seen); err != nil {
			return err
		}
	}
	if !x.instead {
		return nil
	}
	return saveIdentities(ctx, r.Table, docFormer, run, x.was)
}

// rememberDatabase writes what the next run recognises the database by. A read that was not accepted, or of which not
// everything is believed, leaves what is remembered as it is.
func (r *Runner) rememberDatabase(ctx context.Context, run int64, d *draft, whole bool) error {
	x := &d.recognition
	if !whole || x.database != "" || d.proof.WentBack() != "" {
		return nil
	}
	known, err := x.was.remember(ctx, r.Table, run, d.site.Identities, d.believed())
	if err != nil {
		return err
	}
	d.site.Identities = known
	return nil
}

// believed are the identities of what is mapped once the plan is carried out. Somebody else whose change is held, and who
// is gone and held, are remembered as who they were.
func (d *draft) believed() identities {
	keys, changed := d.identified(), map[model.Key]bool{}
	for key, f := range d.plan.Index() {
		changed[key] = true
		if key.Kind == model.KindUser || key.Kind == model.KindQueue {
			keys[key] = f != 0
		}
	}
	next := identities{}
	for key, mapped := range keys {
		was, known := d.recognition.was[key]
		now, there := d.recognition.now[key]
		switch {
		case !mapped:
		case known && (!there || was.isOther(now) && !changed[key]):
			next[key] = was
		case there:
			next[key] = now.after(was)
		}
	}
	return next
}

// acceptDatabase accepts another database by its own hash; false: the hash is not one.
func (r *Runner) acceptDatabase(ctx context.Context, run int64, hash string, by By) (Decision, bool, error) {
	site, err := loadSite(ctx, r.Table)
	if err != nil || hash == "" || site.Database.Hash != hash {
		return Decision{}, false, err
	}
	site.Database.Accepted, site.Database.By = r.Now(), by
	if err := save(ctx, r.Table, docSite, run, site); err != nil {
		return Decision{}, true, err
	}
	r.acted(ctx, mapping.ActionApprove, "the database "+hash, by)
	r.Log.InfoContext(ctx, "approved", "run", run, "hash", hash, "database", true, "who", by.Who, "note", by.Note)
	return Decision{Database: true, Next: "the next run plans from this database; the guard applies, and what it holds needs an approval of its own"}, true, nil
}
