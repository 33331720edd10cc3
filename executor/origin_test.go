package executor

import (
	"errors"
	"slices"
	"testing"
	"time"

	"aliasctl/planner"
)

// What a state was applied from is recorded with the apply that came about, in
// part or whole, and with none of which nothing came about.
func TestAnApplyRecordsItsManifests(t *testing.T) {
	step := planner.Step{Op: planner.DropAlias, Database: "default", Alias: "p", From: "v1"}
	adopted := planner.Step{Op: planner.Adopt, Database: "default", Alias: "q", To: "v1"}
	for name, tt := range map[string]struct {
		results []Result
		want    string
	}{
		"nothing to do":       {nil, "new.yaml"},
		"applied":             {[]Result{{Step: step, Outcome: Applied}}, "new.yaml"},
		"unknown":             {[]Result{{Step: step, Outcome: Undecided}}, "new.yaml"},
		"failed":              {[]Result{{Step: step, Outcome: Failed, Err: errors.New("no")}}, "old.yaml"},
		"not reached":         {[]Result{{Step: step, Outcome: NotReached}}, "old.yaml"},
		"failed, one learnt":  {[]Result{{Step: step, Outcome: Failed}, {Step: adopted, Outcome: Applied}}, "old.yaml"},
		"one learnt":          {[]Result{{Step: adopted, Outcome: Applied}}, "new.yaml"},
		"failed, one applied": {[]Result{{Step: step, Outcome: Failed}, {Step: planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "r", To: "v1"}, Outcome: Applied}}, "new.yaml"},
	} {
		before := planner.State{Version: planner.StateVersion, Serial: 4, Manifests: []string{"old.yaml"},
			Bindings: []planner.Binding{{Database: "default", Alias: "p", Collection: "v1"}}}
		plan := planner.Plan{Housekeeping: planner.Housekeeping{Manifests: []string{"new.yaml"}}}
		after := settle(before, plan, tt.results, Occasion{Now: time.Now()}, nil)
		if !slices.Equal(after.Manifests, []string{tt.want}) {
			t.Errorf("%s: %q", name, after.Manifests)
		}
		if len(after.History) == 0 {
			continue
		}
		if e := after.History[0]; (tt.want == "new.yaml") != slices.Equal(e.ManifestsBefore, []string{"old.yaml"}) {
			t.Errorf("%s: the history has %q before", name, e.ManifestsBefore)
		}
	}
}

// A first state says at once what it is applied from: a run that is killed
// leaves its announcements with a name to them.
func TestTheFirstAnnouncementNamesItsManifests(t *testing.T) {
	plan := planner.Plan{Housekeeping: planner.Housekeeping{Manifests: []string{"a.yaml"}}}
	if s := Announce(planner.State{}, plan, false, time.Now()); !slices.Equal(s.Manifests, []string{"a.yaml"}) {
		t.Errorf("a first state: %q", s.Manifests)
	}
	if s := Announce(planner.State{Manifests: []string{"b.yaml"}}, plan, false, time.Now()); !slices.Equal(s.Manifests, []string{"b.yaml"}) {
		t.Errorf("a later one: %q", s.Manifests)
	}
}
