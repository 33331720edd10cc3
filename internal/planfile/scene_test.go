package planfile_test

import (
	"strings"
	"testing"
	"time"

	"aliasctl/internal/planfile"
	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/saved"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a situation in which a plan has everything: each operation, checks
// with each kind of answer, conflicts, notes, flags, variables, golden queries.
type world struct {
	manifest *manifest.Manifest
	origin   manifest.Origin
	state    planner.State
	live     *planner.Live
	options  planner.Options
}

const manifestText = `version: 1
cluster: prod
vars: {own: v1}
defaults: {require: {loaded: true, min_rows: 10}}
aliases:
  create: {collection: c_2, canary: {query: {filter: "id > 0"}}, verify: true}
  switch: {collection: "s_${rev}", from: s_1, group: g, grants: copy, golden: {file: q.jsonl}}
  adopt: {collection: c_2, protect: true}
  foreign: taken
  unchanged: "u_${own}"
  anew: {collection: a_1, require: {min_rows: 20}}
  newest: {collection: {newest: "n_v*"}}
  named: {collection: o_2, renamed_from: old, keep_old: 24h}
  fresh: {collection: o_1, renamed_from: older}
retire: [r_1, {collection: r_2, after: 1h}]
---
version: 1
database: shop
aliases: {moved: m_2}
`

func newWorld(t testing.TB, choose func(*planner.Options)) world {
	t.Helper()
	var w world
	opts := manifest.Options{Vars: map[string]string{"rev": "2"}, Stdin: strings.NewReader(manifestText), Origin: &w.origin}
	var err error
	if w.manifest, err = manifest.Load([]string{"-"}, opts); err != nil {
		t.Fatal(err)
	}
	bind := func(database, alias, collection string) planner.Binding {
		return planner.Binding{Database: database, Alias: alias, Collection: collection, Since: noon}
	}
	w.state = planner.State{Version: 1, Lineage: "6a0b7a5e-0000-4000-8000-000000000000", Serial: 7, Bindings: []planner.Binding{
		bind("default", "drop", "d_1"), bind("default", "gone", "d_1"), bind("default", "newest", "n_v1"), bind("default", "old", "o_1"), bind("default", "older", "o_1"), bind("default", "switch", "s_1"), bind("default", "unchanged", "u_v1"),
		bind("shop", "moved", "m_1"),
		{Database: "default", Alias: "anew", Collection: "a_1", CollectionID: "31", Since: noon},
	}}
	rows, few := &planner.RowsFact{Count: 500, Source: "count(*)"}, &planner.RowsFact{Count: 5, Source: "get_stats"}
	loaded := &planner.LoadFact{State: planner.Loaded, Progress: 100}
	w.live = &planner.Live{Databases: map[string]*planner.LiveDatabase{
		"default": {
			Bindings: map[string]string{"anew": "a_1", "newest": "n_v1", "old": "o_1", "older": "o_1", "drop": "d_1", "switch": "s_1", "unchanged": "u_v1", "adopt": "c_2", "foreign": "theirs"},
			Aliases:  map[string]struct{}{"anew": {}, "newest": {}, "old": {}, "older": {}, "drop": {}, "switch": {}, "unchanged": {}, "adopt": {}, "foreign": {}},
			Collections: map[string]planner.LiveCollection{
				"c_2": {ID: "12", Facts: &planner.Facts{Load: loaded, Rows: rows}},
				"a_1": {ID: "32", Facts: &planner.Facts{Load: loaded, Rows: rows}},
				"s_2": {ID: "22", Facts: &planner.Facts{Load: loaded, Rows: few}}, "s_1": {ID: "21"},
				"r_1": {ID: "5", Facts: &planner.Facts{Rows: rows}}, "r_2": {ID: "6"},
				"o_1": {ID: "70", Facts: &planner.Facts{Load: loaded, Rows: rows}}, "o_2": {ID: "71", Facts: &planner.Facts{Load: loaded, Rows: rows}},
				"n_v1": {}, "n_v2": {ID: "62", Facts: &planner.Facts{Load: loaded, Rows: rows}},
				"n_v3":  {ID: "63", Facts: &planner.Facts{Load: &planner.LoadFact{State: planner.Loading, Progress: 40}, Rows: rows}},
				"taken": {ID: "41", Facts: &planner.Facts{Load: loaded, Rows: rows}}, "d_1": {}, "u_v1": {}, "theirs": {},
			},
			Names: []string{"n_v1", "n_v2", "n_v3"},
			Grants: &planner.GrantFact{Roles: []planner.Role{
				{Name: "r", Grants: []planner.Grant{{Database: "default", ObjectType: "Collection", Object: "s_1", Privilege: "Query"}, {Database: "default", ObjectType: "Global", Object: "s_1", Privilege: "CollectionReadOnly"}}},
			}, Groups: map[string][]string{"CollectionReadOnly": {"Query", "Search"}}},
			Golden: map[string]*planner.GoldenFact{"switch": {K: 10, Queries: []planner.GoldenQuery{{Overlap: 0.9, Blue: time.Millisecond, Green: time.Millisecond}}}},
		},
		"shop": {
			Bindings: map[string]string{"moved": "m_1"}, Aliases: map[string]struct{}{"moved": {}},
			Collections: map[string]planner.LiveCollection{"m_1": {}, "m_2": {ID: "52"}},
		},
	}}
	w.options = planner.Options{
		Cluster: planner.Cluster{URI: "http://milvus:19530", Label: "prod"}, Now: noon, Manifests: []string{"-"},
		Golden: map[string]string{"q.jsonl": strings.Repeat("ab", 32)},
	}
	if choose != nil {
		choose(&w.options)
	}
	return w
}

// save makes the plan of the world. The second one is made an hour later, when
// other rows are counted.
func (w world) save() saved.Plan {
	p := planner.Compare(w.manifest, w.state, w.options).Plan(w.live)
	p.Spell(nil)
	refusals := p.Check(planner.DefaultLimits())
	for i := range refusals {
		refusals[i] = refusals[i].Spell(nil)
	}
	return saved.New(p, w.origin, w.state, w.live, refusals, w.options.Now)
}

// worlds are the situations whose plans are tried.
func worlds(t testing.TB) map[string]world {
	take := planner.Selection{Keys: map[planner.Key]bool{{Database: "default", Name: "foreign"}: true}}
	return map[string]world{
		"plain": newWorld(t, nil),
		"lifted": newWorld(t, func(o *planner.Options) {
			o.TakeOver, o.SkipChecks = take, map[manifest.CheckName]planner.Selection{manifest.MinRows: {All: true}}
			o.Choices = []planner.Choice{{Flag: "skip-check", Values: []string{"min_rows"}}, {Flag: "take-over", Values: []string{"foreign"}}}
		}),
		"recreate": newWorld(t, func(o *planner.Options) {
			o.Switch = planner.ByRecreate
			o.Choices = []planner.Choice{{Flag: "switch", Values: []string{"recreate"}}}
		}),
	}
}

func encode(t testing.TB, s saved.Plan) []byte {
	t.Helper()
	text, err := planfile.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
