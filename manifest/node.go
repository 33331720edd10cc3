package manifest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// subject is what a message is about: a noun and, quoted, its name.
type subject struct{ noun, name string }

func (s subject) String() string {
	if s.name == "" {
		return "the " + s.noun
	}
	return s.noun + " " + quoted(s.name).String()
}

// pos is where n stands. yaml.v3 places a missing value behind the end of the
// file when its key is written with a question mark; it is taken back into it.
func (d *document) pos(n *yaml.Node) Position {
	if n.Line > d.lines.count {
		return Position{d.file, max(d.lines.count, 1), 1}
	}
	return Position{d.file, n.Line, n.Column}
}

// target is the node that n is or, as a YAML alias, stands for.
func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs are the keys and values of a mapping, or of what stands for one.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		content := items(n)
		for i := 0; i+1 < len(content); i += 2 {
			if !yield(content[i], content[i+1]) {
				return
			}
		}
	}
}

// items are what is in a list, or in what stands for one.
func items(n *yaml.Node) []*yaml.Node {
	if n = target(n); n == nil {
		return nil
	}
	return n.Content
}

// formOf is the form in which a node is written. yaml.v3 gives every node its
// short tag, also where the text has none.
func formOf(n *yaml.Node) form {
	switch n.Kind {
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!str", "!!timestamp", "!!merge":
			return text // the core schema of YAML 1.2 knows no timestamps
		case "!!int", "!!float":
			return number
		case "!!null":
			return null
		case "!!bool":
			if strings.EqualFold(n.Value, "true") || strings.EqualFold(n.Value, "false") {
				return boolean
			}
		}
	case yaml.MappingNode:
		if n.Tag == "!!map" {
			return mapping
		}
	case yaml.SequenceNode:
		if n.Tag == "!!seq" {
			return list
		}
	}
	return foreign
}

// words lists forms as a message does.
func (f form) words() string {
	var all []string
	for _, w := range formWords {
		if f&w.form != 0 {
			all = append(all, w.words)
		}
	}
	last := len(all) - 1
	if last < 1 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// expect returns the target of n when its form is one that s allows; else it
// reports what is wrong with it and returns nil.
func (d *document) expect(n *yaml.Node, s *shape, who subject) *yaml.Node {
	t := d.resolve(n)
	if t == nil {
		return nil
	}
	switch found := formOf(t); {
	case found == boolean && s.offOnly && strings.EqualFold(t.Value, "true"):
		d.report(WrongType, d.pos(n), "write what is asked for, or false for nothing", "%s must say more than true", who)
		return nil
	case found&s.forms != 0, found == text && s.forms&number != 0 && s.rule.fits != nil && strings.Contains(t.Value, "${"):
		return t // a number may come from a variable
	case found == foreign:
		d.report(YAMLTag, d.pos(n), "a manifest needs no tags", "tag %s is not supported", quoted(t.Tag))
	case found == null:
		hint := ""
		if s.none != "" {
			hint = fmt.Sprintf("write %s for none, or remove the field", s.none)
		}
		d.report(WrongType, d.pos(n), hint, "%s is null, it must be %s", who, s.forms.words())
	default:
		d.report(WrongType, d.pos(n), typeHint(t, found, s), "%s must be %s, not %s", who, s.forms.words(), found.words())
	}
	return nil
}

// typeHint helps where YAML takes a plain word for something else.
func typeHint(n *yaml.Node, found form, s *shape) string {
	switch {
	case found == text && s.forms&number != 0 && (s.rule.fits == nil || s.rule.fits(n.Value)):
		return "write the number without quotes"
	case found == text && s.forms&number != 0 && !isBooleanWord(n.Value):
		return numberHint(n.Value, s)
	case s.forms == boolean, found == text && s.forms&boolean != 0 && !s.offOnly:
		return "write true or false, without quotes"
	case s.rule.words != nil:
		return "write " + strings.Join(s.rule.words, " or ")
	case s.rule.example != "" && found == number:
		return "for example " + s.rule.example
	case s.rule.fits != nil && found&(number|boolean) != 0 && s.rule.fits(n.Value):
		return fmt.Sprintf("quote it: %q", n.Value)
	}
	if len(s.fields) > 0 && found != mapping {
		return fieldsHint(s)
	}
	return ""
}

// fieldsHint reports what a mapping looks like: its required fields, or, where none is,
// all of them.
func fieldsHint(s *shape) string {
	var all, required []string
	for _, f := range s.fields {
		all = append(all, f.name+": ...")
		if f.required {
			required = append(required, f.name+": ...")
		}
	}
	if len(required) > 0 {
		all = required
	}
	const most = 4
	if len(all) > most {
		all = append(all[:most], "...")
	}
	return "write {" + strings.Join(all, ", ") + "}"
}

// isBooleanWord reports that a text was meant as true or false.
func isBooleanWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}

// numberHint reports how a number is written that has a unit, separators or an
// exponent: 10k, 1,000,000, 10_000.
func numberHint(s string, sh *shape) string {
	const plain = "write a number in plain digits"
	digits := strings.NewReplacer(",", "", "_", "", " ", "", "'", "").Replace(s)
	zeros := ""
	if n := len(digits); n > 0 {
		switch digits[n-1] {
		case 'k', 'K':
			zeros = "000"
		case 'm', 'M':
			zeros = "000000"
		}
		if zeros != "" {
			digits = digits[:n-1]
		}
	}
	if isDigits(digits) && sh.rule.fits != nil && sh.rule.fits(digits+zeros) {
		return plain + ": " + digits + zeros
	}
	return plain
}

// resolve is target for a node not seen before. yaml.v3 lets an anchor reach
// into the documents that follow; YAML ends it with its own.
func (d *document) resolve(n *yaml.Node) *yaml.Node {
	t := target(n)
	if t != n && t.Line < d.line {
		d.report(YAMLAnchor, d.pos(n), "an anchor is known in its own document only",
			"anchor %s is of an earlier document", quoted(n.Value))
		return nil
	}
	return t
}

// key reads a key of a mapping with free keys.
func (d *document) key(n *yaml.Node, r rule) (string, bool) {
	t := d.plainKey(n)
	if t == nil {
		return "", false
	}
	return t.Value, d.obeys(n, r, t.Value, t.Value)
}

// plainKey is the target of a key that is a string; it reports any other.
func (d *document) plainKey(n *yaml.Node) *yaml.Node {
	t := d.resolve(n)
	switch {
	case t == nil:
	case t.Tag == "!!merge":
		d.report(YAMLMergeKey, d.pos(n), "put what is shared under `profiles` and name it with `profile: NAME`, or put it under `defaults`", "merge keys (<<) are not supported")
	case formOf(t) == foreign:
		d.report(YAMLTag, d.pos(n), "a manifest needs no tags", "tag %s is not supported", quoted(t.Tag))
	case formOf(t) != text:
		hint := ""
		if isName(t.Value) {
			hint = fmt.Sprintf("quote it: %q", t.Value)
		}
		d.report(WrongType, d.pos(n), hint, "a key must be a string, not %s", formOf(t).words())
	default:
		return t
	}
	return nil
}

// text reads a string that obeys r, with its variables replaced.
func (d *document) text(n *yaml.Node, r rule) (string, bool) {
	raw := target(n).Value
	if len(raw) > maxText {
		return "", d.obeys(n, r, raw, raw)
	}
	s, broken, why, hint := d.variables.expand(raw, d.vars)
	if why != "" {
		d.report(broken, d.pos(n), hint, "%s", why)
		return "", false
	}
	if !d.obeys(n, r, s, raw) {
		return "", false
	}
	return s, true
}

// obeys reports s, written as raw, when it breaks the rule r.
func (d *document) obeys(n *yaml.Node, r rule, s, raw string) bool {
	switch {
	case r.fits(s):
		return true
	case d.repaired && strings.ContainsRune(s, utf8.RuneError):
		return false // what is bad about it is already reported
	case d.full():
		d.report(r.id(), d.pos(n), "", "")
		return false
	}
	why, hint := r.fault(s)
	if s != raw {
		d.report(r.id(), d.pos(n), hint, "bad %s %s, from %s: %s", r.noun, quoted(s), quoted(raw), why)
	} else {
		d.report(r.id(), d.pos(n), hint, "bad %s %s: %s", r.noun, quoted(s), why)
	}
	return false
}

// fields finds the fields of the mapping m that s knows, and puts each that is
// written in an allowed form into its place in out. It reports all that is not
// known, not allowed, missing or there twice.
func (d *document) fields(m *yaml.Node, s *shape, who subject, out []*yaml.Node) {
	if known, ok := d.anchored[anchored{m, s}]; ok {
		copy(out, known)
		return
	}
	var first [24]*yaml.Node // keys, by the place of their field; no shape has more
	for key, value := range pairs(m) {
		t := d.plainKey(key)
		if t == nil {
			continue
		}
		i := fieldIndex(s.fields, t.Value)
		switch {
		case i < 0:
			d.unknownField(key, t.Value, s)
		case first[i] != nil:
			d.report(DuplicateField, d.pos(key), "", "duplicate field %s, first at %s", quoted(t.Value), d.pos(first[i]))
		default:
			first[i] = key
			if d.expect(value, s.fields[i].shape, subject{"field", t.Value}) != nil {
				out[i] = value
			}
		}
	}
	for i, f := range s.fields {
		if f.required && first[i] == nil && (d.first || !f.once) {
			d.report(MissingField, d.pos(m), "", "%s has no field %s", who, quoted(f.name))
		}
	}
	if s.choice && (first[0] == nil) == (first[1] == nil) {
		d.report(ExclusiveFields, d.pos(m), "", "%s must have exactly one of the fields %s and %s", who, quoted(s.fields[0].name), quoted(s.fields[1].name))
	}
	if m.Anchor != "" {
		if d.anchored == nil {
			d.anchored = make(map[anchored][]*yaml.Node)
		}
		d.anchored[anchored{m, s}] = slices.Clone(out)
	}
}

func fieldIndex(fields []field, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

func (d *document) unknownField(key *yaml.Node, name string, s *shape) {
	hint := ""
	if !d.full() {
		if hint = fieldHint(name, s.fields); s == bindingShape && name == newestShape.fields[newestMatch].name {
			hint = "write it inside of `collection`: collection: {newest: \"products_v*\"}"
		}
	}
	d.report(UnknownField, d.pos(key), hint, "unknown field %s", quoted(name))
}
