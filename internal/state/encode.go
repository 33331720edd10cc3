package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"aliasctl/planner"
)

// flushAt is how many bytes are gathered before they are written: saving a
// large state needs no second copy of it in memory.
const flushAt = 64 << 10

// Encode writes a state in the form that is stored: indented JSON with one
// element of a list a line (an apply of the history, with all that it changed,
// is one), so that a change of one alias is a change of one line in a diff.
// Lists are sorted by database and name, the history by serial, announcements
// stay in their order, times are in UTC: equal states have equal bytes. A
// state that Decode would refuse is not written but reported as *InvalidError.
func Encode(w io.Writer, state planner.State) error {
	state, err := Valid("", state)
	if err != nil {
		return err
	}
	return encode(w, state)
}

// EncodeUnchecked is Encode for a state that may break the rules: it is all
// that is left of what was done.
func EncodeUnchecked(w io.Writer, state planner.State) error { return encode(w, canonical(state)) }

// Valid returns the state in its canonical order, or the *InvalidError for
// which it must not be written to that path.
func Valid(path string, state planner.State) (planner.State, error) {
	state = canonical(state)
	if flaw := check(state); flaw != nil {
		return state, &InvalidError{Path: path, Field: flaw.path(), Why: flaw.why}
	}
	return state, nil
}

// encode writes a canonical state. It walks the fields of the struct by
// reflection, so that a field added to planner.State is never forgotten here.
func encode(w io.Writer, state planner.State) error {
	state.Cluster.URI = recordedURI(state.Cluster)
	state.Version = formatOf(state)
	p := &printer{w: w}
	p.json = json.NewEncoder(&p.buf)
	p.json.SetEscapeHTML(false) // "&" and "<" shall read as they are

	v := reflect.ValueOf(&state).Elem()
	for i, f := range stateShape().fields {
		field := v.Field(f.index)
		list := field.Kind() == reflect.Slice
		if list && !f.required && field.Len() == 0 {
			continue
		}
		p.text(separator(i, "{\n", ",\n"), `  "`, f.name, `": `)
		if list {
			p.lines(field)
		} else {
			p.value(field)
		}
	}
	p.text("\n}\n")
	p.flush()
	return p.err
}

// formatOf is the oldest version of the format that can hold a state.
func formatOf(s planner.State) int {
	if len(s.Unverified) > 0 {
		return 2
	}
	return oldestVersion
}

// printer gathers output and keeps the first error.
type printer struct {
	w    io.Writer
	buf  bytes.Buffer
	json *json.Encoder // into buf
	err  error
}

func (p *printer) text(parts ...string) {
	for _, s := range parts {
		p.buf.WriteString(s)
	}
}

// lines writes a list with one element a line.
func (p *printer) lines(list reflect.Value) {
	if list.Len() == 0 {
		p.text("[]")
		return
	}
	for i := range list.Len() {
		p.text(separator(i, "[\n", ",\n"), "    ")
		p.value(list.Index(i))
		if p.buf.Len() >= flushAt {
			p.flush()
		}
		if p.err != nil {
			return
		}
	}
	p.text("\n  ]")
}

func (p *printer) value(v reflect.Value) {
	if err := p.json.Encode(v.Addr().Interface()); err != nil && p.err == nil {
		p.err = err
		return
	}
	p.buf.Truncate(p.buf.Len() - 1) // the line end that json.Encoder adds
}

func (p *printer) flush() {
	if p.err == nil {
		_, p.err = p.w.Write(p.buf.Bytes())
	}
	p.buf.Reset()
}

func separator(i int, first, other string) string {
	if i == 0 {
		return first
	}
	return other
}

// canonical returns the state with its lists in order and its times in UTC.
// The lists of the caller are not changed: they are copied if they must be.
func canonical(s planner.State) planner.State {
	s.UpdatedAt = s.UpdatedAt.UTC()
	if !slices.IsSorted(s.Manifests) {
		s.Manifests = slices.Sorted(slices.Values(s.Manifests))
	}
	s.Bindings = inOrder(s.Bindings, compareBindings, func(b *planner.Binding) *time.Time { return &b.Since })
	s.Bindings = inOrder(s.Bindings, compareBindings, func(b *planner.Binding) *time.Time { return &b.RenamedAt })
	s.Retired = inOrder(s.Retired, compareRetired, func(r *planner.Retired) *time.Time { return &r.DroppedAt })
	s.Pending = inOrder(s.Pending, asAnnounced, func(a *planner.Announcement) *time.Time { return &a.At })
	s.Idle = inOrder(s.Idle, compareIdle, func(c *planner.Idle) *time.Time { return &c.Since })
	s.Unverified = inOrder(s.Unverified, compareUnverified, func(u *planner.Unverified) *time.Time { return &u.At })
	s.History = inOrder(s.History, compareEntries, func(e *planner.Entry) *time.Time { return &e.At })
	if slices.ContainsFunc(s.History, jumbled) {
		s.History = slices.Clone(s.History)
		for i := range s.History {
			e := &s.History[i]
			e.Changes = append([]planner.Change{}, e.Changes...) // not nil: that would be null
			slices.SortStableFunc(e.Changes, compareChanges)
		}
	}
	return s
}

func jumbled(e planner.Entry) bool {
	return e.Changes == nil || !slices.IsSortedFunc(e.Changes, compareChanges)
}

func inOrder[T any](list []T, compare func(a, b T) int, when func(*T) *time.Time) []T {
	foreign := func(e T) bool { return when(&e).Location() != time.UTC }
	if slices.IsSortedFunc(list, compare) && !slices.ContainsFunc(list, foreign) {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		t := when(&list[i])
		*t = t.UTC()
	}
	slices.SortStableFunc(list, compare)
	return list
}

// asAnnounced leaves announcements in the order they came.
func asAnnounced(_, _ planner.Announcement) int { return 0 }

func compareBindings(a, b planner.Binding) int {
	return comparePairs(a.Database, a.Alias, b.Database, b.Alias)
}

func compareRetired(a, b planner.Retired) int {
	return comparePairs(a.Database, a.Collection, b.Database, b.Collection)
}

func compareIdle(a, b planner.Idle) int {
	return comparePairs(a.Database, a.Collection, b.Database, b.Collection)
}

func compareUnverified(a, b planner.Unverified) int {
	return cmp.Or(comparePairs(a.Database, a.Alias, b.Database, b.Alias), strings.Compare(a.To, b.To))
}

func compareChanges(a, b planner.Change) int {
	return comparePairs(a.Database, a.Alias, b.Database, b.Alias)
}

func compareEntries(a, b planner.Entry) int { return cmp.Compare(a.Serial, b.Serial) }

func comparePairs(database, name, otherDatabase, otherName string) int {
	if c := strings.Compare(database, otherDatabase); c != 0 {
		return c
	}
	return strings.Compare(name, otherName)
}
