package manifest

import (
	"path/filepath"
	"strconv"

	"gopkg.in/yaml.v3"
)

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
