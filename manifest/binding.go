package manifest

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

func (d *document) readAliases(n *yaml.Node, db int) {
	for key, value := range pairs(n) {
		name, ok := d.key(key, aliasesShape.keys)
		alias := Alias{Name: name, Pos: d.pos(key)}
		b := d.readBinding(value, &alias)
		if ok {
			d.merger.addAlias(db, alias)
			d.explain(db, &alias, value, b)
		}
	}
}

// bound is what the long form of a binding comes to.
type bound struct {
	protect  bool
	cutover  *Cutover
	settings *settings // that the cutover is made of
	over     *layer    // what it is written over
	own      *[sharedFieldCount]*yaml.Node
}

// readBinding fills in what an alias is bound to, from its short or long form.
func (d *document) readBinding(n *yaml.Node, a *Alias) bound {
	who := subject{"alias", a.Name}
	t := d.expect(n, bindingShape, who)
	b := bound{protect: d.base.settings.protect, cutover: d.base.cutover, settings: &d.base.settings, over: d.base}
	at := n
	switch {
	case t == nil:
		return b
	case t.Kind == yaml.ScalarNode:
		a.Collection, _ = d.text(n, bindingShape.rule)
	default:
		var f [bindingFieldCount]*yaml.Node
		d.fields(t, bindingShape, who, f[:])
		matched := false
		if c := f[bindingCollection]; c != nil {
			if matched = target(c).Kind == yaml.MappingNode; matched {
				a.Newest = d.readNewest(c)
			} else {
				a.Collection, _ = d.text(c, boundShape.rule)
			}
			at = c
		}
		if n := f[bindingDisplaces]; n != nil {
			a.Displaces = d.readDisplaces(n, a)
		}
		d.readRenaming(f[bindingRenamedFrom], f[bindingKeepOld], a)
		b = once(d, t, bindingShape, func() bound { return d.readOver(f[bindingShared:], matched) })
	}
	a.Protect, a.Cutover = b.protect, b.cutover
	if a.Displaces != nil && a.Cutover != nil && a.Cutover.Group != "" {
		d.report(ExclusiveFields, a.Displaces.Pos, "rename it in a change of its own, before; `group: false` takes an inherited group away",
			"alias %s displaces a collection and is in the group %s", quoted(a.Name), quoted(a.Cutover.Group))
	}
	if a.Displaces != nil && a.RenamedPos != nil {
		d.report(ExclusiveFields, *a.RenamedPos, "displace the collection first, and rename the alias in a later change",
			"alias %s displaces a collection and is renamed", quoted(a.Name))
	}
	if a.Newest != nil {
		a.Cutover = a.Newest.asks(d, b.settings, at, b.own)
	}
	if a.Cutover != nil && a.Collection != "" {
		d.checkCollection(a, b, at)
	}
	return b
}

// readDisplaces reads what becomes of a collection of the alias's name, nil when that
// is not said.
func (d *document) readDisplaces(n *yaml.Node, a *Alias) *Displaced {
	t := target(n)
	var f [1]*yaml.Node
	d.inside(n, "displaces", displacesShape, f[:])
	name := f[0]
	if name == nil || t.Kind != yaml.MappingNode {
		return nil
	}
	to, ok := d.text(name, collectionShape.rule)
	switch {
	case !ok:
		return nil
	case to == a.Name:
		d.report(NameClash, d.pos(name), "the alias takes this name: give the collection another one", "rename_to is %s, the name of the alias", quoted(to))
		return nil
	}
	return &Displaced{RenameTo: to, Pos: d.pos(name)}
}

// readOver reads the shared fields of an alias over its profile. matched reports
// that the collection is a pattern already.
func (d *document) readOver(f []*yaml.Node, matched bool) bound {
	over := d.layerOf(f[sharedProfile], d.base)
	b := bound{protect: over.settings.protect, cutover: over.cutover, settings: &over.settings, over: over}
	written := func(n *yaml.Node) bool { return n != nil }
	if !slices.ContainsFunc(f, written) {
		return b
	}
	b.own = new([sharedFieldCount]*yaml.Node)
	copy(b.own[:], f)
	if !slices.ContainsFunc(f[sharedProfile+1:], written) {
		return b
	}
	s := d.readSettings(over.settings, f)
	b.protect, b.cutover, b.settings = s.protect, s.asked(), &s
	// What an alias writes itself has to mean something.
	if n := f[sharedKeep]; n != nil && s.keep != nil && s.match == "" && f[sharedMatch] == nil && !matched {
		d.report(IncompleteKeep, d.pos(n), "beside it, in its profile or under defaults", "field %s needs the field %s", quoted("keep"), quoted("match"))
	}
	if n := f[sharedMatch]; n != nil && s.keep == nil && f[sharedKeep] == nil {
		d.report(IncompleteKeep, d.pos(n), "beside it, in its profile or under defaults", "field %s needs the field %s", quoted("match"), quoted("keep"))
	}
	return b
}

// checkCollection holds the collection of an alias, written at a node, against what
// else holds for it.
func (d *document) checkCollection(a *Alias, b bound, at *yaml.Node) {
	place := func(field int) (*yaml.Node, string) {
		if b.own != nil && b.own[field] != nil {
			return b.own[field], ""
		}
		return at, sharedFields[field].name
	}
	if a.Cutover.From == a.Collection {
		n, inherited := place(sharedFrom)
		hint := "from names the collection that a switch leaves"
		if inherited != "" {
			hint += "; `from: false` takes the inherited one away"
		}
		d.report(FromIsTarget, d.pos(n), hint, "from and collection are both %s", quoted(a.Collection))
	}
	// `keep` tells older and newer apart by names of one kind.
	if keep := a.Cutover.Keep; keep != nil && !matches(keep.Match, a.Collection) {
		n, inherited := place(sharedMatch)
		hint := "what is older than it goes by its name, in the order of versions"
		if inherited != "" {
			hint = "give the alias a `match` of its own, or `keep: false`"
		}
		d.report(PatternMismatch, d.pos(n), hint, "pattern %s does not match %s, the collection of the alias", quoted(keep.Match), quoted(a.Collection))
	}
}

// isTrue reports whether a boolean is true; formOf has seen that it is one.
func isTrue(n *yaml.Node) bool { return strings.EqualFold(target(n).Value, "true") }

// once is read, but what it makes of a node with an anchor is made once and
// shared, so that a small file cannot stand for a large manifest.
func once[T any](d *document, n *yaml.Node, s *shape, read func() T) T {
	n = target(n)
	if n.Anchor == "" {
		return read()
	}
	if v, ok := d.values[anchored{n, s}]; ok {
		return v.(T)
	}
	v := read()
	if d.values == nil {
		d.values = make(map[anchored]any)
	}
	d.values[anchored{n, s}] = v
	return v
}

// orNil is c, or nil when it asks for nothing.
func (c *Cutover) orNil() *Cutover {
	if c.From == "" && c.Group == "" && c.OnFailure == SwitchBack && len(c.Require)+len(c.Waived) == 0 && c.Confirmations == 0 &&
		c.Load == nil && c.Grants == "" && c.Canary == nil && c.Golden == nil && c.Keep == nil {
		return nil
	}
	return c
}

// inside finds the fields of a mapping that is itself the value of a field.
func (d *document) inside(n *yaml.Node, field string, s *shape, out []*yaml.Node) {
	d.fields(target(n), s, subject{"field", field}, out)
}

// readRenaming reads which name an alias had, and how long that serves.
func (d *document) readRenaming(from, keepOld *yaml.Node, a *Alias) {
	if keepOld != nil {
		at := d.pos(keepOld)
		a.KeepOld, a.KeepOldPos = d.duration(keepOld), &at
		if from == nil {
			d.report(MissingField, d.pos(keepOld), "write the name that the alias had as `renamed_from`", "field %s needs the field %s", quoted("keep_old"), quoted("renamed_from"))
		}
	}
	if from == nil {
		return
	}
	at := d.pos(from)
	a.RenamedPos = &at
	name, ok := d.text(from, aliasName)
	switch {
	case !ok:
	case name == a.Name:
		d.report(RenameClash, at, "write the name that it had", "alias %s is renamed from itself", quoted(name))
	default:
		a.RenamedFrom = name
	}
}

// checkRenames reports old names that the manifest uses otherwise: what is still an
// alias of it (a cycle is such a one, too), is released, or has two new names.
func (m *merger) checkRenames(db *Database, names *names) {
	var first map[string]*Alias
	for i := range db.Aliases {
		a := &db.Aliases[i]
		if a.RenamedFrom == "" {
			continue
		}
		old := quoted(a.RenamedFrom)
		if at, ok := names.aliases[a.RenamedFrom]; ok {
			m.report(RenameClash, *a.RenamedPos, "take the old name out of aliases: it serves as long as `keep_old` has it",
				"alias %s is renamed from %s, which is still under aliases (%s)", quoted(a.Name), old, db.Aliases[at].Pos)
		}
		if at, ok := names.release[a.RenamedFrom]; ok {
			m.report(RenameClash, *a.RenamedPos, "a renamed alias is dropped in the end, a released one never; remove one of the two",
				"alias %s is renamed from %s, which is released (%s)", quoted(a.Name), old, db.Releases[at].Pos)
		}
		switch other := first[a.RenamedFrom]; {
		case other != nil:
			m.report(RenameClash, *a.RenamedPos, "an alias has one new name", "aliases %s and %s are both renamed from %s (%s)",
				quoted(other.Name), quoted(a.Name), old, other.RenamedPos)
		case first == nil:
			first = map[string]*Alias{a.RenamedFrom: a}
		default:
			first[a.RenamedFrom] = a
		}
	}
}
