package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"excs/shared/model"
)

// hashBytes is how much of a SHA-256 an id keeps: 80 bits, so that ids of a tenant do not collide and people can still
// copy a hash by hand.
const hashBytes = 10

// ID names a change by what it does, not by the run it is in: its key, action and target, and the EX object or row that
// it takes over. The same change found again has the same ID; that is what a second read and an approval compare.
func ID(c model.Change) string {
	return digest(c.Key.String(), string(c.Action), c.Object.Fingerprint().String(), c.Adopt, c.From.String())
}

// SetHash stands for a set of ids, whatever their order; "" for the empty set. HeldHash is the SetHash of the IDs of
// what can be approved.
func SetHash(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(ids)))
	return digest(sorted...)
}

// digest hashes texts with their lengths, so that ("ab","c") and ("a","bc") differ.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(strconv.AppendInt(nil, int64(len(p)), 10))
		h.Write([]byte(":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:hashBytes])
}

// Seal puts the plan in order and computes its hashes and the guard's commands. Make does it; a caller that adds to Held
// or takes something out does it again.
func (p *Plan) Seal() {
	slices.SortStableFunc(p.Changes, func(a, b model.Change) int { return a.Key.Compare(b.Key) })
	slices.SortStableFunc(p.Held, func(a, b Held) int {
		return cmp.Or(a.Change.Key.Compare(b.Change.Key), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(p.Forget, func(a, b Forget) int { return a.Key.Compare(b.Key) })
	p.hash()
	p.command()
}

func (p *Plan) hash() {
	lines := make([]string, 0, len(p.Changes)+len(p.Held)+len(p.Forget))
	for _, c := range p.Changes {
		lines = append(lines, "do "+ID(c))
	}
	byKind := map[model.Kind][]string{}
	var all []string
	for _, h := range p.Held {
		lines = append(lines, "hold "+h.ID+" "+string(h.Code)+" "+digest(h.Parts...))
		if h.Code.Approvable() {
			byKind[h.Change.Key.Kind] = append(byKind[h.Change.Key.Kind], h.ID)
			all = append(all, h.ID)
		}
	}
	for _, f := range p.Forget {
		lines = append(lines, "forget "+f.Key.String())
	}
	slices.Sort(lines)
	p.Hash = digest(lines...)
	p.HeldHashAll = SetHash(all)
	p.HeldHash = make(map[model.Kind]string, len(byKind))
	for k, ids := range byKind {
		p.HeldHash[k] = SetHash(ids)
	}
}
