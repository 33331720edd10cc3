package scene

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Story is a cluster and what is to become of it. Names are DATABASE/NAME.
type Story struct {
	Existing []string
	Ours     map[string]string // aliases that an earlier apply bound
	Others   map[string]string // aliases that it did not
	Want     map[string]string // aliases of the manifest
	Retire   []string
	Unloaded []string // collections that are not in memory at first; the aliases that want one have them loaded
	// Newest are the patterns that the manifest has in the place of what Want has.
	Newest map[string]string
}

// RichStory has every kind of step in two databases, with the same names in
// both: create, switch, drop, retire, adopt, and what is to stay.
var RichStory = Story{
	Existing: []string{
		"default/products_v1", "default/products_v2", "default/products_v3", "default/reviews_v1",
		"default/images_v1", "default/legacy_v1", "default/old_v1", "default/foreign_v1",
		"search/products_v1", "search/products_v2", "search/queries_v1", "search/gone_v1",
	},
	Ours: map[string]string{
		"default/products": "products_v1", "default/reviews": "reviews_v1", "default/old": "old_v1",
		"search/products": "products_v1", "search/gone": "gone_v1",
	},
	Others: map[string]string{
		"default/legacy": "legacy_v1", "default/foreign": "foreign_v1", "search/other": "products_v2",
	},
	Want: map[string]string{
		"default/products": "products_v2", "default/reviews": "reviews_v1", "default/images": "images_v1",
		"default/legacy": "legacy_v1", "search/products": "products_v2", "search/queries": "queries_v1",
	},
	Retire: []string{"default/products_v1", "default/old_v1", "search/products_v1"},
}

// LoadStory is RichStory with two collections that are loaded before the switch.
var LoadStory = RichStory.with("default/products_v2", "search/products_v2")

func (s Story) with(unloaded ...string) Story {
	s.Unloaded = unloaded
	return s
}

// NewestStory binds aliases to the newest of a pattern, and has older ones that are
// ready beside it: a request that goes wrong must not lead there.
var NewestStory = Story{
	Existing: []string{"default/products_v1", "default/products_v9", "default/products_v10", "default/foreign_v1"},
	Ours:     map[string]string{"default/products": "products_v1"},
	Others:   map[string]string{"default/foreign": "foreign_v1"},
	Want:     map[string]string{"default/products": "products_v10", "default/first": "products_v10"},
	Newest:   map[string]string{"default/products": "products_v*", "default/first": "products_v*"},
}

// With is the story with another manifest. A want of "" takes the alias out;
// a retiree with "-" in front is not retired any more.
func (s Story) With(want map[string]string, retire ...string) Story {
	s.Want, s.Retire = maps.Clone(s.Want), slices.Clone(s.Retire)
	for alias, to := range want {
		if s.Want[alias] = to; to == "" {
			delete(s.Want, alias)
		}
	}
	for _, name := range retire {
		if kept, ok := strings.CutPrefix(name, "-"); ok {
			s.Retire = slices.DeleteFunc(s.Retire, func(r string) bool { return r == kept })
		} else {
			s.Retire = append(s.Retire, name)
		}
	}
	return s
}

// Unmanaged are the aliases that no run may touch.
func (s Story) Unmanaged() map[string]string {
	left := maps.Clone(s.Others)
	maps.DeleteFunc(left, func(alias, _ string) bool { return s.Want[alias] != "" })
	return left
}

// Document is the manifest of the story.
func (s Story) Document() string {
	var text strings.Builder
	for i, database := range s.Databases() {
		if i > 0 {
			text.WriteString("---\n")
		}
		fmt.Fprintf(&text, "version: 1\ndatabase: %s\naliases:\n", database)
		for _, alias := range slices.Sorted(maps.Keys(s.Want)) {
			if db, name := program.Place(alias); db == database {
				if pattern := s.Newest[alias]; pattern != "" {
					fmt.Fprintf(&text, "  %s: {collection: {newest: %q}, require: {exists: true, same_schema: true, min_rows: 0}}\n", name, pattern)
					continue
				}
				if slices.Contains(s.Unloaded, db+"/"+s.Want[alias]) {
					fmt.Fprintf(&text, "  %s: {collection: %s, load: {timeout: 20s}}\n", name, s.Want[alias])
					continue
				}
				fmt.Fprintf(&text, "  %s: %s\n", name, s.Want[alias])
			}
		}
		head := "retire:\n"
		for _, retiree := range s.Retire {
			if db, name := program.Place(retiree); db == database {
				fmt.Fprintf(&text, "%s  - %s\n", head, name)
				head = ""
			}
		}
	}
	return text.String()
}

func (s Story) Databases() []string {
	var list []string
	for _, name := range s.Existing {
		db, _ := program.Place(name)
		list = append(list, db)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

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
	return e
}

// State is what the earlier apply has stored.
func (s Story) State(e *emulator.Emulator, uri string) planner.State {
	state := statefile.New(planner.Cluster{URI: uri})
	state.Serial, state.UpdatedAt = 7, time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for _, alias := range slices.Sorted(maps.Keys(s.Ours)) {
		db, name := program.Place(alias)
		state.Bindings = append(state.Bindings, planner.Binding{
			Database: db, Alias: name, Collection: s.Ours[alias], Since: state.UpdatedAt,
			CollectionID: strconv.FormatInt(e.Collections(db)[s.Ours[alias]], 10),
		})
	}
	return state
}
