// Package json writes a report for machines. It is made from the values of the
// planner and the executor, not from what other formats show of them.
package json

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"time"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// Write writes a document: one object, its lists one element a
// line, so that a plan of any size is written as it goes and reads well in a
// diff. Lists are never null. `results` and `cutovers` are there after an apply
// only. The only errors are those of w.
func Write(w io.Writer, d report.Document) error {
	o := newObject(w)
	switch d := d.(type) {
	case report.Report:
		o.plan(d)
	case report.DriftReport:
		o.drift(d)
	case report.Failure:
		o.failure(d)
	}
	return o.close()
}

func (o *object) plan(r report.Report) {
	o.field("version", r.Plan.Version)
	o.field("cluster", r.Plan.Cluster)
	o.field("serial", r.Plan.Serial)
	o.field("digest", r.Digest)
	o.field("live", r.Plan.Live)
	list(o, "flags", r.Plan.Choices, func(c *planner.Choice) any { return c })
	o.field("summary", r.Plan.Summary)
	list(o, "steps", r.Plan.Steps, stepJSON)
	list(o, "conflicts", r.Plan.Conflicts, conflictJSON)
	list(o, "notes", r.Plan.Notes, func(s *string) any { return s })
	list(o, "checks", r.Plan.Checks, checkJSON)
	if len(r.Plan.Newest) > 0 {
		list(o, "newest", r.Plan.Newest, func(n *planner.Newest) any { return n })
	}
	list(o, "refusals", r.Refusals, func(r *planner.Refusal) any { return r })
	proof := r.Proof
	if proof.Gaps == nil {
		proof.Gaps = []string{}
	}
	o.field("proof", proof)
	if r.Applied {
		list(o, "results", r.Results, resultJSON)
		list(o, "cutovers", r.Cutovers, cutoverJSON)
	}
}

func (o *object) drift(r report.DriftReport) {
	o.field("version", report.DriftVersion)
	list(o, "drift", r.Drift, func(d *drift.Drift) any { return d })
	if len(r.Unverified) > 0 {
		list(o, "unverified", r.Unverified, func(u *planner.Unverified) any { return u })
	}
	if r.Holder != "" {
		o.field("holder", r.Holder)
	}
	o.field("plan", r.Plan)
	o.field("unmanaged_count", len(r.Unmanaged))
	if r.ListUnmanaged {
		list(o, "unmanaged", r.Unmanaged, func(k *planner.Key) any {
			return struct {
				Database string `json:"database"`
				Alias    string `json:"alias"`
			}{k.Database, k.Name}
		})
	}
}

// failure has no field of a report but the version: nothing takes it for one.
func (o *object) failure(f report.Failure) {
	o.field("version", 1)
	o.field("error", f.What)
	list(o, "details", f.Details, func(d *string) any { return d })
	list(o, "errors", f.Mistakes, func(m *report.Mistake) any { return m })
	if f.More > 0 {
		o.field("more", f.More)
	}
	o.field("hint", f.Hint)
	o.field("exit_code", f.Code)
	o.field("commit", f.Origin.Commit)
	o.field("time", f.Origin.Time.UTC().Format(time.RFC3339))
}

// object writes the fields of one JSON object as they come.
type object struct {
	*bufio.Writer
	line    bytes.Buffer
	encoder *json.Encoder
	err     error
	fields  int
}

func newObject(w io.Writer) *object {
	o := &object{Writer: bufio.NewWriterSize(w, 64<<10)}
	o.encoder = json.NewEncoder(&o.line)
	o.encoder.SetEscapeHTML(false) // "->" in a note should stay readable
	return o
}

func (o *object) field(name string, value any) {
	o.name(name)
	o.value(value)
}

// list is a field whose value is a list; a form of several parts makes several
// elements. (A function, because a method has no
// type parameters.)
func list[T any](o *object, name string, items []T, form func(*T) any) {
	o.name(name)
	o.WriteByte('[')
	between := ""
	element := func(v any) {
		o.WriteString(between + "\n    ")
		o.value(v)
		between = ","
	}
	for i := range items {
		switch v := form(&items[i]).(type) {
		case []any:
			for _, part := range v {
				element(part)
			}
		default:
			element(v)
		}
	}
	if len(items) > 0 {
		o.WriteString("\n  ")
	}
	o.WriteByte(']')
}

func (o *object) name(name string) {
	if o.fields == 0 {
		o.WriteString("{\n  ")
	} else {
		o.WriteString(",\n  ")
	}
	o.fields++
	o.WriteString(`"` + name + `": `)
}

func (o *object) value(v any) {
	o.line.Reset()
	if err := o.encoder.Encode(v); err != nil && o.err == nil {
		o.err = err
	}
	o.Write(safetext.JSON(bytes.TrimSuffix(o.line.Bytes(), []byte("\n"))))
}

func (o *object) close() error {
	o.WriteString("\n}\n")
	if o.err != nil {
		return o.err
	}
	return o.Flush()
}
