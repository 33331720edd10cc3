package manifest

import (
	"bufio"
	"cmp"
	"io"
	"strconv"
	"strings"

	"aliasctl/internal/safetext"
)

// Encode writes a manifest as YAML in one canonical way: a document for each
// database, everything in the order in which m has it, short forms where they
// suffice, and no field that repeats a default. Variables, defaults
// and anchors are not written but what they stand for.
//
// Load reads back what is in m, but for the positions, when m is what Load
// returned or obeys the same rules; Encode does not check them. A manifest
// without any database is read back with the default one. The error is that of
// w, which is written to piece by piece.
func Encode(w io.Writer, m *Manifest) error {
	e := encoder{bufio.NewWriter(w)}
	if len(m.Databases) == 0 {
		e.head(m.Cluster)
	}
	for i := range m.Databases {
		if i > 0 {
			e.line(0, "---")
		}
		e.head(m.Cluster)
		e.database(&m.Databases[i])
	}
	return e.Flush()
}

// encoder writes lines. It goes on after an error of its writer, which Flush
// returns.
type encoder struct{ *bufio.Writer }

// line writes parts as one line, indented by so many steps.
func (e encoder) line(indent int, parts ...string) {
	for range indent {
		e.WriteString("  ")
	}
	for _, p := range parts {
		e.WriteString(p)
	}
	e.WriteByte('\n')
}

// field writes a field with a value that is a text.
func (e encoder) field(indent int, name, value string) { e.line(indent, name, ": ", scalar(value)) }

// number writes a field with a whole number.
func (e encoder) number(indent int, name string, n int) {
	e.line(indent, name, ": ", strconv.Itoa(n))
}

// optional writes a field unless its value is empty.
func (e encoder) optional(indent int, name, value string) {
	if value != "" {
		e.field(indent, name, value)
	}
}

// head is what every document starts with, so that each can become a file of
// its own.
func (e encoder) head(cluster string) {
	e.line(0, "version: 1")
	e.optional(0, "cluster", cluster)
}

func (e encoder) database(d *Database) {
	if d.Named || d.Name != DefaultDatabase {
		e.field(0, "database", d.Name)
	}
	if len(d.Aliases) > 0 {
		e.line(0, "aliases:")
	}
	for i := range d.Aliases {
		e.alias(&d.Aliases[i])
	}
	if len(d.Retire) > 0 {
		e.line(0, "retire:")
	}
	for i := range d.Retire {
		e.retiree(&d.Retire[i])
	}
	if len(d.Releases) > 0 {
		e.line(0, "release:")
	}
	for _, r := range d.Releases {
		e.line(1, "- ", scalar(r.Alias))
	}
}

func (e encoder) alias(a *Alias) {
	if !a.Protect && a.Cutover == nil && a.Newest == nil && a.Displaces == nil && a.RenamedFrom == "" {
		e.field(1, scalar(a.Name), a.Collection)
		return
	}
	e.line(1, scalar(a.Name), ":")
	if a.Newest != nil {
		e.line(2, "collection: ", a.Newest.String())
	} else {
		e.field(2, "collection", a.Collection)
	}
	if a.Displaces != nil {
		e.line(2, "displaces: ", a.Displaces.flow())
	}
	e.optional(2, "renamed_from", a.RenamedFrom)
	if a.KeepOld != 0 {
		e.line(2, "keep_old: ", FormatDuration(a.KeepOld))
	}
	if a.Protect {
		e.line(2, "protect: true")
	}
	if a.Cutover != nil {
		order := Natural
		if a.Newest != nil {
			order = a.Newest.Order
		}
		e.cutover(a.Cutover, order)
	}
}

// flow writes it on one line.
func (d *Displaced) flow() string {
	return "{rename_to: " + scalar(d.RenameTo) + "}"
}

func (e encoder) retiree(r *Retiree) {
	if r.After == 0 && !r.ReleaseFirst && !r.KeepData {
		e.line(1, "- ", scalar(r.Collection))
		return
	}
	e.field(1, "- collection", r.Collection)
	if r.After != 0 {
		e.line(2, "after: ", FormatDuration(r.After))
	}
	if r.ReleaseFirst {
		e.line(2, "release_first: true")
	}
	if r.KeepData {
		e.line(2, "keep_data: true")
	}
}

func (e encoder) cutover(c *Cutover, order Order) {
	e.optional(2, "from", c.From)
	e.optional(2, "group", c.Group)
	if c.OnFailure == KeepGoing {
		e.field(2, "on_failure", string(c.OnFailure))
	}
	switch {
	case c.Load == nil:
	case c.Load.Timeout == DefaultLoadTimeout:
		e.line(2, "load: true")
	default:
		e.line(2, "load: {timeout: ", FormatDuration(c.Load.Timeout), "}")
	}
	e.optional(2, "grants", string(c.Grants))
	if len(c.Require)+len(c.Waived) > 0 {
		e.line(2, "require:")
	}
	for _, name := range c.Waived {
		e.line(3, string(name), ": false")
	}
	for _, check := range c.Require {
		e.check(check)
	}
	if c.Confirmations > 0 {
		e.number(2, "verify", c.Confirmations)
	}
	if c.Canary != nil {
		e.canary(c.Canary)
	}
	if c.Golden != nil {
		e.golden(c.Golden)
	}
	if c.Keep != nil {
		e.keep(c.Keep, order)
		e.field(2, "match", c.Keep.Match)
	}
}

// keep writes a number alone when that loses nothing. order is what it means then.
func (e encoder) keep(k *Keep, order Order) {
	has := cmp.Or(k.Order, Natural)
	if has == order && k.After == 0 {
		e.number(2, "keep", k.N)
		return
	}
	long := "{count: " + strconv.Itoa(k.N)
	if has != order {
		long += ", order: " + string(has)
	}
	if k.After != 0 {
		long += ", after: " + FormatDuration(k.After)
	}
	e.line(2, "keep: ", long, "}")
}

// check writes a check in its short form when that loses nothing.
func (e encoder) check(c Check) {
	name, field, value := string(c.Name), "", "true"
	switch c.Name {
	case MinRows, Rows:
		field, value = "rows", strconv.FormatInt(c.Rows, 10)
	case RowsWithin:
		field, value = "percent", decimalText(c.Percent)+"%"
	case Dimension:
		field, value = name, strconv.FormatInt(c.Dimension, 10)
	case Metric, IndexType:
		field, value = name, scalar(c.Word)
	case Fields:
		field, value = name, flowList(c.Fields)
	}
	var long []string
	if c.Field != "" {
		long = append(long, "field: "+scalar(c.Field))
	}
	if c.AliasGrants != "" {
		long = append(long, "alias_grants: "+string(c.AliasGrants))
	}
	if c.AllowUnknown {
		long = append(long, "unknown: allow")
	}
	switch {
	case long == nil:
		e.line(3, name, ": ", value)
	case field != "":
		long = append([]string{field + ": " + value}, long...)
		fallthrough
	default:
		e.line(3, name, ": {", strings.Join(long, ", "), "}")
	}
}

func (e encoder) canary(c *Canary) {
	e.line(2, "canary:")
	if q := c.Query; q != nil {
		e.line(3, "query:")
		e.rows(q.Filter, q.Limit, q.OutputFields)
	}
	if s := c.Search; s != nil {
		e.line(3, "search:")
		e.vector(s.Vector)
		e.optional(4, "field", s.Field)
		e.rows(s.Filter, s.Limit, s.OutputFields)
	}
	if c.MaxLatency != 0 {
		e.line(3, "max_latency: ", FormatDuration(c.MaxLatency))
	}
}

// rows writes the fields that a query and a search have both.
func (e encoder) rows(filter string, limit int, outputFields []string) {
	e.optional(4, "filter", filter)
	if limit != defaultLimit {
		e.number(4, "limit", limit)
	}
	if len(outputFields) == 0 {
		return
	}
	e.line(4, "output_fields: ", flowList(outputFields))
}

// flowList writes texts as a list on one line.
func flowList(texts []string) string {
	words := make([]string, len(texts))
	for i, s := range texts {
		words[i] = scalar(s)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (e encoder) vector(v []float64) {
	e.WriteString("        vector: [")
	for i, f := range v {
		if i > 0 {
			e.WriteString(", ")
		}
		e.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
	}
	e.WriteString("]\n")
}

func (e encoder) golden(g *Golden) {
	e.line(2, "golden:")
	e.field(3, "file", g.File)
	e.optional(3, "field", g.Field)
	if g.Limit != defaultLimit {
		e.number(3, "limit", g.Limit)
	}
	if g.MinOverlap != defaultMinOverlap {
		e.line(3, "min_overlap: ", decimalText(g.MinOverlap))
	}
	if g.MaxLatencyRatio != 0 {
		e.line(3, "max_latency_ratio: ", decimalText(g.MaxLatencyRatio))
	}
}

// scalar writes a text, quoted where YAML or one of its older readers would
// take it for something else. Every escape of Go is one of YAML too, and so is
// what keeps it from commanding a terminal or a runner.
func scalar(s string) string {
	if !plain(s) {
		return safetext.Line(strconv.Quote(s))
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return strconv.Quote(s)
	}
	return s
}

// plain reports whether a text has only characters that mean nothing in YAML, and
// no number's beginning.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case nameByte(c, i):
		case c == '/':
		case i > 0 && strings.IndexByte("-.*%", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
