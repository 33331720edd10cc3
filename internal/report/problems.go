package report

import (
	"cmp"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// What stands in the way of a plan, and what a reader must not miss of it.

func (p plan) problems() []Section {
	if p.Proof.OK {
		return nil
	}
	return one(Section{
		Title: "The proof failed", Intro: "This is a defect of aliasctl. Nothing may be applied.", Tone: Bad,
		Callout: "The proof of this plan failed. That is a defect of aliasctl; nothing may be applied.",
		Lists:   []List{newLines("problem", p.Proof.Problems, Prose)},
	})
}

func (p plan) conflicts() []Section {
	if len(p.Plan.Conflicts) == 0 {
		return nil
	}
	return one(Section{Title: "Conflicts", Tone: Bad, Lists: []List{newList("conflict", p.Plan.Conflicts, func(c *planner.Conflict) Item {
		i := Item{Line: []Span{{Text: p.ofConflict(*c), Role: Lead}, {Text: string(c.Kind), Role: Class}}, Reason: c.Reason, WaysOut: texts(c.WaysOut...)}
		if c.Alias != "" {
			i.Facts = []Fact{{"want", nameOr(c.Want, "nothing")}, {"last applied", nameOr(c.Last, "never")}, {"live", nameOr(c.Live, "unbound")}}
		}
		return i
	})}})
}

func (p plan) refusals() []Section {
	if len(p.Refusals) == 0 {
		return nil
	}
	return one(Section{Title: "Refused by a guard", Tone: Bad, Lists: []List{newList("refusal", p.Refusals, func(r *planner.Refusal) Item {
		return Item{Line: []Span{{Text: r.Guard, Role: Strong}}, Reason: r.Reason, WaysOut: texts(r.WayOut)}
	})}})
}

// failures are the steps of an apply that are not done, with the reason, and
// those with something else that a reader must know.
func (p plan) failures() []Section {
	if !p.Applied {
		return nil
	}
	var shown []int
	for i := range p.Results {
		if r := &p.Results[i]; r.Err != nil || r.Note != "" {
			shown = append(shown, i)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return one(Section{Title: "What to look at", Tone: Bad, Lists: []List{newList("step", shown, func(at *int) Item {
		r := &p.Results[*at]
		s := p.step(*at, &r.Step)
		i := Item{Note: r.Note, Line: []Span{{Text: "step " + s.Number + ", "}, {Text: s.Verb, Role: Quoted}, {Text: " "},
			{Text: s.Name, Role: Subject}, {Text: ": "}, {Text: outcomeText(*r), Role: Strong}}}
		if r.Err != nil {
			i.Reason = reason(r.Err)
		}
		return i
	})}})
}

// losses are what a plan takes away; after an apply, what was taken away. A
// reviewer must not have to look for it.
func (p plan) losses() []Section {
	var collections, aliases []*planner.Step
	see := func(s *planner.Step) {
		switch {
		case s.Op == planner.DropCollection:
			collections = append(collections, s)
		case s.Op == planner.DropAlias:
			aliases = append(aliases, s)
		}
	}
	var lists []List
	var titles []string
	add := func(n int, noun, fate, title string, l List) {
		if n > 0 {
			titles = append(titles, quantity.Of(n, noun)+fate)
			l.Title = cmp.Or(title, quantity.Of(n, noun)+fate)
			lists = append(lists, l)
		}
	}
	gaps := 0
	if p.Applied {
		for i := range p.Results {
			if r := &p.Results[i]; r.Done() {
				see(&r.Step)
			}
		}
	} else {
		for i := range p.Plan.Steps {
			see(&p.Plan.Steps[i])
		}
		gaps = len(p.Proof.Gaps)
	}
	add(len(collections), "collection", " dropped for good", "", newList("collection", collections, func(at **planner.Step) Item {
		s := *at
		i := Item{Line: []Span{{Text: p.of(s), Role: Subject}}}
		if s.ID != "" {
			i.Line = append(i.Line, Span{Text: ", id "}, Span{Text: s.ID, Role: Name})
		}
		for _, fact := range destroyed(s) {
			i.Line = append(i.Line, Span{Text: ", " + fact})
		}
		return i
	}))
	add(len(aliases), "alias", " dropped", "", newList("alias", aliases, func(at **planner.Step) Item {
		return Item{Line: []Span{{Text: p.of(*at), Role: Subject}, {Text: ", was "}, nameOr((*at).From, "unbound")}}
	}))
	if taken := min(gaps, p.Plan.Summary.Displace); taken > 0 {
		gaps -= taken
		add(taken, "gap", "", quantity.Phrase(taken, "name stands for nothing for a moment, between the rename and the create",
			"names stand for nothing for a moment, between the rename and the create"), List{})
	}
	add(gaps, "gap", "", quantity.Phrase(gaps, "alias is unbound for a moment, between its drop and its create",
		"aliases are unbound for a moment, between their drop and their create"), List{})
	if lists == nil {
		return nil
	}
	return one(Section{Title: strings.Join(titles, ", "), Tone: Loss, Lists: lists})
}

func (p plan) notes() []Section {
	if len(p.Plan.Notes) == 0 {
		return nil
	}
	return one(Section{Title: "Notes", Lists: []List{newLines("note", p.Plan.Notes, Prose)}})
}

func (p plan) proof() []Section {
	s := Section{
		Title: "Proof", Intro: strings.TrimPrefix(proofLine(p.Proof), "proof: "),
		Remark: "The plan was replayed on a model of the cluster and cut at every place. Looked for at each: an alias that exists before and after and is unbound, an alias that points at a dropped collection, a change of something unmanaged, and another end when it is planned again from there.",
	}
	if n := len(p.Proof.Gaps); n > 0 {
		l := newLines("gap", p.Proof.Gaps, Name)
		l.Title = quantity.Of(n, "gap")
		s.Lists = []List{l}
	}
	return one(s)
}

// texts are ways out as they are written.
func texts(ways ...planner.WayOut) []string {
	all := make([]string, len(ways))
	for i, way := range ways {
		all[i] = way.String()
	}
	return all
}
