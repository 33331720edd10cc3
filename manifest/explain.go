package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Explanation is what holds for one alias, field by field, and where each is written.
type Explanation struct {
	Database, Alias string
	Pos             Position
	Fields          []ExplainedField
}

// ExplainedField is one field of an alias, or one check of its `require`.
type ExplainedField struct {
	Name  string // as in a manifest: collection, require.loaded
	Value string // as in a manifest, on one line, with variables replaced
	// From is the alias, "profile NAME", defaults, or built in.
	From string
	Pos  Position // the zero Position of what is built in
}

// Explain reads the manifest again and says what holds for the aliases that are
// wanted, in their order. The error is that of Load.
func (o Origin) Explain(wanted func(database, alias string) bool) ([]Explanation, error) {
	l := newLoader(Options{Vars: o.Vars})
	l.wanted = wanted
	for _, f := range o.Files {
		l.add(f.Name, f.Text)
	}
	_, err := l.finish()
	return l.explained, err
}

// builtIn is what holds where nothing is written.
const builtIn = "built in"

// explain notes what holds for an alias, when that was asked for.
func (d *document) explain(db int, a *Alias, value *yaml.Node, b bound) {
	database := d.merger.manifest.Databases[db].Name
	if d.wanted == nil || !d.wanted(database, a.Name) {
		return
	}
	e := Explanation{Database: database, Alias: a.Name, Pos: a.Pos}
	at := value
	if t := target(value); t.Kind == yaml.MappingNode {
		for key, v := range pairs(t) {
			if target(key).Value == bindingShape.fields[bindingCollection].name {
				at = v
			}
		}
	}
	if a.Newest != nil {
		e.add("collection", a.Newest.String(), "alias", d.pos(at))
	} else {
		e.add("collection", scalar(a.Collection), "alias", d.pos(at))
	}
	if a.Displaces != nil {
		e.add("displaces", a.Displaces.flow(), "alias", a.Displaces.Pos)
	}
	if a.RenamedFrom != "" {
		e.add("renamed_from", scalar(a.RenamedFrom), "alias", *a.RenamedPos)
	}
	if a.KeepOld != 0 {
		e.add("keep_old", FormatDuration(a.KeepOld), "alias", *a.KeepOldPos)
	}
	chain := d.written(b)
	for i, f := range sharedFields {
		if i == sharedRequire {
			d.explainChecks(&e, chain, a.Newest != nil)
			continue
		}
		w, ok := firstWith(chain, i)
		if i == sharedProfile && ok && w.from != "alias" { // what a profile builds on is none of the alias
			w.n, w.from = d.defaults.fields[i], "defaults"
			ok = w.n != nil
		}
		if ok {
			value := d.flow(w.n)
			if _, matched := firstWith(chain, sharedMatch); i == sharedKeep && !isOff(w.n) && !matched && a.Newest == nil {
				value += ", not used: it has no match"
			}
			e.add(f.name, value, w.from, d.pos(w.n))
			continue
		}
		switch i {
		case sharedMatch:
			if a.Newest != nil && a.Cutover != nil && a.Cutover.Keep != nil {
				e.add(f.name, scalar(a.Newest.Match), "newest", a.Newest.Pos)
			}
		case sharedProtect:
			e.add(f.name, "false", builtIn, Position{})
		case sharedOnFailure:
			e.add(f.name, string(SwitchBack), builtIn, Position{})
		}
	}
	d.explained = append(d.explained, e)
}

func (e *Explanation) add(name, value, from string, at Position) {
	e.Fields = append(e.Fields, ExplainedField{name, value, from, at})
}

// writing is one place where fields of an alias are written.
type writing struct {
	from   string
	fields *[sharedFieldCount]*yaml.Node
	n      *yaml.Node // the one that was looked for
}

// written are the places that hold for an alias, the nearest first.
func (d *document) written(b bound) []writing {
	var all []writing
	if b.own != nil {
		all = append(all, writing{from: "alias", fields: b.own})
	}
	for l := b.over; l != nil; l = l.below {
		from := "defaults"
		if l.name != "" {
			from = "profile " + l.name
		}
		all = append(all, writing{from: from, fields: &l.fields})
	}
	return all
}

func firstWith(chain []writing, field int) (writing, bool) {
	for _, w := range chain {
		if w.n = w.fields[field]; w.n != nil {
			return w, true
		}
	}
	return writing{}, false
}

// explainChecks notes each check with the nearest place that has it, and those that
// are made of every switch.
func (d *document) explainChecks(e *Explanation, chain []writing, newest bool) {
	for _, f := range requireShape.fields {
		found := false
		for _, w := range chain {
			for key, value := range pairs(w.fields[sharedRequire]) {
				if found || target(key).Value != f.name {
					continue
				}
				found = true
				e.add("require."+f.name, d.flow(value), w.from, d.pos(value))
			}
		}
		if load, ok := firstWith(chain, sharedLoad); !found && f.name == string(Loaded) && ok && !isOff(load.n) {
			e.add("require."+f.name, "true, because of load", builtIn, Position{})
			continue
		}
		if !found && (f.name == string(Loaded) || f.name == string(MinRows)) {
			value := map[string]string{string(Loaded): "if the old one is", string(MinRows): "1, if the old one has any"}[f.name]
			if newest {
				value = map[string]string{string(Loaded): "true", string(MinRows): "1"}[f.name]
			}
			e.add("require."+f.name, value, builtIn, Position{})
		}
	}
}

// flow writes a node on one line. A long list of numbers is cut.
func (d *document) flow(n *yaml.Node) string {
	const most = 8
	n = target(n)
	switch n.Kind {
	case yaml.ScalarNode:
		s, _, why, _ := d.variables.expand(n.Value, d.vars)
		switch {
		case why != "":
			return n.Value
		case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			return strconv.Quote(s)
		}
		return s
	case yaml.SequenceNode:
		var words []string
		for i, item := range n.Content {
			if i == most {
				words = append(words, fmt.Sprintf("%d more", len(n.Content)-most))
				break
			}
			words = append(words, d.flow(item))
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	var words []string
	for key, value := range pairs(n) {
		words = append(words, target(key).Value+": "+d.flow(value))
	}
	return "{" + strings.Join(words, ", ") + "}"
}
