// Package workload makes the inputs of the benchmarks: bindings of a platform
// with one alias per tenant, always the same for the same size. The programs
// beside it and growth_test.go at the root call it.
package workload

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Epoch is the time at which everything happened.
var Epoch = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// Workload is Bindings aliases on Collections collections, of which every
// Every-th moves to another generation of its collection; 0 moves none. Checked
// asks for checks before each switch and for a query after it.
type Workload struct {
	Bindings, Collections, Every int
	Checked                      bool
}

// Binding is one alias with the collection that it is on and the one that it
// is to be on.
type Binding struct{ Alias, From, To string }

// List returns the bindings in the order of the manifest, which is that of
// no order: tenants come and go.
func (w Workload) List() []Binding {
	list := make([]Binding, w.Bindings)
	for i := range list {
		collection := i % w.Collections
		b := Binding{Alias: fmt.Sprintf("tenant_%07d", i), From: fmt.Sprintf("documents_%06d_v1", collection)}
		if b.To = b.From; w.Every > 0 && i%w.Every == 0 {
			b.To = fmt.Sprintf("documents_%06d_v2", collection)
		}
		list[i] = b
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// Manifest writes what is wanted as YAML. Every tenth alias has the long form,
// and collections are named with a variable.
func (w Workload) Manifest(to io.Writer) error {
	head := "version: 1\nvars: {kind: documents}\n"
	if w.Checked {
		head += "defaults:\n  require: {loaded: true, min_rows: 1}\n  canary: {query: {filter: \"id > 0\"}}\n"
	}
	_, err := io.WriteString(to, head+"aliases:\n")
	for i, b := range w.List() {
		if err != nil {
			return err
		}
		target := "${kind}" + b.To[len("documents"):]
		if i%10 == 0 {
			_, err = fmt.Fprintf(to, "  %s:\n    collection: %s\n    protect: true\n", b.Alias, target)
		} else {
			_, err = fmt.Fprintf(to, "  %s: %s\n", b.Alias, target)
		}
	}
	return err
}

// State returns what was last applied: every alias where it is.
func (w Workload) State() planner.State {
	s := statefile.New(planner.Cluster{URI: "http://milvus:19530"})
	s.Lineage, s.Serial, s.UpdatedAt = "7f3c1de2-52a0-4d0b-9d0c-0f6a3c1b2a10", 1, Epoch
	list := w.List()
	protected := make(map[string]bool, len(list)/10)
	for i := 0; i < len(list); i += 10 {
		protected[list[i].Alias] = true
	}
	slices.SortFunc(list, func(a, b Binding) int { return strings.Compare(a.Alias, b.Alias) })
	for i, b := range list {
		s.Bindings = append(s.Bindings, planner.Binding{
			Database: manifest.DefaultDatabase, Alias: b.Alias, Collection: b.From, Protect: protected[b.Alias],
			CollectionID: fmt.Sprint(456503283210551297 + int64(i%w.Collections)), Since: Epoch,
		})
	}
	return s
}

// Seed writes the catalogue of an emulated cluster on which nothing has moved
// yet; both generations of every collection are there.
func (w Workload) Seed(to io.Writer) error {
	_, err := io.WriteString(to, "databases:\n  default:\n    collections:\n")
	for i := range w.Collections {
		if err != nil {
			return err
		}
		row := "      - documents_%06d_v1\n      - documents_%06d_v2\n"
		if w.Checked {
			row = "      - {name: documents_%06d_v1, rows: 10}\n      - {name: documents_%06d_v2, rows: 10}\n"
		}
		_, err = fmt.Fprintf(to, row, i, i)
	}
	if err == nil {
		_, err = io.WriteString(to, "    aliases:\n")
	}
	for _, b := range w.List() {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(to, "      %s: %s\n", b.Alias, b.From)
	}
	return err
}

// Table writes the bindings as the reference programs read them: one a line,
// alias, from and to, with a blank between.
func (w Workload) Table(to io.Writer) error {
	for _, b := range w.List() {
		if _, err := fmt.Fprintln(to, b.Alias, b.From, b.To); err != nil {
			return err
		}
	}
	return nil
}

// ReadTable is the opposite of Table.
func ReadTable(from io.Reader) ([]Binding, error) {
	var list []Binding
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			return nil, fmt.Errorf("%q is not alias, from and to", lines.Text())
		}
		list = append(list, Binding{fields[0], fields[1], fields[2]})
	}
	return list, lines.Err()
}

// Reversed returns the bindings on their way back.
func Reversed(list []Binding) []Binding {
	back := make([]Binding, len(list))
	for i, b := range list {
		back[i] = Binding{b.Alias, b.To, b.From}
	}
	return back
}
