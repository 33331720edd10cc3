package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// scene is one planning situation, written short. Every line of a field is
// `alias: collection`; a name with a slash is DATABASE/NAME, a bare one lies
// in the database "default".
type scene struct {
	want    string // the bindings of the manifest; a trailing "!" protects
	retire  string // collections, separated by blanks
	release string // aliases
	last    string // the bindings of the state
	pending string // `alias: from > to`, or `! collection#id`
	retired string // `collection#id`
	live    string // every alias of the cluster; one that is not managed as well
	have    string // collections besides those that live names; `name#id`
	offline bool
	options planner.Options
	missing string // databases that the cluster does not have
	noEntry bool   // the manifest has no document for "default"
}

func key(s string) planner.Key {
	if database, name, ok := strings.Cut(s, "/"); ok {
		return planner.Key{Database: database, Name: name}
	}
	return planner.Key{Database: "default", Name: s}
}

func pairs(t *testing.T, text string) [][2]string {
	t.Helper()
	var out [][2]string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		left, right, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("%q is not `alias: collection`", line)
		}
		out = append(out, [2]string{strings.TrimSpace(left), strings.TrimSpace(right)})
	}
	return out
}

func (sc scene) desired(t *testing.T) *manifest.Manifest {
	m := &manifest.Manifest{}
	index := make(map[string]int)
	get := func(name string) *manifest.Database {
		i, ok := index[name]
		if !ok {
			i = len(m.Databases)
			index[name] = i
			m.Databases = append(m.Databases, manifest.Database{Name: name})
		}
		return &m.Databases[i]
	}
	if !sc.noEntry {
		get("default")
	}
	for _, p := range pairs(t, sc.want) {
		k := key(p[0])
		collection, protect := strings.CutSuffix(p[1], "!")
		d := get(k.Database)
		d.Aliases = append(d.Aliases, manifest.Alias{Name: k.Name, Collection: collection, Protect: protect})
	}
	for name := range strings.FieldsSeq(sc.retire) {
		k := key(name)
		d := get(k.Database)
		d.Retire = append(d.Retire, manifest.Retiree{Collection: k.Name})
	}
	for name := range strings.FieldsSeq(sc.release) {
		k := key(name)
		d := get(k.Database)
		d.Releases = append(d.Releases, manifest.Release{Alias: k.Name})
	}
	return m
}

func (sc scene) state(t *testing.T) planner.State {
	s := planner.State{Version: planner.StateVersion, Serial: 7}
	for _, p := range pairs(t, sc.last) {
		k := key(p[0])
		collection, protect := strings.CutSuffix(p[1], "!")
		s.Bindings = append(s.Bindings, planner.Binding{Database: k.Database, Alias: k.Name, Collection: collection, Protect: protect})
	}
	for line := range strings.SplitSeq(sc.pending, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if name, drop := strings.CutPrefix(line, "! "); drop {
			name, id, _ := strings.Cut(name, "#")
			k := key(name)
			s.Pending = append(s.Pending, planner.Announcement{Op: planner.DropCollection, Database: k.Database, Collection: k.Name, From: id})
			continue
		}
		name, move, _ := strings.Cut(line, ":")
		from, to, _ := strings.Cut(move, ">")
		from, to = strings.Trim(from, " -"), strings.Trim(to, " -")
		op := planner.AlterAlias
		switch {
		case from == "":
			op = planner.CreateAlias
		case to == "":
			op = planner.DropAlias
		}
		k := key(name)
		s.Pending = append(s.Pending, planner.Announcement{Op: op, Database: k.Database, Alias: k.Name, From: from, To: to})
	}
	for name := range strings.FieldsSeq(sc.retired) {
		name, id, _ := strings.Cut(name, "#")
		k := key(name)
		s.Retired = append(s.Retired, planner.Retired{Database: k.Database, Collection: k.Name, CollectionID: id, DroppedAt: noon})
	}
	return s
}

func (sc scene) cluster(t *testing.T) *planner.Live {
	if sc.offline {
		return nil
	}
	live := &planner.Live{Databases: make(map[string]*planner.LiveDatabase)}
	get := func(name string) *planner.LiveDatabase {
		d := live.Databases[name]
		if d == nil {
			d = &planner.LiveDatabase{Bindings: map[string]string{}, Aliases: map[string]struct{}{}, Collections: map[string]planner.LiveCollection{}}
			live.Databases[name] = d
		}
		return d
	}
	have := func(name string) {
		name, id, _ := strings.Cut(name, "#")
		k := key(name)
		d := get(k.Database)
		c := d.Collections[k.Name]
		c.ID = id
		d.Collections[k.Name] = c
	}
	get("default")
	for name := range strings.FieldsSeq(sc.have) {
		have(name)
	}
	for _, p := range pairs(t, sc.live) {
		k := key(p[0])
		d := get(k.Database)
		d.Bindings[k.Name] = p[1]
		d.Aliases[k.Name] = struct{}{}
		c := d.Collections[p[1]]
		c.Aliases = append(c.Aliases, k.Name)
		slices.Sort(c.Aliases)
		d.Collections[p[1]] = c
	}
	for name := range strings.FieldsSeq(sc.missing) {
		live.Databases[name] = &planner.LiveDatabase{Missing: true}
	}
	return live
}

// build plans the scene. It also proves every plan without conflicts: whatever
// a test plans for its own reasons has to hold up.
func (sc scene) build(t *testing.T) planner.Plan {
	t.Helper()
	live := sc.cluster(t)
	o := sc.options
	o.Now = noon
	p := planner.Compare(sc.desired(t), sc.state(t), o).Plan(live)
	if proof := proof.Of(p, live); !proof.OK {
		t.Errorf("the plan fails its proof:\n%s", strings.Join(proof.Problems, "\n"))
	}
	return p
}

// lines is a plan as a reviewer reads it: steps, then conflicts and notes.
func lines(p planner.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, line(s))
	}
	for _, c := range p.Conflicts {
		name := c.Alias
		if name == "" {
			name = c.Collection
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("conflict %s: %s", c.Kind, name)))
	}
	return out
}

func line(s planner.Step) string {
	name := s.Alias
	if s.Database != "default" {
		name = s.Database + "/" + name
	}
	text := ""
	switch s.Op {
	case planner.CreateAlias:
		text = fmt.Sprintf("+ %s -> %s", name, s.To)
	case planner.AlterAlias, planner.RecreateAlias:
		text = fmt.Sprintf("~ %s: %s -> %s", name, s.From, s.To)
	case planner.DropAlias:
		text = fmt.Sprintf("- %s (%s)", name, s.From)
	case planner.LoadCollection:
		text = fmt.Sprintf("^ %s%s", name, s.Collection)
	case planner.Displace:
		text = fmt.Sprintf("~ %s (now %s) -> %s", name, s.RenameTo, s.To)
	case planner.ReleaseCollection:
		text = fmt.Sprintf("_ %s%s #%s", name, s.Collection, s.ID)
	case planner.DropCollection:
		text = fmt.Sprintf("! %s%s #%s", name, s.Collection, s.ID)
	case planner.Adopt:
		text = fmt.Sprintf("= adopt %s -> %s", name, s.To)
	case planner.Forget:
		text = fmt.Sprintf("= forget %s", name)
	}
	if s.Op == planner.RecreateAlias {
		text += " recreate"
	}
	if s.Drift {
		text += " drift"
	}
	if s.Protect {
		text += " protect"
	}
	return text
}
