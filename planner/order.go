package planner

import (
	"cmp"
	"slices"
	"strconv"
)

// What a collection id tells
//
// Milvus hands out collection ids in ascending order, so the greater id is the
// collection that was made later. They hold no time: every id that one run of a
// coordinator hands out carries the millisecond in which the server started, and
// ids of collections that were made a month apart may differ in their last digits
// only (seen on 2.4, 2.5, 2.6 and 3.0). They also exceed 2^53, so they are
// compared as whole numbers, never as floats.

// compareIDs orders two collections by when they were made: it is negative when
// a is the older one. known is false when either is no id that Milvus gives.
func compareIDs(a, b string) (order int, known bool) {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	return cmp.Compare(x, y), errX == nil && errY == nil
}

// NewerID says whether a collection was made after another one of the same
// cluster, by their ids; known is false when either is no id that Milvus gives.
func NewerID(id, than string) (newer, known bool) {
	order, known := compareIDs(id, than)
	return known && order > 0, known
}

// Order is the place of a collection among those of its database whose ids are
// known: the ones that a plan drops, and the ones that it leaves bound.
type Order struct {
	Place int `json:"place"` // 1 is the newest
	Of    int `json:"of"`
}

// order gives each collection that is dropped its place among those whose ids
// are known.
func (b *builder) order(d *database, live *LiveDatabase, drops []Step) {
	if len(drops) == 0 || b.live == nil {
		return
	}
	known := make(map[string]uint64)
	learn := func(name, id string) {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil {
			known[name] = n
		}
	}
	for name, id := range b.boundIDs(d, live) {
		learn(name, id)
	}
	for _, s := range drops {
		learn(s.Collection, s.ID)
	}
	if len(known) < 2 {
		return
	}
	ids := make([]uint64, 0, len(known))
	for _, id := range known {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i := range drops {
		if id, ok := known[drops[i].Collection]; ok {
			at, _ := slices.BinarySearch(ids, id)
			drops[i].Order = &Order{Place: len(ids) - at, Of: len(ids)}
		}
	}
}

// boundIDs holds the collections that the plan leaves bound in a database, with
// their ids: as they were read, else as the state recorded them, else "".
func (b *builder) boundIDs(d *database, live *LiveDatabase) map[string]string {
	bound := make(map[string]string)
	for i := len(b.plan.After) - 1; i >= 0 && b.plan.After[i].Database == d.name; i-- {
		name := b.plan.After[i].Collection
		bound[name] = live.Collections[name].ID
	}
	for i := range d.aliases {
		if last := d.aliases[i].last; last != nil {
			if id, isBound := bound[last.Collection]; isBound && id == "" {
				bound[last.Collection] = last.CollectionID
			}
		}
	}
	return bound
}
