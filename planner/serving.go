package planner

import (
	"cmp"
	"fmt"
	"slices"

	"aliasctl/manifest"
	"aliasctl/planner/truth"
)

// Whether green can serve
//
// Two checks are made of every switch, asked for or not: green is loaded if
// blue is, and it has rows if blue has. To fail either is an outage at the
// moment of the switch. They differ from those of `require` in three ways: one
// that passes is not listed, one that Milvus does not answer the user is a note,
// and blue is asked only where green falls short. What something in between
// answered in place of Milvus is no such note: it says nothing about green.
// `require` replaces them, with a stricter check or with false.

// ServingRun names one switch of which it is asked whether green can serve as
// blue does.
type ServingRun struct {
	Database, Blue, Green string
	Load, Rows            bool // what is asked
}

// implied are the checks that are made unasked.
var implied = []manifest.CheckName{manifest.Loaded, manifest.MinRows}

// serves reports whether a check is made of every switch of this cutover although
// its manifest does not ask for it.
func serves(c *manifest.Cutover, name manifest.CheckName) bool {
	if c != nil && c.Load != nil && name == manifest.Loaded {
		return false // it is checked because of the load
	}
	return c == nil || !slices.Contains(c.Waived, name) &&
		!slices.ContainsFunc(c.Require, func(check manifest.Check) bool {
			return check.Name == name || check.Name == manifest.Rows && name == manifest.MinRows
		})
}

// serving adds what has to be read for the checks of one switch.
func (n *Needs) serving(d *database, e managed, in *LiveDatabase, o Options, ready bool) {
	blue, green := e.leaves(in, true), e.green(in, true)
	if _, exists := in.Collections[green]; !exists {
		return
	}
	if blue == green {
		return
	}
	switch truth.Decide(e.want.Collection, e.ours, in.Bindings[e.alias]) {
	case truth.Alter:
	case truth.Create:
		if blue == "" {
			return
		}
	case truth.Drifted:
		if !o.OverwriteDrift.Has(d.name, e.alias) {
			return
		}
	case truth.Foreign:
		if !o.TakeOver.Has(d.name, e.alias) {
			return
		}
	default:
		return
	}
	c := e.want.Cutover
	run := ServingRun{Database: d.name, Blue: blue, Green: green, Load: serves(c, manifest.Loaded), Rows: ready && serves(c, manifest.MinRows)}
	if run.Load || run.Rows {
		n.Serving = append(n.Serving, run)
	}
}

func compareServing(a, b ServingRun) int {
	return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Green, b.Green), cmp.Compare(a.Blue, b.Blue))
}

// serving makes the checks of one switch that its manifest does not ask for.
func (b *builder) serving(d *database, e *managed, live *LiveDatabase, step Step) {
	if b.live == nil || step.From == "" {
		return
	}
	green := live.Serving[step.To]
	switch _, built := live.Collections[step.To]; {
	case green != nil:
	case built && b.awaitsLoad(live, step.To): // nothing was asked yet
		green = &Facts{}
	default:
		return // not built yet
	}
	blue := live.Serving[step.From]
	if blue == nil {
		blue = &Facts{}
	}
	for _, name := range implied {
		if !serves(e.want.Cutover, name) {
			continue
		}
		check := Check{Database: d.name, Alias: e.alias, Name: name, Implied: true}
		if name == manifest.Loaded {
			check.servesLoaded(step, blue.Load, green.Load)
		} else {
			check.servesRows(step, blue.Rows, green.Rows)
		}
		if check.Verdict != CheckPassed && b.awaitsLoad(live, step.To) {
			check = Check{Database: d.name, Alias: e.alias, Name: name, Implied: true}
			check.await()
		}
		skipped := b.options.SkipChecks[name].Has(d.name, e.alias)
		switch {
		case check.Verdict == CheckUnknown && !skipped && !unheard(name, blue, green):
			b.unanswered = append(b.unanswered, check)
		case check.Verdict != CheckPassed || skipped:
			b.addCheck(check, false)
		}
	}
}

// unheard reports that a fact of a check is unknown because Milvus was not reached.
func unheard(name manifest.CheckName, all ...*Facts) bool {
	return slices.ContainsFunc(all, func(f *Facts) bool {
		if name == manifest.Loaded {
			return f.Load != nil && f.Load.Unanswered
		}
		return f.Rows != nil && f.Rows.Unanswered
	})
}

func (c *Check) servesLoaded(step Step, blue, green *LoadFact) {
	if !c.answered(green) {
		return
	}
	c.Green = loadWords(green)
	if green.State == Loaded {
		c.Verdict = CheckPassed
		return
	}
	if !c.answered(blue) {
		return
	}
	c.Blue = loadWords(blue)
	c.verdict(blue.State != Loaded, "%q is loaded and %q is not: readers would get errors", step.From, step.To)
}

func (c *Check) servesRows(step Step, blue, green *RowsFact) {
	if !c.answered(green) {
		return
	}
	c.Green = rowsWords(green)
	if green.Count > 0 {
		c.Verdict = CheckPassed
		return
	}
	if !c.answered(blue) {
		return
	}
	c.Blue = rowsWords(blue)
	c.verdict(blue.Count == 0, "%q has rows and %q has none: readers would find nothing", step.From, step.To)
}

// unansweredNotes reports which checks made by default found no answer.
func (b *builder) unansweredNotes() {
	for _, name := range implied {
		var aliases []string
		why := ""
		for _, c := range b.unanswered {
			if c.Name == name {
				aliases = append(aliases, b.qualified(c.Database, c.Alias))
				why = cmp.Or(why, c.Details[0])
			}
		}
		if len(aliases) == 0 {
			continue
		}
		what := "is loaded"
		if name == manifest.MinRows {
			what = "has rows"
		}
		b.note("not checked whether the new collection of %s %s: %s", listed(aliases), what, why)
	}
}

// implyWayOut lifts a check that the manifest does not ask for.
func (c Check) implyWayOut(rollback bool) WayOut {
	mend, off := "load it", "loaded: false"
	if c.Name == manifest.MinRows {
		mend, off = "fill it", "min_rows: 0"
	}
	if c.Verdict == CheckUnknown {
		mend = "let what stands in front of Milvus pass this call"
	}
	if rollback { // which has no manifest
		return WayOut{Before: mend + ", or ", Kind: liftSkipCheck, Target: string(c.Name)}
	}
	return WayOut{Before: fmt.Sprintf("%s, or `require: {%s}` for the alias, or ", mend, off), Kind: liftSkipCheck, Target: string(c.Name)}
}
