package manifest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// readRequire reads the checks of n over those of the defaults: what n does
// not mention stays, and what it sets to false goes.
func (d *document) readRequire(n *yaml.Node, defaults []Check, waivedByDefault []CheckName) (checks []Check, waived []CheckName) {
	var f [requireCount]*yaml.Node
	d.inside(n, "require", requireShape, f[:])
	for i, node := range f {
		field := requireShape.fields[i]
		name := CheckName(field.name)
		if node == nil {
			if j := slices.IndexFunc(defaults, func(c Check) bool { return c.Name == name }); j >= 0 {
				checks = append(checks, defaults[j])
			}
			if slices.Contains(waivedByDefault, name) {
				waived = append(waived, name)
			}
			continue
		}
		if t := target(node); formOf(t) != boolean || isTrue(t) {
			checks = append(checks, d.readCheck(node, name, field.shape))
		} else if name == Loaded || name == MinRows {
			waived = append(waived, name)
		}
	}
	return checks, waived
}

// readCheck reads a check that is asked for, in its short or long form.
func (d *document) readCheck(n *yaml.Node, name CheckName, s *shape) Check {
	check := Check{Name: name, Pos: d.pos(n)}
	value := n
	if t := target(n); t.Kind == yaml.MappingNode {
		var f [checkFieldCount]*yaml.Node
		d.inside(t, string(name), s, f[:])
		if u := f[checkUnknown]; u != nil {
			word, _ := d.text(u, unknownShape.rule)
			check.AllowUnknown = word == "allow"
		}
		value = f[checkValue]
		if n := f[checkField]; n != nil {
			check.Field, _ = d.text(n, fieldNameShape.rule)
		}
	}
	switch {
	case value == nil: // which is reported when it has to be there
	case name == MinRows, name == Rows:
		check.Rows = d.whole(value, rowCount)
	case name == Dimension:
		check.Dimension = d.whole(value, dimensionCount)
	case name == Metric, name == IndexType:
		word, _ := d.text(value, s.rule)
		check.Word = strings.ToUpper(word)
	case name == SameGrants:
		if value != n {
			word, _ := d.text(value, aliasGrants)
			check.AliasGrants = AliasGrants(word)
		}
	case name == Fields:
		check.Fields = d.readFieldNames(value)
	case name == RowsWithin:
		if text, ok := d.text(value, percentage); ok {
			check.Percent, _ = parsePercentage(text)
		}
	}
	return check
}

// readFieldNames reads the names of all fields, each once.
func (d *document) readFieldNames(n *yaml.Node) []string {
	if len(items(n)) == 0 {
		d.report(InvalidValue, d.pos(n), "", "a collection has one field at least")
	}
	var names []string
	for _, item := range items(n) {
		if d.expect(item, fieldItemShape, subject{"an entry of", "fields"}) == nil {
			continue
		}
		name, ok := d.text(item, fieldItemShape.rule)
		switch {
		case !ok:
		case slices.Contains(names, name):
			d.report(DuplicateFieldName, d.pos(item), "", "duplicate field name %s", quoted(name))
		default:
			names = append(names, name)
		}
	}
	return names
}

func (d *document) readVerify(n *yaml.Node) int {
	switch t := target(n); formOf(t) {
	case boolean:
		if isTrue(t) {
			return defaultConfirmations
		}
		return 0
	case mapping:
		var f [1]*yaml.Node
		d.inside(t, "verify", verifyShape, f[:])
		return int(d.whole(f[0], confirmations))
	}
	return int(d.whole(n, confirmations))
}

// readLoad reads a load that is asked for, in its short or long form.
func (d *document) readLoad(n *yaml.Node) *Loading {
	load := &Loading{Timeout: DefaultLoadTimeout, Pos: d.pos(target(n))}
	if t := target(n); t.Kind == yaml.MappingNode {
		var f [1]*yaml.Node
		d.inside(t, "load", loadShape, f[:])
		if f[0] != nil {
			load.Timeout = d.duration(f[0])
		}
	}
	return load
}

// whole reads a number that obeys r, which is a wholeNumber; it is 0 when n is
// nil or does not.
func (d *document) whole(n *yaml.Node, r rule) int64 {
	if n == nil {
		return 0
	}
	text, ok := d.text(n, r)
	if !ok {
		return 0
	}
	i, _ := strconv.ParseInt(text, 10, 64)
	return i
}

// decimal reads a number that obeys r; it is otherwise when n is nil.
func (d *document) decimal(n *yaml.Node, r rule, otherwise float64) float64 {
	if n == nil {
		return otherwise
	}
	text, _ := d.text(n, r)
	f, _ := parseDecimal(text)
	return f
}

// duration reads a duration; it is 0 when n is nil.
func (d *document) duration(n *yaml.Node) time.Duration {
	if n == nil {
		return 0
	}
	text, _ := d.text(n, duration)
	t, _ := parseDuration(text)
	return t
}
