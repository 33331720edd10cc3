package text

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/planner"
)

// steps prints the plan, a line for each step.
func (t *text) steps(table *report.Table) {
	wide := table.Numbers
	block := ""
	for row := range table.Rows {
		if row.Block != block {
			block = row.Block
			t.Heading(block + ":")
		}
		t.step(wide, row.Step)
		t.phrase(row.Step)
		t.Row(wide+5, t.words...)
	}
}

// results prints what became of each step, with what there is to know of it.
func (t *text) results(table *report.Table) {
	wide := table.Numbers
	indent := strings.Repeat(" ", wide+5)
	for row := range table.Rows {
		r := row.Step.Result
		t.step(wide, row.Step)
		t.word(r.Text, t.ink(r.Tone))
		t.words = append(t.words, listed(r.Times, "(", ")", t.Faint)...)
		t.Row(wide+5, t.words...)
		for _, s := range row.Below {
			t.Prose(indent, s)
		}
	}
}

func (t *text) word(s string, ink layout.Paint) {
	t.words = append(t.words, layout.Word{Text: s, Ink: ink})
}

// step begins the line of a step with its number, its sign and its name.
func (t *text) step(wide int, s *report.Step) {
	t.words = append(t.words[:0], layout.Word{Text: fmt.Sprintf("  %*s", wide, s.Number), Ink: t.Faint},
		layout.Word{Text: report.Sign(s.Op), Ink: t.operation(s.Op)})
	privilege, role, _ := strings.Cut(s.Name, " to ")
	if s.Op != planner.GrantPrivilege {
		t.words = append(t.words, layout.Word{Text: s.Name, Pad: t.names + 1})
		return
	}
	const to = "to" // a break may come on either side of it
	t.words = append(t.words, layout.Word{Text: privilege}, layout.Word{Text: to},
		layout.Word{Text: role, Pad: max(t.names+1-utf8.RuneCountInString(privilege)-len(to)-2, 0)})
}

func (t *text) operation(op planner.Op) layout.Paint {
	switch op {
	case planner.CreateAlias:
		return t.Add
	case planner.AlterAlias, planner.Displace, planner.VerifyAlias:
		return t.Change
	case planner.DropAlias:
		return t.Remove
	case planner.DropCollection:
		return t.Destroy
	}
	return t.Info
}

// phrase is what a step does, after its name.
func (t *text) phrase(s *report.Step) {
	ink, plain := t.operation(s.Op), layout.Paint{}
	switch s.Op {
	case planner.CreateAlias, planner.Displace:
		t.word("-> "+s.To, ink)
	case planner.AlterAlias:
		t.word(s.From, plain)
		t.word("-> "+s.To, ink)
	case planner.LoadCollection:
		t.word("load", ink)
	case planner.GrantPrivilege:
		t.word("on "+s.To, ink)
		t.words = append(t.words, listed([]string{"as on " + s.From}, "(", ")", t.Faint)...)
	case planner.VerifyAlias:
		t.word("verify "+s.To, ink)
	case planner.DropAlias:
		t.word("was "+s.From, plain)
	case planner.DropCollection, planner.ReleaseCollection:
		facts := s.Facts
		if s.From != "" {
			facts = append([]string{"id " + s.From}, facts...)
		}
		t.words = append(t.words, listed(facts, "", "", t.Faint)...)
	case planner.Adopt:
		t.word("adopt "+s.To, plain)
	case planner.Forget:
		t.word("forget "+s.From, plain)
	}
	for _, m := range s.Marks {
		if !m.Table {
			t.words = append(t.words, listed(m.Texts, "(", ")", t.ink(m.Tone))...)
		}
	}
}

// drifted prints what was changed outside aliasctl.
func (t *text) drifted(table *report.Table) {
	for row := range table.Rows {
		name, live, fate := row.Cells[0].Text, row.Cells[1].Text, row.Cells[2].Text
		words := []layout.Word{{Text: "  " + name, Pad: 2 + t.names + 1}, {Text: "now"}, {Text: live, Ink: t.Change}}
		t.Row(4, append(words, fields("("+fate+")", layout.Paint{})...)...)
	}
}
