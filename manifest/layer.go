package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Layers
//
// What holds for an alias is written in up to four kinds of places: at the alias,
// in its profile, in the profiles that this one builds on, and in the defaults. Each
// place is a layer over the one below it. A layer is read once, with all that is
// below it, and shared: 5,000 aliases of one profile cost what 5,000 short
// aliases do.

// layer is the defaults of a document, or one of its profiles.
type layer struct {
	name   string // of the profile, "" for the defaults
	pos    Position
	fields [sharedFieldCount]*yaml.Node // as they are written there
	below  *layer                       // nil for none
	state  layerState

	settings settings
	cutover  *Cutover // what the settings come to; nil for nothing
}

// nothing is below everything. It is never changed.
var nothing = &layer{state: read, settings: settings{cutover: Cutover{OnFailure: SwitchBack}}}

// layerState finds profiles that build on themselves.
type layerState uint8

const (
	unread layerState = iota
	reading
	read
)

// settings are the shared fields as values.
type settings struct {
	protect bool
	cutover Cutover // but for Keep
	keep    *Keep   // without its pattern
	// keepOrdered reports that the order of keep is written.
	keepOrdered bool
	match       string
	matchAt     Position
}

// readLayers reads the defaults and the profiles of a document. Each may be nil.
func (d *document) readLayers(defaults, profiles *yaml.Node) {
	d.defaults, d.profiles, d.releaseFirst = nothing, nil, false
	if defaults != nil {
		d.defaults = &layer{state: read, settings: nothing.settings}
		var f [defaultsFieldCount]*yaml.Node
		d.inside(defaults, "defaults", defaultsShape, f[:])
		d.defaults.pos = d.pos(defaults)
		copy(d.defaults.fields[:], f[:])
		d.defaults.settings = d.readSettings(d.defaults.settings, d.defaults.fields[:])
		d.defaults.cutover = d.defaults.settings.asked()
		if b := f[defaultsReleaseFirst]; b != nil {
			d.releaseFirst = isTrue(b)
		}
	}
	var order []*layer
	for key, value := range pairs(profiles) {
		name, ok := d.key(key, profilesShape.keys)
		l := &layer{name: name, pos: d.pos(key)}
		if t := d.expect(value, profileShape, subject{"profile", name}); t != nil {
			d.fields(t, profileShape, subject{"profile", name}, l.fields[:])
		}
		switch first := d.profiles[name]; {
		case !ok:
		case first != nil:
			d.report(DuplicateProfile, l.pos, "", "duplicate profile %s, first at %s", quoted(name), first.pos)
		default:
			if d.profiles == nil {
				d.profiles = make(map[string]*layer)
			}
			d.profiles[name] = l
			order = append(order, l)
		}
	}
	for _, l := range order {
		d.resolveProfile(l, nil)
	}
	d.base = d.layerOf(d.defaults.fields[sharedProfile], d.defaults)
}

// resolveProfile reads a profile over what it builds on. path are the profiles that led to it.
func (d *document) resolveProfile(l *layer, path []string) {
	if l.state == read {
		return
	}
	l.state, l.below = reading, d.defaults
	path = append(path, l.name)
	if n := l.fields[sharedProfile]; n != nil && !isOff(n) {
		if on := d.profile(n); on != nil && on.state == reading {
			path = append(path[slices.Index(path, on.name):], on.name)
			d.report(ProfileCycle, d.pos(n), "take `profile` out of one of them", "profile %s builds on itself: %s", quoted(on.name), strings.Join(path, " -> "))
		} else if on != nil {
			d.resolveProfile(on, path)
			l.below = on
		}
	}
	l.settings = d.readSettings(l.below.settings, l.fields[:])
	l.cutover = l.settings.asked()
	l.state = read
}

// layerOf is the layer that a `profile` field names; otherwise where it is nil,
// false or wrong.
func (d *document) layerOf(n *yaml.Node, otherwise *layer) *layer {
	switch {
	case n == nil:
		return otherwise
	case isOff(n):
		return d.defaults
	}
	if l := d.profile(n); l != nil {
		return l
	}
	return otherwise
}

// profile is the one that a `profile` field names; it reports one that is not there.
func (d *document) profile(n *yaml.Node) *layer {
	name, ok := d.text(n, profileName)
	if !ok {
		return nil
	}
	if l := d.profiles[name]; l != nil {
		return l
	}
	hint := fmt.Sprintf("put `%s: {...}` under `profiles` of the same document", name)
	if known := slices.Sorted(maps.Keys(d.profiles)); len(known) > 0 {
		hint = "this document has " + listOf(known)
		if near := nearestName(name, known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
	}
	d.report(UnknownProfile, d.pos(n), hint, "there is no profile %s", quoted(name))
	return nil
}

// listOf lists names for a hint.
func listOf(names []string) string {
	const most = 8
	var words []string
	for i, name := range names {
		if i == most {
			words = append(words, fmt.Sprintf("%d more", len(names)-most))
			break
		}
		words = append(words, quoted(name).String())
	}
	return strings.Join(words, ", ")
}

// readSettings reads the shared fields that are written over the settings below
// them. What is false takes a field away.
func (d *document) readSettings(s settings, f []*yaml.Node) settings {
	c := &s.cutover
	if n := f[sharedProtect]; n != nil {
		s.protect = isTrue(n)
	}
	if n := f[sharedFrom]; n != nil {
		c.From = d.textUnlessOff(n, fromShape.rule)
	}
	if n := f[sharedGroup]; n != nil {
		c.Group = d.textUnlessOff(n, groupShape.rule)
	}
	if n := f[sharedOnFailure]; n != nil {
		if word, ok := d.text(n, onFailureShape.rule); ok {
			c.OnFailure = OnFailure(word)
		}
	}
	if n := f[sharedLoad]; n != nil {
		if c.Load = nil; !isOff(n) {
			c.Load = once(d, n, loadShape, func() *Loading { return d.readLoad(n) })
		}
	}
	if n := f[sharedGrants]; n != nil {
		c.Grants = Grants(d.textUnlessOff(n, grantsShape.rule))
	}
	if n := f[sharedRequire]; n != nil {
		c.Require, c.Waived = d.readRequire(n, c.Require, c.Waived)
	}
	if n := f[sharedVerify]; n != nil {
		c.Confirmations = d.readVerify(n)
	}
	if n := f[sharedCanary]; n != nil {
		if c.Canary = nil; !isOff(n) {
			c.Canary = once(d, n, canaryShape, func() *Canary { return d.readCanary(n) })
		}
	}
	if n := f[sharedGolden]; n != nil {
		if c.Golden = nil; !isOff(n) {
			c.Golden = once(d, n, goldenShape, func() *Golden { return d.readGolden(n) })
		}
	}
	if n := f[sharedKeep]; n != nil {
		if s.keep = nil; !isOff(n) {
			s.keep, s.keepOrdered = d.readKeep(n)
		}
	}
	if n := f[sharedMatch]; n != nil {
		s.match, _ = d.text(n, matchShape.rule)
		s.matchAt = d.pos(n)
	}
	return s
}

// asked is what the settings come to, nil for nothing. A `keep` waits for a pattern,
// and a pattern for a `keep`: one layer may have the one and another the other.
func (s *settings) asked() *Cutover {
	c := s.cutover
	if s.keep != nil && s.match != "" {
		keep := *s.keep
		keep.Match = s.match
		c.Keep = &keep
	}
	return c.orNil()
}

// readKeep reads how many older collections stay, in the short or long form. ordered
// reports that it has an order.
func (d *document) readKeep(n *yaml.Node) (keep *Keep, ordered bool) {
	keep = &Keep{Pos: d.pos(target(n))}
	if target(n).Kind != yaml.MappingNode {
		keep.N = int(d.whole(n, keepShape.rule))
		return keep, false
	}
	var f [keepFieldCount]*yaml.Node
	d.inside(n, "keep", keepShape, f[:])
	keep.N, keep.After = int(d.whole(f[keepCount], keptCount)), d.duration(f[keepAfter])
	if d.order(f[keepOrder]) == Created {
		keep.Order = Created
	}
	return keep, f[keepOrder] != nil
}

// isOff reports that a field is false: it takes away what is below it.
func isOff(n *yaml.Node) bool { return formOf(target(n)) == boolean && !isTrue(n) }

func (d *document) textUnlessOff(n *yaml.Node, r rule) string {
	if isOff(n) {
		return ""
	}
	s, _ := d.text(n, r)
	return s
}
