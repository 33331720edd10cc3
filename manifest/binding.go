package manifest

import (
	"strings"

	"gopkg.in/yaml.v3"
)

func (d *document) readAliases(n *yaml.Node, db int) {
	for key, value := range pairs(n) {
		name, ok := d.key(key, aliasesShape.keys)
		alias := Alias{Name: name, Pos: d.pos(key)}
		d.readBinding(value, &alias)
		if ok {
			d.merger.addAlias(db, alias)
		}
	}
}

// readBinding fills in what an alias is bound to, from its short or long form.
func (d *document) readBinding(n *yaml.Node, a *Alias) {
	who := subject{"alias", a.Name}
	t := d.expect(n, bindingShape, who)
	switch {
	case t == nil:
	case t.Kind == yaml.ScalarNode:
		a.Collection, _ = d.text(n, bindingShape.rule)
		a.Cutover = d.defaults.cutover
	default:
		var f [bindingFieldCount]*yaml.Node
		d.fields(t, bindingShape, who, f[:])
		if c := f[bindingCollection]; c != nil {
			a.Collection, _ = d.text(c, collectionShape.rule)
		}
		if p := f[bindingProtect]; p != nil {
			a.Protect = isTrue(p)
		}
		a.Cutover = once(d, t, bindingShape, func() *Cutover { return d.readCutover(&f, a.Collection) })
	}
}

// isTrue says whether a boolean is true; formOf has seen that it is one.
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

// defaults is what holds for the entries of one document that say nothing else.
type defaults struct {
	cutover      *Cutover // shared by all aliases that only follow it; nil for nothing
	releaseFirst bool
}

func (d *document) readDefaults(n *yaml.Node) {
	if n == nil {
		return
	}
	var f [defaultsFieldCount]*yaml.Node
	d.inside(n, "defaults", defaultsShape, f[:])
	c := Cutover{OnFailure: SwitchBack}
	d.readShared(&c, f[defaultsOnFailure], f[defaultsRequire], f[defaultsVerify])
	d.defaults.cutover = c.orNil()
	if b := f[defaultsReleaseFirst]; b != nil {
		d.defaults.releaseFirst = isTrue(b)
	}
}

// orNil is c, or nil when it asks for nothing.
func (c *Cutover) orNil() *Cutover {
	if c.From == "" && c.Group == "" && c.OnFailure == SwitchBack && len(c.Require)+len(c.Waived) == 0 && c.Confirmations == 0 &&
		c.Canary == nil && c.Golden == nil && c.Keep == nil {
		return nil
	}
	return c
}

// readCutover reads the fields of a binding that are about its cutover.
func (d *document) readCutover(f *[bindingFieldCount]*yaml.Node, collection string) *Cutover {
	asked := false
	for _, n := range f[bindingFrom:] {
		asked = asked || n != nil
	}
	if !asked {
		return d.defaults.cutover
	}
	c := Cutover{OnFailure: SwitchBack}
	if d.defaults.cutover != nil {
		c = *d.defaults.cutover
	}
	d.readShared(&c, f[bindingOnFailure], f[bindingRequire], f[bindingVerify])
	if n := f[bindingFrom]; n != nil {
		c.From, _ = d.text(n, collectionShape.rule)
		if c.From != "" && c.From == collection {
			d.report(d.pos(n), "from names the collection that a switch leaves",
				"from and collection are both %s", quoted(collection))
		}
	}
	if n := f[bindingGroup]; n != nil {
		c.Group, _ = d.text(n, groupShape.rule)
	}
	if n := f[bindingCanary]; n != nil {
		c.Canary = once(d, n, canaryShape, func() *Canary { return d.readCanary(n) })
	}
	if n := f[bindingGolden]; n != nil {
		c.Golden = once(d, n, goldenShape, func() *Golden { return d.readGolden(n) })
	}
	if keep, match := f[bindingKeep], f[bindingMatch]; keep != nil && match != nil {
		c.Keep = d.readKeep(keep, match, collection)
	}
	return c.orNil()
}

// readKeep takes a pattern only when the collection that the alias is bound to
// matches it: older and newer are told apart by names of one kind.
func (d *document) readKeep(keep, match *yaml.Node, collection string) *Keep {
	k := &Keep{N: int(d.whole(keep, keepShape.rule)), Pos: d.pos(target(keep))}
	var ok bool
	k.Match, ok = d.text(match, matchShape.rule)
	if ok && collection != "" && !matches(k.Match, collection) {
		d.report(d.pos(match), "what is older than it goes by its name, in the order of versions",
			"pattern %s does not match %s, the collection of the alias", quoted(k.Match), quoted(collection))
	}
	return k
}

// inside finds the fields of a mapping that is itself the value of a field.
func (d *document) inside(n *yaml.Node, field string, s *shape, out []*yaml.Node) {
	d.fields(target(n), s, subject{"field", field}, out)
}
