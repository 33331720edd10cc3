package executor

import (
	"slices"

	"aliasctl/planner"
)

// table is a sorted list of the state with the changes of one run over it.
// The changes are few and the list may be long, so only they are in a map.
type table[V any] struct {
	sorted  []V
	key     func(V) planner.Key
	changed map[planner.Key]*V // nil for removed
}

func newTable[V any](list []V, key func(V) planner.Key) *table[V] {
	order := func(a, b V) int { return key(a).Compare(key(b)) }
	if !slices.IsSortedFunc(list, order) {
		list = slices.SortedStableFunc(slices.Values(list), order)
	}
	return &table[V]{sorted: list, key: key, changed: make(map[planner.Key]*V)}
}

func (t *table[V]) get(key planner.Key) (V, bool) {
	if v, ok := t.changed[key]; ok {
		if v == nil {
			return *new(V), false
		}
		return *v, true
	}
	i, found := slices.BinarySearchFunc(t.sorted, key, func(v V, key planner.Key) int { return t.key(v).Compare(key) })
	if !found {
		return *new(V), false
	}
	return t.sorted[i], true
}

func (t *table[V]) set(key planner.Key, v V) { t.changed[key] = &v }

func (t *table[V]) remove(key planner.Key) { t.changed[key] = nil }

// rows is the new list, sorted. The old one is not touched.
func (t *table[V]) rows() []V {
	fresh := make([]V, 0, len(t.changed))
	for _, v := range t.changed {
		if v != nil {
			fresh = append(fresh, *v)
		}
	}
	slices.SortFunc(fresh, func(a, b V) int { return t.key(a).Compare(t.key(b)) })

	rows := make([]V, 0, len(t.sorted)+len(fresh))
	for _, v := range t.sorted {
		key := t.key(v)
		for len(fresh) > 0 && t.key(fresh[0]).Compare(key) < 0 {
			rows, fresh = append(rows, fresh[0]), fresh[1:]
		}
		if _, changed := t.changed[key]; !changed {
			rows = append(rows, v)
		}
	}
	return append(rows, fresh...)
}

func bindingKey(b planner.Binding) planner.Key {
	return planner.Key{Database: b.Database, Name: b.Alias}
}

func retiredKey(r planner.Retired) planner.Key {
	return planner.Key{Database: r.Database, Name: r.Collection}
}

func idleKey(i planner.Idle) planner.Key {
	return planner.Key{Database: i.Database, Name: i.Collection}
}
