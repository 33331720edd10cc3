package scene

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Build makes the cluster of the story, as it is before the run.
func (s Story) Build(profile emulator.Profile) *emulator.Emulator {
	e := emulator.New(profile)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	for _, db := range s.Databases() {
		if db != manifest.DefaultDatabase {
			must(e.CreateDatabase(db))
		}
	}
	for _, name := range s.Existing {
		must(e.CreateCollection(program.Place(name)))
	}
	for _, name := range s.Unloaded {
		must(e.Unload(program.Place(name)))
	}
	for _, bindings := range []map[string]string{s.Ours, s.Others} {
		for _, alias := range slices.Sorted(maps.Keys(bindings)) {
			db, name := program.Place(alias)
			must(e.CreateAlias(db, name, bindings[alias]))
		}
	}
	for _, role := range slices.Sorted(maps.Keys(s.Roles)) {
		for _, object := range slices.Sorted(maps.Keys(s.Roles[role])) {
			for _, privilege := range s.Roles[role][object] {
				db, name := program.Place(object)
				must(e.AddGrant(role, db, name, privilege))
			}
		}
	}
	return e
}

// State is what the earlier apply has stored.
func (s Story) State(e *emulator.Emulator, uri string) planner.State {
	state := statefile.New(planner.Cluster{URI: uri})
	state.Serial, state.UpdatedAt = 7, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for _, alias := range slices.Sorted(maps.Keys(s.Ours)) {
		db, name := program.Place(alias)
		b := planner.Binding{Database: db, Alias: name, Collection: s.Ours[alias], Since: state.UpdatedAt, CollectionID: idOf(e, db+"/"+s.Ours[alias])}
		if r := s.Renamed[alias]; r.Due {
			b.RenamedFrom, b.RenamedAt = r.From, longAgo
		}
		state.Bindings = append(state.Bindings, b)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keep)) {
		if slices.Contains(s.Retire, name) {
			db, collection := program.Place(name)
			state.Idle = append(state.Idle, planner.Idle{Database: db, Collection: collection, CollectionID: idOf(e, name), Since: longAgo})
		}
	}
	return state
}

// longAgo is longer ago than any wait of a story.
var longAgo = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)

// idOf is the id of a collection, as states have it.
func idOf(e *emulator.Emulator, collection string) string {
	db, name := program.Place(collection)
	return strconv.FormatInt(e.Collections(db)[name], 10)
}
