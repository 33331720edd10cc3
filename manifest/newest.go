package manifest

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// Newest is a collection that the manifest describes instead of naming it: the newest
// one that a pattern matches and that meets the checks of the alias.
type Newest struct {
	Match string // a pattern with *, of collection names
	Order Order
	Pos   Position // of the pattern
}

// Order is what makes one collection newer than another.
type Order string

// The two orders. Natural, the default, goes by the version in the name: what *
// stands for, digits and _ alone, by its numbers (v9 before v10). Created goes by the
// id, which Milvus hands out in ascending order.
const (
	Natural Order = "natural"
	Created Order = "created"
)

// The fields of newest, by their place in newestShape.
const (
	newestMatch = iota
	newestOrder
	newestFieldCount
)

var (
	newestShape = &shape{forms: mapping, fields: []field{
		newestMatch: {
			name: "newest", shape: matchShape, required: true,
			about: "the pattern of the collections of which the newest that is ready is taken, with * for the version",
		},
		newestOrder: {
			name: "order", shape: orderShape,
			about: "what newest means: natural, which is the default, by the version in the name, or created, by when the collection was made",
		},
	}}
	orderShape = &shape{forms: text, rule: order}
	order      = oneOf("order", string(Natural), string(Created))

	// boundShape is what an alias is bound to: a name, or what describes one.
	boundShape = &shape{forms: text | mapping, rule: boundName, fields: newestShape.fields}

	// boundName is a collection name; a pattern in its place is most likely meant as one.
	boundName = rule{name: true, noun: collectionName.noun, fits: isName, schema: collectionName.schema, fault: func(s string) (why, hint string) {
		if why, hint = nameFault(s); isPattern(s) {
			hint = fmt.Sprintf("for the newest of them write `collection: {newest: %q}`", s)
		}
		return why, hint
	}}
)

// readNewest reads the long form of a collection.
func (d *document) readNewest(n *yaml.Node) *Newest {
	if !slices.ContainsFunc(items(n), func(key *yaml.Node) bool { return target(key).Value == newestShape.fields[newestMatch].name }) {
		d.report(MissingField, d.pos(n), "write a name, or {newest: \"products_v*\"}", "field %s has no field %s", quoted("collection"), quoted("newest"))
		return nil
	}
	var f [newestFieldCount]*yaml.Node
	d.inside(n, "collection", newestShape, f[:])
	newest := &Newest{Order: Natural, Pos: d.pos(n)}
	if f[newestMatch] != nil {
		newest.Pos = d.pos(f[newestMatch])
		newest.Match, _ = d.text(f[newestMatch], matchShape.rule)
	}
	newest.Order = d.order(f[newestOrder])
	return newest
}

func (d *document) order(n *yaml.Node) Order {
	if n == nil {
		return Natural
	}
	word, _ := d.text(n, order)
	return Order(word)
}

// asks is what an alias asks for whose collection is the newest: nobody has looked at
// that one, so it has to be loaded and to have rows where `require` has nothing else.
// `keep` goes by the same pattern and order.
func (n *Newest) asks(d *document, s *settings, at *yaml.Node, own *[sharedFieldCount]*yaml.Node) *Cutover {
	c := s.cutover
	has := func(names ...CheckName) bool {
		return slices.ContainsFunc(c.Require, func(check Check) bool { return slices.Contains(names, check.Name) })
	}
	var added []Check
	if !has(Loaded) && !slices.Contains(c.Waived, Loaded) {
		added = append(added, Check{Name: Loaded, Pos: n.Pos})
	}
	if !has(MinRows, Rows) && !slices.Contains(c.Waived, MinRows) {
		added = append(added, Check{Name: MinRows, Rows: 1, Pos: n.Pos})
	}
	if added != nil {
		names := CheckNames()
		c.Require = append(slices.Clone(c.Require), added...)
		slices.SortStableFunc(c.Require, func(a, b Check) int {
			return slices.Index(names, a.Name) - slices.Index(names, b.Name)
		})
	}
	if s.keep != nil {
		keep := *s.keep
		keep.Match = n.Match
		if n.Order == Created && !s.keepOrdered {
			keep.Order = Created
		}
		c.Keep = &keep
		if s.match != "" && n.Match != "" && s.match != n.Match {
			hint := fmt.Sprintf("give the alias `match: %s`, or `keep: false`", scalar(n.Match))
			if own != nil && own[sharedMatch] != nil {
				at, hint = own[sharedMatch], "leave `match` out: `keep` goes by the pattern of `newest`"
			}
			d.report(PatternMismatch, d.pos(at), hint,
				"match is %s, and newest is %s", quoted(s.match), quoted(n.Match))
		}
	}
	return c.orNil()
}

// String is how a manifest has it.
func (n *Newest) String() string {
	if n.Order == Natural {
		return fmt.Sprintf("{newest: %s}", scalar(n.Match))
	}
	return fmt.Sprintf("{newest: %s, order: %s}", scalar(n.Match), n.Order)
}
