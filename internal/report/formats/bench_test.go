package formats_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/diff"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/text"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// BenchmarkHundredThousandSteps sets the time that each format takes beside
// the time that it takes to plan the same steps.
func BenchmarkHundredThousandSteps(b *testing.B) {
	const n = 100_000
	d := manifest.Database{Name: manifest.DefaultDatabase}
	state := planner.State{Version: planner.StateVersion}
	for i := range n {
		name := fmt.Sprintf("tenant_%06d", i)
		d.Aliases = append(d.Aliases, manifest.Alias{Name: name, Collection: fmt.Sprintf("tenant_%06d_v2", i)})
		state.Bindings = append(state.Bindings, planner.Binding{Database: d.Name, Alias: name, Collection: fmt.Sprintf("tenant_%06d_v1", i)})
	}
	m := &manifest.Manifest{Databases: []manifest.Database{d}}

	r := report.Report{Plan: planner.Compare(m, state, planner.Options{}).Plan(nil)}
	r.Proof = proof.Of(r.Plan, nil)
	if len(r.Plan.Steps) != n {
		b.Fatalf("%d steps", len(r.Plan.Steps))
	}
	b.Run("plan", func(b *testing.B) {
		for b.Loop() {
			planner.Compare(m, state, planner.Options{}).Plan(nil)
		}
	})
	b.Run("plan-and-prove", func(b *testing.B) {
		for b.Loop() {
			proof.Of(planner.Compare(m, state, planner.Options{}).Plan(nil), nil)
		}
	})
	for _, f := range formats.All() {
		for _, s := range []layout.Style{{}, {Color: true}} {
			if f.Whole() && s.Color { // only what is for a terminal has colours
				continue
			}
			b.Run(fmt.Sprintf("%s/colour=%v", f, s.Color), func(b *testing.B) {
				for b.Loop() {
					if err := formats.Write(io.Discard, f, r, s); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("diff-unrelated", func(b *testing.B) {
		unrelated := report.Report{Plan: unrelated(n)}
		for b.Loop() {
			if err := diff.Write(io.Discard, unrelated, layout.Style{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("results", func(b *testing.B) {
		for _, s := range r.Plan.Steps {
			r.Results = append(r.Results, executor.Result{Step: s, Outcome: executor.Applied, Took: 3 * time.Millisecond})
		}
		for b.Loop() {
			if err := text.Results(io.Discard, r, layout.Style{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
