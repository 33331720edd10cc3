package planner_test

import (
	"testing"

	"aliasctl/planner"
)

// A retiree that is newer than all that stays bound and that no alias is known to
// have left is refused, and the exact flag lifts it.
func TestARetireeThatLooksLikeNewWork(t *testing.T) {
	const older, bound, newer = "470764742955763161", "470764742955763162", "470764742955763163"
	history := func(from, id string) []planner.Entry {
		return []planner.Entry{{Serial: 1, At: noon, Changes: []planner.Change{{Database: "default", Alias: "p", From: from, FromID: id, To: "v2"}}}}
	}
	for name, tt := range map[string]struct {
		id      string
		history []planner.Entry
		last    string
		live    string
		options planner.Options
		refused bool
	}{
		"older":                     {id: older, live: "p: v2"},
		"newer":                     {id: newer, live: "p: v2", refused: true},
		"newer, state lost":         {id: newer, live: "p: v2", last: "-", refused: true},
		"left before":               {id: newer, live: "p: v2", history: history("old", newer)},
		"left before, no id":        {id: newer, live: "p: v2", history: history("old", "")},
		"another of its name left":  {id: newer, live: "p: v2", history: history("old", older), refused: true},
		"left by this plan":         {id: newer, live: "p: old", last: "p: old"},
		"left by this plan, ours":   {id: newer, live: "p: old", options: planner.Options{OverwriteDrift: planner.Selection{All: true}}},
		"lifted":                    {id: newer, live: "p: v2", options: planner.Options{RetireNewer: planner.Selection{All: true}}},
		"asked for by another flag": {id: newer, live: "p: v2", options: planner.Options{RetireAgain: planner.Selection{All: true}}},
		"no id":                     {id: "", live: "p: v2"},
	} {
		t.Run(name, func(t *testing.T) {
			sc := scene{want: "p: v2", last: "p: v2", live: tt.live, retire: "old", have: "v2#" + bound + " old#" + tt.id}
			if tt.last == "-" {
				sc.last = ""
			} else if tt.last != "" {
				sc.last = tt.last
			}
			state := sc.state(t)
			state.History = tt.history
			o := tt.options
			o.Now = noon
			p := planner.Compare(sc.desired(t), state, o).Plan(sc.cluster(t))
			refusals := p.Check(planner.DefaultLimits())
			if got := len(refusals) == 1 && refusals[0].Guard == "newer-retiree"; got != tt.refused || len(refusals) > 1 {
				t.Errorf("refusals %+v of %q", refusals, lines(p))
			}
			if tt.refused && p.Summary.Retire != 1 {
				t.Errorf("the plan is not shown: %q", lines(p))
			}
		})
	}
}
