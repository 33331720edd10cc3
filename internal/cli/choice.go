package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/planner"
)

// Choices are flags that shape a plan or lift a refusal. They are reviewed with
// the plan: every report shows them, the digest covers them, and a saved plan
// carries them. All that lift a refusal are among them, so that a new one of
// limitFlags is too.

// shapingFlags are the choices that lift nothing.
var shapingFlags = []string{"only", "switch", planner.DrainFlag}

// choiceFlags are all of them, sorted by name.
func choiceFlags() []cli.Flag {
	flags := limitFlags()
	for _, f := range flagList(applyFlags(), planFlags()) {
		if slices.Contains(shapingFlags, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	slices.SortFunc(flags, func(a, b cli.Flag) int {
		if a.Names()[0] < b.Names()[0] {
			return -1
		}
		return 1
	})
	return flags
}

// choicesOf are the choices of a command line that are not the defaults. The
// order and the repetition of values do not matter.
func choicesOf(c *cli.Context) []planner.Choice {
	var choices []planner.Choice
	for _, f := range choiceFlags() {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		var values []string
		switch f := f.(type) {
		case *cli.StringSliceFlag:
			values = slices.Clone(c.StringSlice(name))
			slices.Sort(values)
			values = slices.Compact(values)
		case *cli.BoolFlag:
			if c.Bool(name) {
				values = []string{"true"}
			}
		case *cli.StringFlag:
			if s := c.String(name); s != f.Value || s == "" {
				values = []string{s}
			}
		case numberFlag:
			if n := c.Int(name); n != f.Value {
				values = []string{fmt.Sprint(n)}
			}
		case *cli.DurationFlag:
			if d := c.Duration(name); d != f.Value {
				values = []string{d.String()}
			}
		default:
			panic(fmt.Sprintf("cli: --%s has a type that no choice has", name))
		}
		if len(values) > 0 {
			choices = append(choices, planner.Choice{Flag: name, Values: values})
		}
	}
	return choices
}

// choose makes the choices of a saved plan those of this run. What the command
// line has as well must be the same, but for the drain, which is the business
// of the apply.
func choose(c *cli.Context, choices []planner.Choice) error {
	given := choicesOf(c)
	for _, g := range given {
		if g.Flag == planner.DrainFlag {
			continue
		}
		if !slices.ContainsFunc(choices, func(p planner.Choice) bool { return p.String() == g.String() }) {
			return usagef("make a new plan with it: what lifts a refusal is reviewed", "--plan and %s: the plan was made without it", g)
		}
	}
	known := choiceFlags()
	for _, choice := range choices {
		i := slices.IndexFunc(known, func(f cli.Flag) bool { return f.Names()[0] == choice.Flag })
		if i < 0 {
			return usagef("make a new plan", "plan %q: it has the flag --%s, which lifts and shapes nothing", c.String("plan"), choice.Flag)
		}
		if c.IsSet(choice.Flag) {
			continue
		}
		for _, value := range choice.Values {
			if err := c.Set(choice.Flag, value); err != nil {
				return usagef("make a new plan", "plan %q: --%s %q: %v", c.String("plan"), choice.Flag, value, err)
			}
		}
	}
	return nil
}

// notAfter is the earlier of two times.
func notAfter(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
