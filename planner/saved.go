package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
)

// SavedVersion is the version of the format of a saved plan.
const SavedVersion = 1

// Saved is a plan in a file: what was reviewed, with everything that it was
// decided from, so that an apply can tell whether it still holds. It holds no
// secret.
type Saved struct {
	Version int       `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	Lineage string    `json:"lineage"` // of the state, "" for a first run

	Plan         Plan           `json:"plan"`
	Before       []Binding      `json:"before"`
	After        []Binding      `json:"after"`
	Housekeeping Housekeeping   `json:"housekeeping"`
	Managed      []ManagedCount `json:"managed"`
	SplitGroups  []SplitGroup   `json:"split_groups,omitempty"`
	Newcomers    []Newcomer     `json:"newcomers,omitempty"`

	// Touches is what the plan was made from, of what it touches alone.
	Touches []Touch `json:"touches"`
	// Cutovers are what the manifest asks for of each alias that is bound: the
	// checks are made again before the plan is applied.
	Cutovers []SavedCutover `json:"cutovers,omitempty"`
	// Digest is over all other fields: a file that was edited is refused.
	Digest string `json:"digest"`
}

// SavedCutover is the cutover of one alias of a saved plan.
type SavedCutover struct {
	Database string            `json:"database"`
	Alias    string            `json:"alias"`
	Cutover  *manifest.Cutover `json:"cutover"`
}

// Touch is the state and the cluster at one alias or collection that a plan
// touches.
type Touch struct {
	Database   string   `json:"database"`
	Alias      string   `json:"alias,omitempty"`
	Collection string   `json:"collection,omitempty"` // that is dropped
	Ours       []string `json:"ours,omitempty"`       // what the state and its announcements say, sorted
	Live       string   `json:"live,omitempty"`       // the target of the alias; the id of the collection
	To         string   `json:"to,omitempty"`         // the collection that the alias is to be bound to
	Target     string   `json:"target,omitempty"`     // its id
	// RolledBackFrom is the mark of a rollback on the alias: it has to be
	// reviewed anew.
	RolledBackFrom string   `json:"rolled_back_from,omitempty"`
	Reached        []string `json:"reached,omitempty"` // aliases at a collection to drop, other than those the plan moves
}

// name is the alias or collection for people.
func (t Touch) name() string {
	if t.Alias != "" {
		return fmt.Sprintf("alias %s/%s", t.Database, t.Alias)
	}
	return fmt.Sprintf("collection %s/%s", t.Database, t.Collection)
}

// Save packs a plan with what it was made from.
func Save(p Plan, m *manifest.Manifest, s State, live *Live, now time.Time) Saved {
	saved := Saved{
		Version: SavedVersion, MadeAt: now, Plan: p,
		Before: p.Before, After: p.After, Housekeeping: p.Housekeeping, Managed: p.Managed, SplitGroups: p.SplitGroups, Newcomers: p.Newcomers,
		Touches: touches(p, s, live),
	}
	if s.Serial > 0 {
		saved.Lineage = s.Lineage
	}
	bound := make(map[Key]bool)
	for _, step := range p.Steps {
		bound[step.key()] = bound[step.key()] || step.Op.Writes() && step.To != ""
	}
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			if a.Cutover != nil && bound[Key{d.Name, a.Name}] {
				saved.Cutovers = append(saved.Cutovers, SavedCutover{d.Name, a.Name, a.Cutover})
			}
		}
	}
	saved.Digest = saved.sum()
	return saved
}

// Wanted is the manifest as far as the plan binds aliases, and those aliases:
// what its checks are made from.
func (s Saved) Wanted() (*manifest.Manifest, Selection) {
	m := &manifest.Manifest{Cluster: s.Plan.Cluster.Label}
	cutovers := make(map[Key]*manifest.Cutover)
	for _, c := range s.Cutovers {
		cutovers[Key{c.Database, c.Alias}] = c.Cutover
	}
	bound := Selection{Keys: make(map[Key]bool)}
	steps := slices.SortedFunc(slices.Values(s.Plan.Steps), func(a, b Step) int { return a.key().Compare(b.key()) })
	for _, step := range steps {
		if k := step.key(); step.To != "" && step.Op.Writes() && !bound.Keys[k] {
			bound.Keys[k] = true
			addAlias(m, step.Database, manifest.Alias{Name: step.Alias, Collection: step.To, Protect: step.Protect, Cutover: cutovers[k]})
		}
	}
	return m, bound
}

// Skipped are the checks whose verdict did not count when the plan was made.
func (s Saved) Skipped() []manifest.CheckName {
	var names []manifest.CheckName
	for _, c := range s.Plan.Checks {
		if c.Verdict == CheckSkipped && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// sum is the digest over all other fields. JSON of these types has one form
// only: struct fields in order, no maps, no floats but those of measurements.
func (s Saved) sum() string {
	s.Digest = ""
	text, err := json.Marshal(s)
	if err != nil {
		panic("planner: a plan cannot be written as JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Intact says whether the fields are those that the digest was made over.
func (s Saved) Intact() bool { return s.Digest == s.sum() }

// Unpack is the plan as Build returned it.
func (s Saved) Unpack() Plan {
	p := s.Plan
	p.Before, p.After, p.Housekeeping, p.Managed, p.SplitGroups = s.Before, s.After, s.Housekeeping, s.Managed, s.SplitGroups
	p.Newcomers = s.Newcomers
	return p
}

// Scope says what has to be read to tell whether the plan is stale.
func (s Saved) Scope() Scope {
	var scope Scope
	get := func(name string) *DatabaseScope {
		i := slices.IndexFunc(scope.Databases, func(d DatabaseScope) bool { return d.Name == name })
		if i < 0 {
			i = len(scope.Databases)
			scope.Databases = append(scope.Databases, DatabaseScope{Name: name, Aliases: make(map[string]string)})
		}
		return &scope.Databases[i]
	}
	for _, step := range s.Plan.Steps {
		d := get(step.Database)
		if step.Op == DropCollection {
			d.Retirees = append(d.Retirees, step.Collection)
			continue
		}
		home := step.From
		if home == "" {
			home = step.To
		}
		if d.Aliases[step.Alias] == "" {
			d.Aliases[step.Alias] = home
		}
		if step.To != "" {
			d.Targets = append(d.Targets, step.To)
		}
	}
	for i := range scope.Databases {
		d := &scope.Databases[i]
		slices.Sort(d.Targets)
		d.Targets = slices.Compact(d.Targets)
		slices.Sort(d.Retirees)
	}
	slices.SortFunc(scope.Databases, func(a, b DatabaseScope) int { return strings.Compare(a.Name, b.Name) })
	return scope
}

// Stale lists every difference between what the plan was made from and what is
// now, of what the plan touches; nothing for a plan that still holds. Changes
// elsewhere do not matter.
func (s Saved) Stale(state State, live *Live) []string {
	var out []string
	if s.Lineage != "" && s.Lineage != state.Lineage {
		out = append(out, fmt.Sprintf("the plan was made from another state: lineage %s, now %s", s.Lineage, state.Lineage))
	}
	now := touches(s.Unpack(), state, live)
	for i, was := range s.Touches {
		if i >= len(now) {
			break
		}
		is := now[i]
		if !slices.Equal(was.Ours, is.Ours) {
			out = append(out, fmt.Sprintf("%s: the state said %s and says %s now", was.name(), words(was.Ours), words(is.Ours)))
		}
		if was.RolledBackFrom != is.RolledBackFrom && is.RolledBackFrom != "" {
			out = append(out, fmt.Sprintf("%s: it was rolled back from %q since", was.name(), is.RolledBackFrom))
		}
		if was.Live != is.Live {
			out = append(out, fmt.Sprintf("%s: the cluster said %s and says %s now", was.name(), word(was.Live), word(is.Live)))
		}
		if was.Target != "" && is.Target != "" && was.Target != is.Target {
			out = append(out, fmt.Sprintf("%s: its target %q had id %s and has id %s now: it was made anew", was.name(), was.To, was.Target, is.Target))
		}
		if !slices.Equal(was.Reached, is.Reached) {
			out = append(out, fmt.Sprintf("%s: it was reached by %s and is reached by %s now", was.name(), words(was.Reached), words(is.Reached)))
		}
	}
	for _, step := range s.Plan.Steps {
		if d := live.Databases[step.Database]; step.To != "" && d != nil {
			if _, exists := d.Collections[step.To]; !exists && step.Op.Writes() {
				out = append(out, fmt.Sprintf("collection %s/%s, the target of alias %s, is gone", step.Database, step.To, step.Alias))
			}
		}
	}
	return out
}

func word(s string) string {
	if s == "" {
		return "absent"
	}
	return fmt.Sprintf("%q", s)
}

func words(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}

// touches looks at the state and the cluster where a plan touches them; the
// two halves of a switch by drop and create touch one alias.
func touches(p Plan, s State, live *Live) []Touch {
	known := make(map[Key]*ours)
	get := func(k Key) *ours {
		if known[k] == nil {
			known[k] = &ours{}
		}
		return known[k]
	}
	marks := make(map[Key]string)
	for _, b := range s.Bindings {
		get(Key{b.Database, b.Alias}).add(b.Collection)
		if b.RolledBackFrom != "" {
			marks[Key{b.Database, b.Alias}] = b.RolledBackFrom
		}
	}
	for _, a := range s.Pending {
		if a.Alias != "" {
			get(Key{a.Database, a.Alias}).add(a.From)
			get(Key{a.Database, a.Alias}).add(a.To)
		}
	}
	moved := make(map[Key]bool, len(p.Steps))
	for _, step := range p.Steps {
		moved[step.key()] = moved[step.key()] || step.Op != DropCollection
	}
	out := make([]Touch, 0, len(p.Steps))
	for i, step := range p.Steps {
		if i > 0 && step.Recreate && p.Steps[i-1].key() == step.key() {
			continue
		}
		t := Touch{Database: step.Database, Alias: step.Alias, Collection: step.Collection}
		var d *LiveDatabase
		if live != nil {
			d = live.Databases[step.Database]
		}
		switch {
		case step.Op == DropCollection:
			t.Live = step.From
			if d != nil {
				t.Live = d.Collections[step.Collection].ID
				for _, alias := range d.Collections[step.Collection].Aliases {
					if !moved[Key{step.Database, alias}] {
						t.Reached = append(t.Reached, alias)
					}
				}
			}
		default:
			if o := known[step.key()]; o != nil {
				t.Ours = slices.Sorted(slices.Values(o.all()))
			}
			t.RolledBackFrom = marks[step.key()]
			to := step.To
			if to == "" && step.Recreate && i+1 < len(p.Steps) {
				to = p.Steps[i+1].To
			}
			if d != nil {
				t.Live = d.Bindings[step.Alias]
				if to != "" && step.Op.Writes() {
					t.To, t.Target = to, d.Collections[to].ID
				}
			}
		}
		out = append(out, t)
	}
	return out
}

// Digest is the fingerprint of what a plan would do: the cluster and the steps
// with what they expect, and nothing that changes by itself (row counts,
// notes, measurements). The same manifest, state and cluster give the same
// digest on every machine.
func (p Plan) Digest() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", p.Cluster.URI, p.Cluster.Label)
	steps := json.NewEncoder(sum)
	for _, s := range p.Steps {
		s.Rows, s.Order, s.Drift = nil, nil, false
		s.Cutover = s.Cutover.unplaced()
		_ = steps.Encode(s) // plain values, to a hash
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// unplaced is a cutover without the place in the manifest where it is written.
func (c *Cutover) unplaced() *Cutover {
	if c == nil || c.Canary == nil {
		return c
	}
	cutover, canary := *c, *c.Canary
	canary.Pos = manifest.Position{}
	cutover.Canary = &canary
	return &cutover
}
