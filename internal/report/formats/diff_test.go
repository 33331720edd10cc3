package formats_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/diff"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
)

// document is what a reader of the canonical YAML finds in it.
type document struct {
	Database    string               `yaml:"database"`
	Aliases     map[string]yaml.Node `yaml:"aliases"`
	Collections []string             `yaml:"collections"`
}

// decoded reads canonical YAML back: DATABASE/ALIAS to COLLECTION, with a mark
// for a protected one, and the collections that are listed.
func decoded(t interface{ Fatalf(string, ...any) }, text string) map[string]string {
	found := make(map[string]string)
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var d document
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("canonical YAML does not decode: %v\n%s", err, text)
		}
		for alias, node := range d.Aliases {
			var long struct {
				Collection string
				Protect    bool
			}
			if node.Kind == yaml.ScalarNode {
				long.Collection = node.Value
				if node.Tag != "!!str" {
					t.Fatalf("collection %q reads as %s", node.Value, node.Tag)
				}
			} else if err := node.Decode(&long); err != nil {
				t.Fatalf("alias %q: %v", alias, err)
			}
			found[d.Database+"/"+alias] = fmt.Sprint(long.Collection, " ", long.Protect)
		}
		for _, c := range d.Collections {
			found[d.Database+"!"+c] = "listed"
		}
	}
}

func expected(bindings []planner.Bound, drops []planner.Step) map[string]string {
	want := make(map[string]string)
	for _, b := range bindings {
		want[b.Database+"/"+b.Alias] = fmt.Sprint(b.Collection, " ", b.Protect)
	}
	for _, s := range drops {
		want[s.Database+"!"+s.Collection] = "listed"
	}
	return want
}

// wholeText is the canonical YAML of one side: the diff against nothing.
func wholeText(t interface{ Fatalf(string, ...any) }, bindings []planner.Bound, drops []planner.Step) string {
	report := report.Report{Plan: planner.Plan{Before: bindings, Steps: drops}}
	var b bytes.Buffer
	if err := diff.Write(&b, report, layout.Style{}); err != nil {
		t.Fatalf("diff: %v", err)
	}
	var text strings.Builder
	for _, h := range parsed(t, b.String()) {
		for _, l := range h.lines {
			text.WriteString(l[1:])
		}
	}
	return text.String()
}

func nameGen() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", "products", "reviews", "on", "null", "False", "y", "_", "products_v1", "products_v2"}),
		rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,20}`),
	)
}

// bindingsGen draws sorted bindings; near other ones when given some, so that
// most lines agree.
func bindingsGen(near []planner.Bound) *rapid.Generator[[]planner.Bound] {
	return rapid.Custom(func(t *rapid.T) []planner.Bound {
		all := make(map[planner.Key]planner.Bound)
		for _, b := range near {
			switch rapid.IntRange(0, 9).Draw(t, "fate") {
			case 0: // dropped
				continue
			case 1:
				b.Collection = nameGen().Draw(t, "collection")
			case 2:
				b.Protect = !b.Protect
			}
			all[planner.Key{Database: b.Database, Name: b.Alias}] = b
		}
		for range rapid.IntRange(0, 150/(1+len(near)/8)).Draw(t, "new") {
			b := planner.Bound{
				Database:   rapid.SampledFrom([]string{"default", "shop", "on"}).Draw(t, "database"),
				Alias:      nameGen().Draw(t, "alias"),
				Collection: nameGen().Draw(t, "collection"),
				Protect:    rapid.Bool().Draw(t, "protect"),
			}
			all[planner.Key{Database: b.Database, Name: b.Alias}] = b
		}
		var bindings []planner.Bound
		for _, b := range all {
			bindings = append(bindings, b)
		}
		slices.SortFunc(bindings, func(a, b planner.Bound) int {
			return strings.Compare(a.Database+"\x00"+a.Alias, b.Database+"\x00"+b.Alias)
		})
		return bindings
	})
}

func dropsGen() *rapid.Generator[[]planner.Step] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) planner.Step {
		return planner.Step{
			Op: planner.DropCollection, Database: rapid.SampledFrom([]string{"default", "other"}).Draw(t, "database"),
			Collection: nameGen().Draw(t, "collection"),
		}
	}), 0, 5, func(s planner.Step) string { return s.Database + "/" + s.Collection })
}

func TestDiffAppliedToBeforeGivesAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := bindingsGen(nil).Draw(t, "before")
		after := bindingsGen(before).Draw(t, "after")
		if rapid.Bool().Draw(t, "unrelated") {
			after = bindingsGen(nil).Draw(t, "unrelated after")
		}
		drops := dropsGen().Draw(t, "drops")
		report := report.Report{Plan: planner.Plan{Before: before, After: after, Steps: drops}}
		var b bytes.Buffer
		if err := diff.Write(&b, report, layout.Style{}); err != nil {
			t.Fatal(err)
		}
		textBefore, textAfter := wholeText(t, before, drops), wholeText(t, after, nil)
		hunks := parsed(t, b.String())
		if d := cmp.Diff(textAfter, patched(t, textBefore, hunks)); d != "" {
			t.Fatalf("patched text (-want +got):\n%s\ndiff:\n%s", d, b.String())
		}
		for _, h := range hunks {
			wellFormed(t, h)
		}
		if d := cmp.Diff(expected(before, drops), decoded(t, textBefore)); d != "" {
			t.Fatalf("canonical YAML reads as (-want +got):\n%s", d)
		}
	})
}

func TestDiffMarksTheChangedPartOfALine(t *testing.T) {
	report := switchAndRetire()
	got := string(written(t, formats.Diff, report, layout.Style{Color: true}))
	for _, want := range []string{
		"\x1b[31m-  products: \x1b[0m\x1b[31mproducts_v\x1b[0m\x1b[31;7m1\x1b[0;27m\n",
		"\x1b[32m+  products: \x1b[0m\x1b[32mproducts_v\x1b[0m\x1b[32;7m2\x1b[0;27m\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}
