package executor

import (
	"cmp"
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
	order := func(a, b V) int { return compareKeys(key(a), key(b)) }
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
	i, found := slices.BinarySearchFunc(t.sorted, key, func(v V, key planner.Key) int { return compareKeys(t.key(v), key) })
	if !found {
		return *new(V), false
	}
	return t.sorted[i], true
}

func (t *table[V]) set(key planner.Key, v V) { t.changed[key] = &v }

func (t *table[V]) remove(key planner.Key) { t.changed[key] = nil }

// rows is the new list, sorted. The old one is not touched.
func (t *table[V]) rows() []V {
	rows := make([]V, 0, len(t.sorted)+len(t.changed))
	for _, v := range t.sorted {
		if _, changed := t.changed[t.key(v)]; !changed {
			rows = append(rows, v)
		}
	}
	kept := len(rows)
	for _, v := range t.changed {
		if v != nil {
			rows = append(rows, *v)
		}
	}
	if len(rows) > kept {
		slices.SortFunc(rows, func(a, b V) int { return compareKeys(t.key(a), t.key(b)) })
	}
	return rows
}

func compareKeys(a, b planner.Key) int {
	return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Name, b.Name))
}

func bindingKey(b planner.Binding) planner.Key {
	return planner.Key{Database: b.Database, Name: b.Alias}
}

func retiredKey(r planner.Retired) planner.Key {
	return planner.Key{Database: r.Database, Name: r.Collection}
}
