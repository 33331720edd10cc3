package report

import (
	"cmp"
	"strconv"
	"strings"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// Step is a row of a plan.
type Step struct {
	Number string
	Op     planner.Op
	Verb   string // what happens, in words
	Name   string // of the alias or collection
	From   string // the collection before, "" for none; of a collection its id
	To     string // the collection afterwards, "" for none
	Marks  []Mark
	Facts  []string // of a collection that is dropped
	Result *Result  // nil for what is still to be done
}

// Mark is what a reader has to know about a step beyond what it does.
type Mark struct {
	Texts []string
	Tone  Tone
	Table bool // only a table shows it: others have it in another place
}

// Result is what became of a step.
type Result struct {
	Text  string // in words
	Tone  Tone   // Good, Bad, or Faint when the step was not reached
	Times []string
}

// Sign is an operation in one character.
func Sign(op planner.Op) string {
	switch op {
	case planner.CreateAlias:
		return "+"
	case planner.AlterAlias, planner.Displace:
		return "~"
	case planner.VerifyAlias:
		return "?"
	case planner.DropAlias:
		return "-"
	case planner.LoadCollection:
		return "^"
	case planner.ReleaseCollection:
		return "_"
	case planner.GrantPrivilege:
		return "&"
	case planner.DropCollection:
		return "!"
	}
	return "="
}

// block is the heading above a step. A drop of a collection stands in a block
// of its own: it is the one step that nothing brings back.
func block(op planner.Op) string {
	switch op {
	case planner.LoadCollection:
		return "Collections loaded first"
	case planner.ReleaseCollection:
		return "Collections released, their data stays"
	case planner.GrantPrivilege:
		return "Grants copied first"
	case planner.DropCollection:
		return "Collections dropped for good"
	case planner.Adopt, planner.Forget:
		return "In the state only"
	}
	return "Aliases"
}

// stepColumns are the columns of a table of steps; stepCells has their cells.
func stepColumns() []Column {
	return []Column{{Head: "#", Right: true}, {Head: "Step"}, {Head: "Name"}, {Head: "Before"}, {Head: "After"}}
}

func stepCells(cells []Cell, s *Step) []Cell {
	verb := Cell{Text: s.Verb, Role: Verb, Sign: Sign(s.Op)}
	for _, m := range s.Marks {
		verb.Small = append(verb.Small, m.Texts...)
	}
	from, to := Cell{Text: s.From, Role: Name}, Cell{Text: s.To, Role: Name}
	switch s.Op {
	case planner.DropCollection:
		verb.Tone, to = Loss, Cell{Text: "dropped for good", Role: Gone}
		if s.From != "" {
			from.Before = "id "
		}
	case planner.LoadCollection:
		to = Cell{Text: "in memory", Role: Missing}
	case planner.ReleaseCollection:
		to = Cell{Text: "released, data kept", Role: Missing}
		if s.From != "" {
			from.Before = "id "
		}
	case planner.DropAlias:
		to = Cell{Text: "unbound", Role: Missing}
	}
	cells = append(cells, Cell{Text: s.Number}, verb, Cell{Text: s.Name, Role: Name}, from, to)
	if r := s.Result; r != nil {
		cells = append(cells, Cell{Text: r.Text, Role: Outcome, Tone: r.Tone, Small: r.Times})
	}
	return cells
}

// steps is the plan.
func (p plan) steps() []Section {
	all := p.Plan.Steps
	if len(all) == 0 {
		return nil
	}
	digits := len(strconv.Itoa(len(all)))
	return one(Section{Title: "Steps", Table: &Table{Class: "steps", Noun: "step", Columns: stepColumns(), N: len(all), Numbers: digits, Rows: func(yield func(*Row) bool) {
		var row Row
		for i := range all {
			row.show(i, p.step(i, &all[i]))
			if !yield(&row) {
				return
			}
		}
	}}})
}

// results is what became of the plan, as the same table with one more column.
func (p plan) results() []Section {
	if len(p.Results) == 0 {
		return nil
	}
	columns, n := append(stepColumns(), Column{Head: "Outcome"}), len(p.Results)
	return one(Section{Title: "Results", Table: &Table{Class: "steps results", Noun: "step", Columns: columns, N: n, Numbers: len(strconv.Itoa(n)), Rows: func(yield func(*Row) bool) {
		var row Row
		for i := range p.Results {
			r := &p.Results[i]
			s := p.step(i, &r.Step)
			s.Result = newResult(r)
			row.show(i, s)
			row.Below = row.Below[:0]
			if r.Err != nil {
				row.Below = append(row.Below, reason(r.Err))
			}
			if r.Note != "" {
				row.Below = append(row.Below, "note: "+r.Note)
			}
			if !yield(&row) {
				return
			}
		}
	}}})
}

func (r *Row) show(i int, s Step) {
	r.step = s
	r.Class, r.Block, r.Index, r.Step = string(s.Op), block(s.Op), i, &r.step
	r.Cells = stepCells(r.Cells[:0], &r.step)
}

// step is step i.
func (p plan) step(i int, of *planner.Step) Step {
	s := Step{Number: strconv.Itoa(i + 1), Op: of.Op, Verb: string(of.Op), Name: p.of(of), From: of.From, To: of.To}
	mark := func(tone Tone, texts ...string) { s.Marks = append(s.Marks, Mark{Texts: texts, Tone: tone}) }
	table := func(text string) { s.Marks = append(s.Marks, Mark{Texts: []string{text}, Table: true}) }
	switch of.Op {
	case planner.CreateAlias:
		s.Verb, s.From = "create", ""
	case planner.AlterAlias:
		s.Verb = "switch"
	case planner.Displace:
		s.Verb, s.From = "displace", ""
		mark(Bad, "its collection becomes "+of.RenameTo, "with a gap")
	case planner.RecreateAlias:
		s.Op, s.Verb = planner.AlterAlias, "switch"
		mark(Bad, "by drop and create, with a gap")
	case planner.VerifyAlias:
		s.Verb = "verify"
		mark(Faint, neverVerified(of))
	case planner.DropAlias:
		s.Verb, s.To = "drop", ""
	case planner.LoadCollection:
		s.Verb = "load"
		if of.Loaded {
			mark(Faint, "loaded already")
		} else {
			mark(Faint, "up to "+manifest.FormatDuration(of.Timeout))
		}
	case planner.ReleaseCollection:
		s.Verb, s.From, s.To = "release", of.ID, ""
		s.Facts = destroyed(of)
	case planner.GrantPrivilege:
		s.Verb, s.To = "grant", of.Collection
	case planner.DropCollection:
		s.Verb, s.From, s.To = "drop collection", of.ID, ""
		s.Facts = destroyed(of)
	case planner.Forget:
		s.To = ""
	}
	switch {
	case of.Anew():
		mark(Change, "made anew: id "+of.ToID, "was "+of.FromID)
	case of.Op == planner.Adopt && of.From == of.To && !of.Protect:
		mark(Faint, "no longer protected")
	}
	if of.Protect && of.Op != planner.DropAlias {
		mark(Faint, "protected")
	}
	switch {
	case of.RenamedFrom != "" && of.Op == planner.CreateAlias:
		mark(Change, "renamed from "+of.RenamedFrom)
	case of.RenamedTo != "":
		mark(Faint, "renamed to "+of.RenamedTo)
	}
	if of.ReleaseFirst {
		table("released first")
	}
	if of.Op == planner.CreateAlias && of.Back != "" {
		table("a switch from " + of.Back + " was cut")
	}
	if marks := cutoverMarks(of); len(marks) > 0 {
		mark(Faint, marks...)
	}
	if of.Drift {
		table("changed outside aliasctl")
	}
	return s
}

// neverVerified is why an alias that does not move has a step.
func neverVerified(s *planner.Step) string {
	if s.Back == "" {
		return "its creation was never verified"
	}
	return "the switch from " + s.Back + " was never verified"
}

// cutoverMarks say how a step is made, beyond what it does.
func cutoverMarks(s *planner.Step) []string {
	var marks []string
	if s.RolledBack {
		marks = append(marks, "rollback")
	}
	c := s.Cutover
	if c == nil {
		return marks
	}
	if c.Group != "" {
		marks = append(marks, "group "+c.Group)
	}
	if c.Confirmations == 1 {
		marks = append(marks, "to be confirmed once")
	} else if c.Confirmations > 0 {
		marks = append(marks, "to be confirmed "+strconv.Itoa(c.Confirmations)+" times")
	}
	if c.Canary != nil {
		kind := "query"
		if c.Canary.Search != nil {
			kind = "search"
		}
		marks = append(marks, "canary "+kind)
	}
	if !c.SwitchBack {
		marks = append(marks, "stays when it fails")
	}
	return marks
}

// drifted is what was changed outside aliasctl: what is not decided yet, and
// what a step follows or undoes.
func (p plan) drifted() []Section {
	var entries [][3]string
	entry := func(name, live string, fate ...string) {
		entries = append(entries, [3]string{name, live, strings.Join(fate, "")})
	}
	for _, c := range p.Plan.Conflicts {
		if c.Kind == planner.Drifted {
			entry(p.ofConflict(c), cmp.Or(c.Live, "unbound"), "conflict, last applied ", cmp.Or(c.Last, "never"))
		}
	}
	steps := p.Plan.Steps
	for i := range steps {
		s := &steps[i]
		if !s.Drift {
			continue
		}
		name, step, last := p.of(s), "step "+strconv.Itoa(i+1), cmp.Or(s.From, "never")
		switch {
		case s.Op == planner.CreateAlias:
			entry(name, "unbound", step, " creates it again")
		case s.Op == planner.Displace:
			entry(name, "a collection", step, " takes its name")
		case s.Op == planner.AlterAlias, s.Op == planner.RecreateAlias:
			entry(name, s.From, step, " moves it to ", s.To)
		case s.Anew():
			entry(name, s.To, "made anew with id ", s.ToID, ": ", step, " accepts it, last applied ", s.FromID)
		case s.Op == planner.Adopt:
			entry(name, s.To, step, " accepts it, last applied ", last)
		case s.Op == planner.Forget:
			entry(name, "unbound", step, " forgets it, last applied ", last)
		default:
			entry(name, s.From, step, " drops it")
		}
	}
	if len(entries) == 0 {
		return nil
	}
	columns := []Column{{Head: "Alias", Names: true}, {Head: "Now", Names: true}, {Long: "What becomes of it"}}
	return one(Section{Title: changedTitle, Table: &Table{Class: "drifts", Noun: "alias", Columns: columns, N: len(entries), Rows: func(yield func(*Row) bool) {
		for i, e := range entries {
			if !yield(&Row{Index: i, Cells: []Cell{{Text: e[0], Role: Name}, {Text: e[1], Role: Name}, {Text: e[2], Role: Quoted}}}) {
				return
			}
		}
	}}})
}
