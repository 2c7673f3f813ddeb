package translate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"excs/shared/model"
)

// record holds what a translation has found out so far, and the facts that it may look back at.
type record struct {
	facts    model.Facts
	objects  []model.Object
	rejected []model.Reject
	noted    []model.Note
	suspects []model.Reject
	asked    map[model.Key]bool
	stuck    map[model.Key]bool
	froze    map[model.Key]bool
}

func newRecord(f model.Facts) *record {
	return &record{facts: f, asked: map[model.Key]bool{}, stuck: map[model.Key]bool{}, froze: map[model.Key]bool{}}
}

// row gives the key's row, if the facts have one. A row whose EX object is on its way out is none: nothing that it holds
// is there to be kept.
func (r *record) row(key model.Key) (model.Known, bool) {
	k, given := r.facts[key]
	return k, given && !k.Object.Key.IsZero() && !k.Leaving
}

// mapped is row without orphans: an orphan that Engage offers nothing usable for stays an orphan.
func (r *record) mapped(key model.Key) (model.Known, bool) {
	k, ok := r.row(key)
	return k, ok && !k.Orphan
}

// consult says that the key's row decides: the caller is asked for it if the facts are silent, and keeps it as a hint.
func (r *record) consult(key model.Key) {
	if _, given := r.facts[key]; !given {
		r.asked[key] = true
	}
	r.stuck[key] = true
}

func (r *record) stick(key model.Key) { r.stuck[key] = true }

func (r *record) freeze(key model.Key) {
	r.stuck[key] = true
	r.froze[key] = true
}

func (r *record) emit(o model.Object) {
	o.Normalize()
	r.objects = append(r.objects, o)
}

func (r *record) reject(key model.Key, format string, args ...any) {
	r.rejected = append(r.rejected, model.Reject{Key: key, Reason: fmt.Sprintf(format, args...)})
}

// rejectUnreadable rejects an object that is called by bytes that are no text; a mapped one stays as it is.
func (r *record) rejectUnreadable(key model.Key, label string) {
	r.reject(key, "%s: its names are no text in the encoding that was declared or detected: set encoding in the Engage secret, or enter them again in Engage", label)
}

func (r *record) note(key model.Key, format string, args ...any) {
	r.noted = append(r.noted, model.Note{Key: key, Text: fmt.Sprintf(format, args...)})
}

func (r *record) suspect(key model.Key, format string, args ...any) {
	r.stuck[key] = true
	r.suspects = append(r.suspects, model.Reject{Key: key, Reason: fmt.Sprintf(format, args...)})
}

func (r *record) result() Result {
	slices.SortFunc(r.objects, func(a, b model.Object) int { return a.Key.Compare(b.Key) })
	byReason := func(a, b model.Reject) int { return cmp.Or(a.Key.Compare(b.Key), strings.Compare(a.Reason, b.Reason)) }
	slices.SortFunc(r.rejected, byReason)
	slices.SortFunc(r.suspects, byReason)
	slices.SortFunc(r.noted, func(a, b model.Note) int { return cmp.Or(a.Key.Compare(b.Key), strings.Compare(a.Text, b.Text)) })
	return Result{
		Objects: r.objects, Rejects: r.rejected, Notes: slices.Compact(r.noted), Suspects: r.suspects,
		Asks: sortedKeys(r.asked), Sticky: sortedKeys(r.stuck), Frozen: sortedKeys(r.froze),
	}
}

func sortedKeys(keys map[model.Key]bool) []model.Key {
	return slices.SortedFunc(maps.Keys(keys), model.Key.Compare)
}

func compare(a, b int64) int { return cmp.Compare(a, b) }

// longestList is how many names a message gives before it counts the rest.
const longestList = 20

// some writes the first of many for a message: "1, 2, 3 and 40 more".
func some[T any](items []T) string {
	var b strings.Builder
	for i, item := range items {
		if i == longestList {
			fmt.Fprintf(&b, " and %d more", len(items)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, item)
	}
	return b.String()
}
