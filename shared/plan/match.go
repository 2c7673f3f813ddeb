package plan

import (
	"slices"

	"excs/shared/model"
)

// FindMatches finds the EX Org objects that new Engage objects would adopt: by external id, then by peer id, then by
// e-mail, then by name, the last two without case and outer space. A stronger way wins over all objects, so that an EX
// user with the external id of one Person is never matched by the address of another. No EX object is given twice, but
// for names that are one: an object with SameAs gets what its owner got.
//
//	kind                         ways
//	user                         external id; e-mail (a deleted user too, to be restored, if no living one has the address)
//	queue                        peer id; name
//	source, skill, language, code   name (deleted skills and languages never)
//
// The external ids in observed are those under EXCS's authority. Owners are filled in by the caller.
func FindMatches(objects []model.Object, observed []model.Observed) map[model.Key]Match {
	f := finder{matches: map[model.Key]Match{}, used: map[exRef]bool{}, objects: slices.Clone(objects)}
	slices.SortFunc(f.objects, func(a, b model.Object) int { return a.Key.Compare(b.Key) })
	f.pass(ByExternalID, observed, externalIDs, func(o model.Object) string { return o.ExternalKey })
	f.pass(ByPeerID, observed, peerID, func(o model.Object) string { return o.PeerID })
	f.pass(ByEmail, observed, email, func(o model.Object) string { return model.Fold(o.Email) })
	f.pass(ByName, observed, name, nameFeature)
	for _, o := range f.objects {
		if o.SameAs == 0 {
			continue
		}
		if m, ok := f.matches[model.Key{Kind: o.Key.Kind, DBID: o.SameAs}]; ok {
			f.matches[o.Key] = m
		}
	}
	return f.matches
}

type exRef struct {
	kind model.Kind
	id   string
}

type finder struct {
	objects []model.Object
	matches map[model.Key]Match
	used    map[exRef]bool
}

// pass matches every object that has no match yet by one way. Of several EX objects with the same value the preferred one is
// taken.
func (f *finder) pass(by By, observed []model.Observed, values func(model.Observed) []string, value func(model.Object) string) {
	byValue := map[exRef][]model.Observed{}
	for _, o := range observed {
		for _, v := range values(o) {
			if v != "" {
				byValue[exRef{o.Kind, v}] = append(byValue[exRef{o.Kind, v}], o)
			}
		}
	}
	for _, o := range f.objects {
		if _, done := f.matches[o.Key]; done || o.SameAs != 0 {
			continue
		}
		v := value(o)
		if v == "" {
			continue
		}
		found := slices.DeleteFunc(slices.Clone(byValue[exRef{o.Key.Kind, v}]), func(x model.Observed) bool {
			return f.used[exRef{x.Kind, x.EXID}] || KnownBy(o, x) == ""
		})
		if len(found) == 0 {
			continue
		}
		best := slices.MinFunc(found, func(a, b model.Observed) int { return preferred(o, a, b) })
		f.used[exRef{best.Kind, best.EXID}] = true
		f.matches[o.Key] = Match{Observed: best, By: by}
	}
}

// prefer sorts true before false.
func prefer(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

func externalIDs(o model.Observed) []string {
	if o.Kind != model.KindUser {
		return nil
	}
	return o.ExternalKeys
}

func peerID(o model.Observed) []string {
	if o.Kind != model.KindQueue {
		return nil
	}
	return []string{o.PeerID}
}

func email(o model.Observed) []string {
	if o.Kind != model.KindUser {
		return nil
	}
	return []string{model.Fold(o.Email)}
}

// name is never a way to find a user: people share names. Members have no name of their own.
func name(o model.Observed) []string {
	if o.Kind == model.KindUser || o.Kind == model.KindMembers || o.Deleted {
		return nil
	}
	return []string{model.Fold(o.Name)}
}
