package listen

import "sync"

// recent remembers the last entries put into it: at least most of them, at most twice as many. It keeps two halves and
// drops the older one when the younger is full, so that nothing has to be kept in order.
type recent[K comparable, V any] struct {
	mu         sync.Mutex
	most       int
	young, old map[K]V
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, young: map[K]V{}}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.young[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.young[k]; !ok && len(r.young) >= r.most {
		r.young, r.old = map[K]V{}, r.young
	}
	r.young[k] = v
}
