package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
)

// Saved is a plan in a file: what was reviewed, and the manifest that it was
// made from. It is never carried out as it is: whoever can write the file could
// write anything into it. An apply makes the plan again, from that manifest and
// under the same choices, and carries that one out when the two are equal.
//
// It holds no secret: no token, no password, no header.
type Saved struct {
	MadeAt  time.Time
	Lineage string // of the state, "" for a first run
	// Origin is the manifest, with everything that it needs.
	Origin manifest.Origin
	Plan   Plan
	// Touches is what the plan was made from, of what it touches alone.
	Touches []Touch
	// Refusals are the limits that the plan exceeded.
	Refusals []Refusal
}

// Save packs a plan with what it was made from.
func Save(p Plan, o manifest.Origin, s State, live *Live, refusals []Refusal, now time.Time) Saved {
	saved := Saved{MadeAt: now, Origin: o, Plan: p, Touches: touches(p, s, live), Refusals: refusals}
	if s.Serial > 0 {
		saved.Lineage = s.Lineage
	}
	return saved
}

// Complete puts what follows from the manifest into a plan that was read from
// a file: how its switches are made, and what is asked of its bindings. golden
// has the SHA-256 of the golden file of each alias. The error is a binding that
// the manifest does not have.
func (s *Saved) Complete(m *manifest.Manifest, golden map[Key]string) error {
	wanted := make(map[Key]manifest.Alias)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			wanted[Key{d.Name, a.Name}] = a
		}
	}
	for k, a := range wanted { // an old name is bound as its new one
		if old := (Key{k.Database, a.RenamedFrom}); a.RenamedFrom != "" {
			a.RenamedFrom, a.Protect, a.Displaces = "", false, nil
			wanted[old] = a
		}
	}
	// What `newest` came to is in the plan: a name that its pattern matches.
	for _, n := range s.Plan.Newest {
		want, found := wanted[Key{n.Database, n.Alias}]
		if !found || want.Newest == nil || want.Newest.Match != n.Match || want.Newest.Order != n.Order {
			return fmt.Errorf("its manifest has no such `newest` for alias %q", Key{n.Database, n.Alias})
		}
		if matches, err := path.Match(n.Match, n.Collection); n.Collection != "" && (err != nil || !matches) {
			return fmt.Errorf("its manifest does not bind alias %q to %q", Key{n.Database, n.Alias}, n.Collection)
		}
		want.Collection = n.Collection
		wanted[Key{n.Database, n.Alias}] = want
	}
	targets := make(map[Key]string, len(s.Touches))
	for _, t := range s.Touches {
		targets[Key{t.Database, t.Alias}] = t.Target
	}
	for i := range s.Plan.Steps {
		step := &s.Plan.Steps[i]
		anew := step.Op == Adopt && step.Anew()
		if step.Op.OnCollection() || step.Op == DropAlias || !step.Op.Writes() && !anew {
			continue
		}
		want, found := wanted[step.key()]
		if !found || step.To != "" && step.To != want.Collection {
			return fmt.Errorf("its manifest does not bind alias %q to %q", step.key(), step.To)
		}
		if anew {
			s.Plan.Asks = append(s.Plan.Asks, Ask{Database: step.Database, Alias: step.Alias, Golden: golden[step.key()], Cutover: want.Cutover})
			continue
		}
		step.Cutover = cutoverOf(want.Cutover)
		step.Cutover = step.staying()
		switch {
		case step.Op == VerifyAlias: // what was promised is in the state
			if step.Cutover == nil {
				step.Cutover = &Cutover{}
			}
			s.Plan.Asks = append(s.Plan.Asks, Ask{Database: step.Database, Alias: step.Alias, Cutover: want.Cutover})
		case step.To != "":
			s.Plan.Asks = append(s.Plan.Asks, Ask{step.Database, step.Alias, targets[step.key()], golden[step.key()], want.Cutover})
		}
	}
	return nil
}

// Touch is the state and the cluster at one alias or collection that a plan
// touches.
type Touch struct {
	Database   string
	Alias      string
	Collection string   // that is dropped
	Ours       []string // what the state and its announcements say, sorted
	Live       string   // the target of the alias; the id of the collection
	To         string   // the collection that the alias is to be bound to
	Target     string   // its id
	// RolledBackFrom is the mark of a rollback on the alias: it has to be
	// reviewed anew.
	RolledBackFrom string
	Reached        []string // aliases at a collection to drop, other than those the plan moves
}

// name is the alias or collection for people.
func (t Touch) name() string {
	if t.Alias != "" {
		return fmt.Sprintf("alias %s/%s", t.Database, t.Alias)
	}
	return fmt.Sprintf("collection %s/%s", t.Database, t.Collection)
}

// touches looks at the state and the cluster where a plan touches them.
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
		moved[step.key()] = moved[step.key()] || !step.Op.OnCollection()
	}
	out := make([]Touch, 0, len(p.Steps))
	for _, step := range p.Steps {
		t := Touch{Database: step.Database, Alias: step.Alias, Collection: step.Collection}
		var d *LiveDatabase
		if live != nil {
			d = live.Databases[step.Database]
		}
		switch {
		case step.Op.Prepares(): // the alias that is bound to it has its id
		case step.Op.Retires():
			t.Live = step.ID
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
			if d != nil {
				t.Live = d.Bindings[step.Alias]
				if step.To != "" && step.Op.Writes() {
					t.To, t.Target = step.To, d.Collections[step.To].ID
				}
			}
		}
		out = append(out, t)
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

// Choice is a flag of the run that shapes what a plan may do or lifts a
// refusal, with its values. It is reviewed with the plan: every report shows
// it, and the digest covers it.
type Choice struct {
	Flag   string   `json:"flag"` // without its dashes
	Values []string `json:"values"`
}

// DrainFlag is the choice that matters to drops and releases of collections alone.
const DrainFlag = "drain"

// Ask is what the manifest asks of one binding that a plan makes, beyond the
// binding itself.
type Ask struct {
	Database, Alias string
	// Target is the id of the collection that the alias is bound to, "" when it
	// was not read.
	Target string
	// Golden is the SHA-256 of the file of golden queries, "" for none.
	Golden  string
	Cutover *manifest.Cutover // nil for nothing
}

// Digest is the fingerprint of what is reviewed: the cluster, the steps with
// what they expect, the collections they lead to, what the manifest asks of
// each binding they make (`load`, `grants`, `require`, `from`, golden with the content of its
// file, canary, verify, group, on_failure, keep), and the flags that shape the
// plan or lift a refusal. Nothing that changes by itself is in it (row counts,
// notes, measurements), and nothing that the plan leaves alone. The same
// manifest, state, cluster and flags give the same digest on every machine.
func (p Plan) Digest() string {
	sum := sha256.New()
	out := json.NewEncoder(sum) // plain values, to a hash: no error
	fmt.Fprintf(sum, "2\n%s\n%s\n", p.Cluster.URI, p.Cluster.Label)
	drops := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Op.Retires() })
	for _, c := range p.Choices {
		if c.Flag != DrainFlag || drops {
			_ = out.Encode(c)
		}
	}
	var s Step
	for _, s = range p.Steps {
		s.Rows, s.Order, s.Drift, s.Cutover, s.Loaded = nil, nil, false, nil, false
		if s.Op == LoadCollection { // its id is that of the target of an ask
			s.ID = ""
		}
		if s.Op == DropCollection { // its form in a digest stays what it always was
			s.From, s.ID = s.ID, ""
		}
		_ = out.Encode(&s)
	}
	var a Ask
	for _, a = range p.Asks {
		a.Cutover = unplaced(a.Cutover)
		_ = out.Encode(&a)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// unplaced is a cutover without the places in the manifest where it is written.
func unplaced(c *manifest.Cutover) *manifest.Cutover {
	if c == nil {
		return nil
	}
	bare := *c
	bare.Require = slices.Clone(c.Require)
	for i := range bare.Require {
		bare.Require[i].Pos = manifest.Position{}
	}
	if c.Canary != nil {
		canary := *c.Canary
		canary.Pos, bare.Canary = manifest.Position{}, &canary
	}
	if c.Golden != nil {
		golden := *c.Golden
		golden.Pos, bare.Golden = manifest.Position{}, &golden
	}
	if c.Load != nil {
		load := *c.Load
		load.Pos, bare.Load = manifest.Position{}, &load
	}
	if c.Keep != nil {
		keep := *c.Keep
		keep.Pos, bare.Keep = manifest.Position{}, &keep
	}
	return &bare
}
