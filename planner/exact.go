package planner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// The checks that hold green against a value of the manifest, not against blue.
// What blue has is shown beside it, and decides nothing: that it cannot be read is
// no failure.

func (c *Check) rows(want int64, blue, green *RowsFact) {
	if _, unknown := blue.unknown(); !unknown {
		c.Blue = rowsWords(blue)
	}
	if !c.answered(green) {
		return
	}
	c.Green = rowsWords(green)
	c.verdict(green.Count == want, "%s there; exactly %d asked for", quantity.Phrase(int(green.Count), "row is", "rows are"), want)
}

// vectorFields judges a property of the vector fields: of the one that is named, else
// of all that have it.
func (c *Check) vectorFields(want manifest.Check, blue, green *SchemaFact) {
	value := strconv.FormatInt(want.Dimension, 10)
	if want.Name != manifest.Dimension {
		value = want.Word
	}
	if _, unknown := blue.unknown(); !unknown {
		c.Blue = propertyWords(want, judged(want, blue.Fields))
	}
	if !c.answered(green) {
		return
	}
	fields := judged(want, green.Fields)
	c.Green = propertyWords(want, fields)
	c.Verdict = CheckPassed
	for _, f := range fields {
		if has := property(want.Name, f); !strings.EqualFold(has, value) {
			c.failed("field %q: %s is %s, not %s", f.Name, noun(want.Name), orNone(has), value)
		}
	}
	switch {
	case len(fields) > 0:
	case want.Field == "":
		c.failed("no vector field has a %s", noun(want.Name))
	case slices.ContainsFunc(green.Fields, func(f Field) bool { return f.Name == want.Field }):
		c.failed("field %q is no vector field", want.Field)
	default:
		c.failed("green has no field %q", want.Field)
	}
}

func (c *Check) failed(format string, args ...any) {
	c.Verdict = CheckFailed
	c.Details = append(c.Details, fmt.Sprintf(format, args...))
}

// judged are the fields that a check is about. Sparse vectors have no dimension.
func judged(want manifest.Check, fields []Field) []Field {
	var all []Field
	for _, f := range fields {
		named := want.Field == "" || f.Name == want.Field
		if named && f.Vector() && (want.Field != "" || want.Name != manifest.Dimension || f.Dim != "") {
			all = append(all, f)
		}
	}
	return all
}

// Vector reports whether the field can be searched: FloatVector, BinaryVector,
// SparseFloatVector and so on, and arrays of them.
func (f Field) Vector() bool { return strings.HasSuffix(f.Type, "Vector") }

func property(name manifest.CheckName, f Field) string {
	switch name {
	case manifest.Dimension:
		return f.Dim
	case manifest.Metric:
		return f.Metric
	}
	return f.Index
}

func noun(name manifest.CheckName) string {
	if name == manifest.IndexType {
		return "index type"
	}
	return string(name)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// propertyWords are the values of the fields, each once; with several values, each with
// its field.
func propertyWords(want manifest.Check, fields []Field) string {
	var values, named []string
	for _, f := range fields {
		value := orNone(property(want.Name, f))
		named = append(named, f.Name+" "+value)
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	switch len(values) {
	case 0:
		return "none"
	case 1:
		return values[0]
	}
	return strings.Join(named, ", ")
}

func (c *Check) fields(want []string, blue, green *SchemaFact) {
	if _, unknown := blue.unknown(); !unknown {
		c.Blue = quantity.Of(len(blue.Fields), "field")
	}
	if !c.answered(green) {
		return
	}
	c.Green = quantity.Of(len(green.Fields), "field")
	c.Verdict = CheckPassed
	for _, name := range want {
		if !slices.ContainsFunc(green.Fields, func(f Field) bool { return f.Name == name }) {
			c.failed("field %q is missing", name)
		}
	}
	for _, f := range green.Fields {
		// A field within a field, OUTER[INNER], goes with its outer one.
		if outer, _, _ := strings.Cut(f.Name, "["); !slices.Contains(want, f.Name) && !slices.Contains(want, outer) {
			c.failed("field %q is not asked for", f.Name)
		}
	}
}
