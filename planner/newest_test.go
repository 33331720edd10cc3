package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/manifest"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// shelf is a situation with `newest`: what stands on it is `name#id` with a mark:
// "-" is not loaded, "0" has no rows, "?" may not be asked, "~" is not described.
type shelf struct {
	pattern string // of each alias, separated by blanks; "" for p_v*
	order   manifest.Order
	group   string
	load    bool
	retire  string
	keep    *manifest.Keep
	have    string
	live    string // `alias: collection`
	last    string
	mark    string // what every alias was rolled back from
	pending string
	options planner.Options
	hidden  string // names that the list does not show
	renamed string // the old name of the first alias
}

// reads is what one reading of the cluster took.
type reads struct {
	rounds int
	looked []string // collections with facts, in the order in which they were asked
}

// plan reads the shelf as a run does, question by question, and plans it.
func (s shelf) plan(t testing.TB) (planner.Plan, reads) {
	t.Helper()
	sc := scene{last: s.last, pending: s.pending, retire: s.retire}
	tt, _ := t.(*testing.T)
	if tt == nil {
		tt = &testing.T{}
	}
	m := sc.desired(tt)
	patterns := strings.Fields(s.pattern)
	if len(patterns) == 0 {
		patterns = []string{"p_v*"}
	}
	order := s.order
	if order == "" {
		order = manifest.Natural
	}
	for i, pattern := range patterns {
		c := &manifest.Cutover{Group: s.group, OnFailure: manifest.SwitchBack, Keep: s.keep,
			Require: []manifest.Check{{Name: manifest.Loaded}, {Name: manifest.MinRows, Rows: 1}}}
		if s.load {
			c.Load = &manifest.Loading{Timeout: 1}
		}
		m.Databases[0].Aliases = append(m.Databases[0].Aliases, manifest.Alias{
			Name: string("pqr"[i]), Newest: &manifest.Newest{Match: pattern, Order: order, Pos: manifest.Position{File: "a.yaml", Line: 3 + i, Column: 7}}, Cutover: c,
		})
	}
	m.Databases[0].Aliases[0].RenamedFrom, m.Databases[0].Aliases[0].RenamedPos = s.renamed, &manifest.Position{}
	state := sc.state(tt)
	for i := range state.Bindings {
		state.Bindings[i].RolledBackFrom = s.mark
	}
	live, answers := s.cluster(tt)
	o := s.options
	o.Now = noon
	c := planner.Compare(m, state, o)
	d := live.Databases["default"]
	if scope := c.Scope(); !scope.Databases[0].Names || len(scope.Databases[0].Targets) > 0 {
		t.Errorf("scope %+v", scope)
	}
	var asked planner.Needs
	var r reads
	for {
		needs := c.Needs(live).Except(asked)
		if needs.Empty() {
			break
		}
		if r.rounds++; r.rounds > 50 {
			t.Fatal("asks without end")
		}
		for _, i := range needs.Facts {
			if i.Load {
				r.looked = append(r.looked, i.Collection)
			}
			answers(d, i)
		}
		asked = asked.And(needs)
	}
	p := c.Plan(live)
	if proof := proof.Of(p, live); !proof.OK {
		t.Errorf("the plan fails its proof: %q", proof.Problems)
	}
	return p, r
}

// cluster is the shelf before anything was inspected, and how it answers then.
func (s shelf) cluster(t *testing.T) (*planner.Live, func(*planner.LiveDatabase, planner.Inspection)) {
	live := scene{live: s.live}.cluster(t)
	d := live.Databases["default"]
	items := make(map[string]string)
	for item := range strings.FieldsSeq(s.have) {
		name, rest, _ := strings.Cut(item, "#")
		items[name] = rest
		if !slices.Contains(strings.Fields(s.hidden), name) {
			d.Names = append(d.Names, name)
		}
	}
	slices.Sort(d.Names)
	for name := range strings.FieldsSeq(s.retire) { // of a retiree it is read first
		d.Collections[name] = planner.LiveCollection{ID: items[name], Aliases: d.Collections[name].Aliases}
	}
	for name, c := range d.Collections { // an alias proves it, and shows no id
		if !slices.Contains(strings.Fields(s.retire), name) {
			c.ID = ""
		}
		d.Collections[name] = c
	}
	return live, func(d *planner.LiveDatabase, i planner.Inspection) {
		rest, there := items[i.Collection]
		if !there {
			d.Names = slices.DeleteFunc(d.Names, func(n string) bool { return n == i.Collection })
			return
		}
		id := strings.TrimRight(rest, "-0?~")
		mark := strings.TrimPrefix(rest, id)
		if id == "" { // a lone number that ends in 0
			id, mark = rest, ""
		}
		c := d.Collections[i.Collection]
		f := planner.Facts{}
		if c.Facts != nil {
			f = *c.Facts
		}
		if mark != "~" {
			c.ID = id
		}
		if i.Load {
			f.Load = &planner.LoadFact{State: planner.Loaded, Progress: 100}
			if mark == "-" {
				f.Load = &planner.LoadFact{State: planner.Loading, Progress: 40}
			}
			if mark == "?" {
				f.Load = &planner.LoadFact{Why: "permission deny"}
			}
		}
		if i.Rows {
			f.Rows = &planner.RowsFact{Count: 10, Source: "count(*)"}
			if mark == "0" {
				f.Rows.Count = 0
			}
			if mark == "?" {
				f.Rows = &planner.RowsFact{Why: "permission deny"}
			}
		}
		if i.Load || i.Rows {
			c.Facts = &f
		}
		d.Collections[i.Collection] = c
	}
}

func TestNewest(t *testing.T) {
	three := "p_v9#1 p_v10#2 p_v11#3"
	for name, tt := range map[string]struct {
		shelf
		want   []string
		over   string // what the first alias passes over
		looked string // collections whose load state was asked for
	}{
		"a new one":                         {shelf{have: three, live: "p: p_v10", last: "p: p_v10"}, []string{"~ p: p_v10 -> p_v11"}, "", "p_v11"},
		"natural order":                     {shelf{have: "p_v9#2 p_v10#1", live: "p: p_v9", last: "p: p_v9"}, []string{"~ p: p_v9 -> p_v10"}, "", "p_v10"},
		"the order of creation":             {shelf{order: manifest.Created, have: "p_v9#20001 p_v10#20000", live: "p: p_v10", last: "p: p_v10"}, []string{"~ p: p_v10 -> p_v9"}, "", "p_v9"},
		"hashes":                            {shelf{order: manifest.Created, pattern: "p_*", have: "p_ff#1 p_aa#2 p_0b#3-", live: "p: p_ff", last: "p: p_ff"}, []string{"~ p: p_ff -> p_aa"}, "p_0b", "p_0b p_aa"},
		"first binding":                     {shelf{have: three}, []string{"+ p -> p_v11"}, "", "p_v11"},
		"none newer: nothing is asked":      {shelf{have: three, live: "p: p_v11", last: "p: p_v11"}, nil, "", ""},
		"what serves stays, ready or not":   {shelf{have: "p_v9#1 p_v10#2 p_v11#3-", live: "p: p_v11", last: "p: p_v11"}, nil, "", ""},
		"one that loads is passed over":     {shelf{have: "p_v9#1 p_v10#2 p_v11#3-", live: "p: p_v9", last: "p: p_v9"}, []string{"~ p: p_v9 -> p_v10"}, "p_v11", "p_v11 p_v10"},
		"all newer ones are built still":    {shelf{have: "p_v9#1 p_v10#20 p_v11#3-", live: "p: p_v9", last: "p: p_v9"}, nil, "p_v11 p_v10", "p_v11 p_v10"},
		"unknown is not passed over":        {shelf{have: "p_v9#1 p_v10#2 p_v11#3?", live: "p: p_v9", last: "p: p_v9"}, []string{"~ p: p_v9 -> p_v11"}, "", "p_v11"},
		"a backup is no version":            {shelf{have: three + " p_v11_backup#4 p_v_old#5 p_v11b#6", live: "p: p_v10", last: "p: p_v10"}, []string{"~ p: p_v10 -> p_v11"}, "", "p_v11"},
		"dates":                             {shelf{pattern: "p_*", have: "p_2026_11_09#3 p_2026_11_10#1 p_v1#4", live: "p: p_2026_11_09", last: "p: p_2026_11_09"}, []string{"~ p: p_2026_11_09 -> p_2026_11_10"}, "", "p_2026_11_10"},
		"two stars":                         {shelf{pattern: "p_*T*", have: "p_20261109T2300#3 p_20261110T0100#1", live: "p: p_20261109T2300", last: "p: p_20261109T2300"}, []string{"~ p: p_20261109T2300 -> p_20261110T0100"}, "", "p_20261110T0100"},
		"one under retire":                  {shelf{have: three, retire: "p_v11", live: "p: p_v9", last: "p: p_v9"}, []string{"~ p: p_v9 -> p_v10", "! p_v11 #3"}, "p_v11", "p_v10"},
		"what it has is under retire":       {shelf{have: three, retire: "p_v11", live: "p: p_v11", last: "p: p_v11"}, []string{"conflict newest-not-ready: p", "conflict still-aliased: p_v11"}, "p_v11", ""},
		"nothing matches":                   {shelf{have: "q_v1#1", live: "p: q_v1", last: "p: q_v1"}, []string{"conflict newest-missing: p"}, "", ""},
		"only a backup matches":             {shelf{have: "p_v1_backup#1"}, []string{"conflict newest-missing: p"}, "", ""},
		"nothing is ready":                  {shelf{have: "p_v1#1- p_v2#20"}, []string{"conflict newest-not-ready: p"}, "p_v2 p_v1", "p_v2 p_v1"},
		"from a name that does not match":   {shelf{have: "main#1 p_v1#2", live: "p: main", last: "p: main"}, []string{"~ p: main -> p_v1"}, "", "p_v1"},
		"never ours":                        {shelf{have: three, live: "p: p_v9"}, []string{"conflict not-ours: p"}, "", "p_v11"},
		"never ours, at the newest":         {shelf{have: three, live: "p: p_v11"}, []string{"= adopt p -> p_v11"}, "", ""},
		"someone moved it back":             {shelf{have: three, live: "p: p_v9", last: "p: p_v10"}, []string{"conflict drift: p"}, "", "p_v11"},
		"someone moved it and dropped":      {shelf{have: "p_v9#1 p_v10#2", live: "p: p_v10", last: "p: p_v11"}, []string{"= adopt p -> p_v10 drift"}, "", ""},
		"the alias was dropped by hand":     {shelf{have: three, last: "p: p_v10"}, []string{"+ p -> p_v11 drift"}, "", "p_v11"},
		"and nothing newer is ready":        {shelf{have: "p_v9#1 p_v10#2 p_v11#3-", last: "p: p_v10"}, []string{"+ p -> p_v10 drift"}, "p_v11", "p_v11 p_v10"},
		"alias and collection are dropped":  {shelf{have: "p_v9#1 p_v10#2", last: "p: p_v11"}, []string{"conflict newest-goes-back: p"}, "", "p_v10"},
		"likewise, in order of creation":    {shelf{order: manifest.Created, have: "p_v9#1 p_v10#2", last: "p: p_v11"}, []string{"+ p -> p_v10 drift"}, "", "p_v10"},
		"rolled back: it holds":             {shelf{have: three, live: "p: p_v10", last: "p: p_v10", mark: "p_v11"}, nil, "p_v11", ""},
		"rolled back behind one it skipped": {shelf{have: three, live: "p: p_v9", last: "p: p_v9", mark: "p_v11"}, nil, "p_v11", ""},
		"rolled back, and a newer one":      {shelf{have: three + " p_v12#4", live: "p: p_v10", last: "p: p_v10", mark: "p_v11"}, []string{"~ p: p_v10 -> p_v12"}, "", "p_v12"},
		"rolled back from what is gone":     {shelf{have: "p_v9#1 p_v10#2", live: "p: p_v9", last: "p: p_v9", mark: "p_v11"}, nil, "", ""},
		"forward": {shelf{have: three, live: "p: p_v10", last: "p: p_v10", mark: "p_v11",
			options: planner.Options{Forward: planner.Selection{All: true}}}, []string{"~ p: p_v10 -> p_v11"}, "", "p_v11"},
		"a new name":                                         {shelf{renamed: "o", have: three, live: "o: p_v10", last: "o: p_v10"}, []string{"+ p -> p_v11", "- o (p_v10)"}, "", "p_v11"},
		"a new name does not go back":                        {shelf{renamed: "o", have: "p_v9#1 p_v10#2 p_v11#3-", live: "o: p_v11", last: "o: p_v11"}, []string{"+ p -> p_v11", "- o (p_v11)"}, "", "p_v11"},
		"a new name after a rollback":                        {shelf{renamed: "o", have: three, live: "o: p_v10", last: "o: p_v10", mark: "p_v11"}, []string{"+ p -> p_v10", "- o (p_v10)"}, "p_v11", "p_v10"},
		"a new name waits with its group":                    {shelf{renamed: "o", pattern: "p_v* q_v*", group: "g", have: three + " q_v1#5 q_v2#6-", live: "o: p_v10\nq: q_v1", last: "o: p_v10\nq: q_v1"}, []string{"+ p -> p_v10", "- o (p_v10)"}, "p_v11", "p_v11 q_v2 p_v10"},
		"a group waits":                                      {shelf{pattern: "p_v* q_v*", group: "g", have: three + " q_v1#5 q_v2#6-", live: "p: p_v10\nq: q_v1", last: "p: p_v10\nq: q_v1"}, nil, "p_v11", "p_v11 q_v2"},
		"a group waits, although each has one that is ready": {shelf{pattern: "p_v* q_v*", group: "g", have: three + " q_v1#5 q_v2#6 q_v3#7-", live: "p: p_v10\nq: q_v1", last: "p: p_v10\nq: q_v1"}, nil, "p_v11", "p_v11 q_v3 q_v2"},
		"a group of one does not wait":                       {shelf{group: "g", have: "p_v1#5 p_v2#6 p_v3#7-", live: "p: p_v1", last: "p: p_v1"}, []string{"~ p: p_v1 -> p_v2"}, "p_v3", "p_v3 p_v2"},
		"a group goes":                                       {shelf{pattern: "p_v* q_v*", group: "g", have: three + " q_v1#5 q_v2#6", live: "p: p_v10\nq: q_v1", last: "p: p_v10\nq: q_v1"}, []string{"~ p: p_v10 -> p_v11", "~ q: q_v1 -> q_v2"}, "", "p_v11 q_v2"},
		"no group":                                           {shelf{pattern: "p_v* q_v*", have: three + " q_v1#5 q_v2#6-", live: "p: p_v10\nq: q_v1", last: "p: p_v10\nq: q_v1"}, []string{"~ p: p_v10 -> p_v11"}, "", "p_v11 q_v2"},
		"two of one":                                         {shelf{pattern: "p_v* p_v*", have: three, live: "p: p_v10\nq: p_v9", last: "p: p_v10\nq: p_v9"}, []string{"~ p: p_v10 -> p_v11", "~ q: p_v9 -> p_v11"}, "", "p_v11"},
		"keep": {shelf{keep: &manifest.Keep{N: 0, Match: "p_v*"}, have: "p_v8#1 p_v9#2 p_v10#3 p_v11#4 p_v12#5-", live: "p: p_v10", last: "p: p_v10"},
			[]string{"~ p: p_v10 -> p_v11", "! p_v8 #1", "! p_v9 #2"}, "p_v12", "p_v12 p_v11"},
		"a reviewed plan": {shelf{have: three, live: "p: p_v9", last: "p: p_v9",
			options: planner.Options{Chosen: map[planner.Key]string{{Database: "default", Name: "p"}: "p_v10"}}}, []string{"~ p: p_v9 -> p_v10"}, "p_v11", "p_v10"},
		"a reviewed plan whose choice is gone": {shelf{have: three, live: "p: p_v9", last: "p: p_v9",
			options: planner.Options{Chosen: map[planner.Key]string{{Database: "default", Name: "p"}: "p_v12"}}}, []string{"~ p: p_v9 -> p_v11"}, "", "p_v11"},
		"hidden from the list":              {shelf{have: "p_v9#1 p_v10#2", hidden: "p_v10", live: "p: p_v10", last: "p: p_v10"}, nil, "", ""},
		"ids that are not shown":            {shelf{order: manifest.Created, pattern: "p_*", have: "p_a#1 p_b#2~", live: "p: p_a", last: "p: p_a"}, []string{"conflict newest-unknown: p"}, "", ""},
		"a killed run had announced":        {shelf{have: three, live: "p: p_v11", last: "p: p_v10", pending: "p: p_v10 > p_v11"}, nil, "", ""},
		"it had, and a newer one came":      {shelf{have: three + " p_v12#4", live: "p: p_v10", last: "p: p_v10", pending: "p: p_v10 > p_v11"}, []string{"~ p: p_v10 -> p_v12"}, "", "p_v12"},
		"a load does not wait for memory":   {shelf{load: true, have: "p_v9#1 p_v10#2-", live: "p: p_v9", last: "p: p_v9"}, []string{"^ p_v10", "~ p: p_v9 -> p_v10"}, "", "p_v10"},
		"what is loaded already is checked": {shelf{load: true, have: "p_v8#1 p_v9#2 p_v10#30", live: "p: p_v8", last: "p: p_v8"}, []string{"^ p_v9", "~ p: p_v8 -> p_v9"}, "p_v10", "p_v10 p_v9"},
		"a check that is skipped": {shelf{have: "p_v9#1 p_v10#2-", live: "p: p_v9", last: "p: p_v9",
			options: planner.Options{SkipChecks: map[manifest.CheckName]planner.Selection{manifest.Loaded: {All: true}}}}, []string{"~ p: p_v9 -> p_v10"}, "", "p_v10"},
	} {
		t.Run(name, func(t *testing.T) {
			p, r := tt.plan(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s\nnotes %q", diff, p.Notes)
			}
			var over []string
			for _, o := range p.Newest[0].PassedOver {
				over = append(over, o.Collection)
			}
			if got := strings.Join(over, " "); got != tt.over {
				t.Errorf("passed over %q, want %q: %+v", got, tt.over, p.Newest)
			}
			if got := strings.Join(r.looked, " "); got != tt.looked {
				t.Errorf("looked at %q, want %q", got, tt.looked)
			}
			for _, c := range p.Conflicts {
				if strings.HasPrefix(string(c.Kind), "newest") && (!strings.Contains(c.Reason, "a.yaml:3:7") || len(c.WaysOut) == 0) {
					t.Errorf("%s without its place or a way out: %s %q", c.Kind, c.Reason, c.WaysOut)
				}
			}
		})
	}
}

// What a rollback left is left for good: every step of an alias that is held back has
// the mark for the binding that it makes.
func TestAHeldAliasKeepsItsMark(t *testing.T) {
	for name, s := range map[string]shelf{
		"- p > p_v10, dropped by hand": {last: "p: p_v10"},
		"p_v10 > p_v10, protected":     {live: "p: p_v10", last: "p: p_v10!"},
		"- p > p_v10, renamed":         {live: "o: p_v10", last: "o: p_v10", renamed: "o"},
		"only the new name":            {live: "o: p_v10", last: "o: p_v10", renamed: "o", options: planner.Options{Only: some("p")}},
	} {
		t.Run(name, func(t *testing.T) {
			s.have, s.mark = "p_v9#1 p_v10#2 p_v11#3", "p_v11"
			p, _ := s.plan(t)
			steps := 0
			for _, step := range p.Steps {
				if step.Alias != "p" {
					continue
				}
				if steps++; step.To == "p_v11" || step.To == "p_v10" && step.RolledBackFrom != "p_v11" {
					t.Errorf("the mark is lost: %+v", step)
				}
			}
			if steps == 0 && len(p.Conflicts) == 0 {
				t.Errorf("no step: %q", p.Notes)
			}
		})
	}
}

// What the token may not see refuses the plan: nothing is passed over because of it.
func TestNewestThatIsUnknownIsRefused(t *testing.T) {
	p, _ := shelf{have: "p_v9#1 p_v10#2?", live: "p: p_v9", last: "p: p_v9"}.plan(t)
	if refusals := p.Check(planner.DefaultLimits()); len(refusals) != 2 || refusals[0].Guard != planner.PreflightGuard {
		t.Errorf("refusals %+v", refusals)
	}
}

// Without the cluster it is not known, and nothing is taken for wanted or unwanted.
func TestNewestOffline(t *testing.T) {
	m := &manifest.Manifest{Databases: []manifest.Database{{Name: "default", Aliases: []manifest.Alias{
		{Name: "p", Newest: &manifest.Newest{Match: "p_v*", Order: manifest.Natural}},
		{Name: "q", Newest: &manifest.Newest{Match: "q_v*", Order: manifest.Natural}},
	}}}}
	state := planner.State{Bindings: []planner.Binding{{Database: "default", Alias: "p", Collection: "p_v3"}}}
	p := planner.Compare(m, state, planner.Options{Now: noon}).Plan(nil)
	notes := strings.Join(p.Notes, "\n")
	if len(p.Steps)+len(p.Conflicts) > 0 || !strings.Contains(notes, `taken for "p_v3"`) || !strings.Contains(notes, `"q": without the cluster`) {
		t.Errorf("plan %q, notes %s", lines(p), notes)
	}
}

// Whatever stands there: an alias goes forward or stays, what it goes to is ready, a
// second run has nothing to do, and a run that was cut goes on to the same end.
func TestNewestGoesForwardAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		marks := rapid.SampledFrom([]string{"", "", "-", "?"})
		s := shelf{order: rapid.SampledFrom([]manifest.Order{manifest.Natural, manifest.Created}).Draw(t, "order")}
		ids := rapid.Permutation([]int{11, 12, 13, 14, 15}).Draw(t, "ids")
		at := make(map[string]int)
		mark := make(map[string]string)
		var names []string
		for i, id := range ids {
			if name := fmt.Sprintf("p_v%d", 8+i); rapid.Bool().Draw(t, name) {
				mark[name] = marks.Draw(t, "mark")
				s.have += fmt.Sprintf("%s#%d%s ", name, id, mark[name])
				at[name] = 8 + i
				if s.order == manifest.Created {
					at[name] = id
				}
				names = append(names, name)
			}
		}
		pick := func(label string) string {
			if len(names) == 0 || rapid.IntRange(0, 3).Draw(t, label) == 0 {
				return ""
			}
			return rapid.SampledFrom(names).Draw(t, label)
		}
		now := pick("live")
		if now != "" {
			s.live = "p: " + now
			s.last = s.live
		} else if last := pick("last"); last != "" {
			s.last = "p: " + last
			now = last
		}
		if s.last != "" && rapid.Bool().Draw(t, "rolled back") {
			s.mark = pick("mark")
		}
		p, _ := s.plan(&testing.T{})
		for _, step := range p.Steps {
			to := step.To
			if at[to] < at[now] {
				t.Fatalf("%+v: goes back from %s: %q", s, now, lines(p))
			}
			if s.mark != "" && to != now && at[to] <= at[s.mark] {
				t.Fatalf("%+v: does not hold the rollback: %q", s, lines(p))
			}
			refused := len(p.Check(planner.DefaultLimits())) > 0
			if mark[to] == "-" && to != now || (mark[to] == "?") != refused && to != now {
				t.Fatalf("%+v: not ready, or refused %v: %q", s, refused, lines(p))
			}
			for name, place := range at { // a newer one that is ready is not left out
				if place > at[to] && mark[name] == "" && (s.mark == "" || place > at[s.mark]) {
					t.Fatalf("%+v: leaves out %s: %q", s, name, lines(p))
				}
			}
			cut := s
			cut.pending = fmt.Sprintf("p: %s > %s", step.From, to)
			for _, landed := range []bool{false, true} {
				if landed {
					cut.live = "p: " + to
				}
				again, _ := cut.plan(&testing.T{})
				if end := again.Newest[0].Collection; end != to {
					t.Fatalf("%+v: cut, it goes to %q and not to %q", cut, end, to)
				}
			}
		}
	})
}
