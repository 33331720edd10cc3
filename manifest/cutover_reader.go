package manifest

import (
	"path/filepath"
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

// Reading what is asked of collections themselves: canaries and golden queries.

func (d *document) readCanary(n *yaml.Node) *Canary {
	var f [canaryFieldCount]*yaml.Node
	d.inside(n, "canary", canaryShape, f[:])
	c := &Canary{MaxLatency: d.duration(f[canaryMaxLatency]), Pos: d.pos(target(n))}
	if q := f[canaryQuery]; q != nil {
		c.Query = once(d, q, queryShape, func() *Query { return d.readQuery(q) })
	}
	if s := f[canarySearch]; s != nil {
		c.Search = once(d, s, searchShape, func() *Search { return d.readSearch(s) })
	}
	return c
}

func (d *document) readQuery(n *yaml.Node) *Query {
	var f [queryFieldCount]*yaml.Node
	d.inside(n, "query", queryShape, f[:])
	filter, limit, outputFields := d.readRows(f[:])
	return &Query{Filter: filter, Limit: limit, OutputFields: outputFields}
}

func (d *document) readSearch(n *yaml.Node) *Search {
	var f [searchFieldCount]*yaml.Node
	d.inside(n, "search", searchShape, f[:])
	s := &Search{}
	s.Filter, s.Limit, s.OutputFields = d.readRows(f[:])
	if v := f[searchVector]; v != nil {
		s.Vector = once(d, v, vectorShape, func() []float64 { return d.readVector(v) })
	}
	if n := f[searchField]; n != nil {
		s.Field, _ = d.text(n, fieldNameShape.rule)
	}
	return s
}

// readRows reads the fields that a query and a search have both.
func (d *document) readRows(f []*yaml.Node) (filter string, limit int, outputFields []string) {
	if n := f[queryFilter]; n != nil {
		filter, _ = d.text(n, filterShape.rule)
	}
	limit = d.readLimit(f[queryLimit])
	if n := f[queryOutputFields]; n != nil {
		outputFields = once(d, n, outputFieldsShape, func() []string { return d.readOutputFields(n) })
	}
	return filter, limit, outputFields
}

func (d *document) readLimit(n *yaml.Node) int {
	if n == nil {
		return defaultLimit
	}
	return int(d.whole(n, limitShape.rule))
}

func (d *document) readOutputFields(n *yaml.Node) []string {
	var names []string
	for _, item := range items(n) {
		if d.expect(item, outputFieldsShape.each, subject{"an entry of", "output_fields"}) == nil {
			continue
		}
		if name, ok := d.text(item, outputFieldsShape.each.rule); ok {
			names = append(names, name)
		}
	}
	return names
}

func (d *document) readVector(n *yaml.Node) []float64 {
	all := items(n)
	switch {
	case len(all) < vectorShape.least:
		d.report(InvalidValue, d.pos(n), "", "the vector is empty")
		return nil
	case len(all) > vectorShape.most:
		d.report(InvalidValue, d.pos(n), "", "the vector has %d dimensions, at most %d are allowed", len(all), vectorShape.most)
		return nil
	}
	vector := make([]float64, 0, len(all))
	for _, item := range all {
		if d.expect(item, coordinateShape, subject{"an entry of", "vector"}) == nil {
			continue
		}
		if text, ok := d.text(item, coordinateShape.rule); ok {
			f, _ := strconv.ParseFloat(text, 64)
			vector = append(vector, f)
		}
	}
	return vector
}

func (d *document) readGolden(n *yaml.Node) *Golden {
	var f [goldenFieldCount]*yaml.Node
	d.inside(n, "golden", goldenShape, f[:])
	g := &Golden{
		Limit:           d.readLimit(f[goldenLimit]),
		MinOverlap:      d.decimal(f[goldenMinOverlap], shareShape.rule, defaultMinOverlap),
		MaxLatencyRatio: d.decimal(f[goldenMaxLatencyRatio], ratioShape.rule, 0),
		Pos:             d.pos(target(n)),
	}
	if n := f[goldenFile]; n != nil {
		g.File, _ = d.text(n, filePathShape.rule)
	}
	if n := f[goldenField]; n != nil {
		g.Field, _ = d.text(n, fieldNameShape.rule)
	}
	return g
}

// Path is where the file is: its path starts at the directory of the manifest
// that names it, or at the working directory when that came from the standard
// input.
func (g *Golden) Path() string {
	if filepath.IsAbs(g.File) || g.Pos.File == "" || g.Pos.File == StdinName {
		return g.File
	}
	return filepath.Join(filepath.Dir(g.Pos.File), g.File)
}
