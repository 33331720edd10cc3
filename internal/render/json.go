package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// JSON writes the report for machines: one object, its lists one element a
// line, so that a plan of any size is written as it goes and reads well in a
// diff. Lists are never null. `results` and `cutovers` are there after an apply
// only. The only errors are those of w.
func JSON(w io.Writer, r Report) error {
	o := newObject(w)
	o.field("version", r.Plan.Version)
	o.field("cluster", r.Plan.Cluster)
	o.field("serial", r.Plan.Serial)
	o.field("digest", r.Plan.Digest())
	o.field("live", r.Plan.Live)
	list(o, "flags", r.Plan.Choices, func(c *planner.Choice) any { return c })
	o.field("summary", r.Plan.Summary)
	list(o, "steps", r.Plan.Steps, stepJSON)
	list(o, "conflicts", r.Plan.Conflicts, conflictJSON)
	list(o, "notes", r.Plan.Notes, func(s *string) any { return s })
	list(o, "checks", r.Plan.Checks, checkJSON)
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
	return o.close()
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

// list is a field whose value is a list. (A function, because a method has no
// type parameters.)
func list[T any](o *object, name string, items []T, form func(*T) any) {
	o.name(name)
	o.WriteByte('[')
	for i := range items {
		if i > 0 {
			o.WriteByte(',')
		}
		o.WriteString("\n    ")
		o.value(form(&items[i]))
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
