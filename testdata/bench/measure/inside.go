package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/diff"
	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
	"aliasctl/testdata/bench/workload"
)

// state is target 5: saving and loading a million bindings, against
// encoding/json with the same structs.
func (b *bench) state() error {
	const n = 1_000_000
	state := workload.Workload{Bindings: n, Collections: n / 10}.State()
	encoded, err := json.Marshal(state)
	if err != nil {
		return err
	}
	r, err := inTurn(b.rounds,
		inside(func() error { return statefile.Encode(io.Discard, state) }),
		inside(func() error { _, err := json.Marshal(state); return err }))
	if err != nil {
		return err
	}
	b.compare(5, fmt.Sprintf("encode a state of %d", n), r, wall, 1.5)
	r, err = inTurn(b.rounds,
		inside(func() error { _, err := statefile.Decode("s.json", encoded); return err }),
		inside(func() error { var s planner.State; return json.Unmarshal(encoded, &s) }))
	if err != nil {
		return err
	}
	b.compare(5, fmt.Sprintf("decode a state of %d", n), r, wall, 1.5)

	path, plain := filepath.Join(b.dir, "s.state.json"), filepath.Join(b.dir, "plain.json")
	store, err := stores.Open(path)
	if err != nil {
		return err
	}
	r, err = inTurn(b.rounds,
		inside(func() error {
			if err := store.Save(context.Background(), state); err != nil {
				return err
			}
			_, err := store.Read(context.Background())
			return err
		}),
		inside(func() error { return saveAndLoad(plain, state) }))
	if err != nil {
		return err
	}
	b.compare(5, fmt.Sprintf("save and load a state of %d", n), r, wall, 1.5)
	return nil
}

func saveAndLoad(path string, state planner.State) error {
	data, err := json.Marshal(state)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	var read planner.State
	return json.Unmarshal(data, &read)
}

// rendering is target 6: each format against the time that it takes to plan
// what it shows, and a diff of bindings that have nothing in common.
func (b *bench) rendering() error {
	const n = 100_000
	w := workload.Workload{Bindings: n, Collections: n / 10, Every: 1}
	desired, err := load(w)
	if err != nil {
		return err
	}
	state := w.State()
	plan := func() (planner.Plan, proof.Proof) {
		p := planner.Compare(desired, state, planner.Options{Now: workload.Epoch}).Plan(nil)
		return p, proof.Of(p, nil)
	}
	shown := report.Report{}
	shown.Plan, shown.Proof = plan()
	if len(shown.Plan.Steps) != n {
		return fmt.Errorf("%d steps, not %d", len(shown.Plan.Steps), n)
	}
	planning := inside(func() error { plan(); return nil })
	for _, format := range formats.All() {
		r, err := inTurn(b.rounds, inside(func() error { return formats.Write(io.Discard, format, shown, layout.Style{}) }), planning)
		if err != nil {
			return err
		}
		b.compare(6, fmt.Sprintf("%d steps as %s, against planning them", n, format), r, wall, 2)
	}

	foreign := state
	foreign.Bindings = append([]planner.Binding(nil), state.Bindings...)
	for i := range foreign.Bindings {
		foreign.Bindings[i].Alias = fmt.Sprintf("former_%07d", (i*7919)%n)
		foreign.Bindings[i].Protect = false
	}
	unrelated := report.Report{Plan: planner.Compare(desired, foreign, planner.Options{Now: workload.Epoch}).Plan(nil)}
	r, err := inTurn(b.rounds, inside(func() error { return diff.Write(io.Discard, unrelated, layout.Style{}) }), planning)
	if err != nil {
		return err
	}
	b.compare(6, fmt.Sprintf("diff of %d bindings with %d others", n, n), r, wall, 0)
	return nil
}

func load(w workload.Workload) (*manifest.Manifest, error) {
	var text bytes.Buffer
	if err := w.Manifest(&text); err != nil {
		return nil, err
	}
	return manifest.Load([]string{manifest.StdinPath}, manifest.Options{Stdin: &text})
}
