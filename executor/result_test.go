package executor

import (
	"fmt"
	"testing"
	"time"

	"aliasctl/planner"
)

// TestTheHalvesOfASwitchByDropAndCreate: readers of JSON and of events know it
// as two steps, and each half says what became of its own write.
func TestTheHalvesOfASwitchByDropAndCreate(t *testing.T) {
	step := planner.Step{Op: planner.RecreateAlias, Database: "default", Alias: "products", From: "v1", To: "v2"}
	undone := &UndoneError{"default", "products", "v1", errRefused, ""}
	stuck := &SwitchBackError{Database: "default", Alias: "products", Collection: "v1", Cause: errLost, Err: undone}
	for _, test := range []struct {
		result Result
		want   string
	}{
		{Result{Outcome: Applied, Dropped: Applied, Note: "healed"}, `applied <nil> "", applied <nil> "healed"`},
		{Result{Outcome: Applied, Dropped: AlreadyDone}, `already-done <nil> "", applied <nil> ""`},
		{Result{Outcome: AlreadyDone, Dropped: AlreadyDone}, `already-done <nil> "", already-done <nil> ""`},
		{Result{Outcome: Applied, Dropped: Applied, Err: errLost}, `applied <nil> "", applied connection reset ""`},
		{Result{Outcome: Applied, Dropped: Applied, Err: stuck}, fmt.Sprintf(`applied <nil> "", applied %v ""`, stuck)},
		{Result{Outcome: SwitchedBack, Dropped: Applied, Err: errLost}, `switched-back <nil> "", switched-back connection reset ""`},
		{Result{Outcome: Failed, Dropped: Failed, Err: errRefused}, `failed permission denied (HTTP 403) "", not-reached <nil> ""`},
		{Result{Outcome: Failed, Dropped: Failed, Err: errRefused, Unbound: true}, `failed permission denied (HTTP 403) "", not-reached <nil> ""`},
		{Result{Outcome: Undecided, Dropped: Undecided, Err: errLost}, `unknown connection reset "", not-reached <nil> ""`},
		{Result{Outcome: Undecided, Err: errLost}, `unknown connection reset "", unknown connection reset ""`},
		{Result{Outcome: NotReached}, `not-reached <nil> "", not-reached <nil> ""`},
		{Result{Outcome: NotReached, Dropped: NotReached, Err: errLost}, `not-reached connection reset "", not-reached <nil> ""`},
		{Result{Outcome: Failed, Dropped: Applied, Err: errRefused, Unbound: true}, `applied <nil> "", failed permission denied (HTTP 403) ""`},
		{Result{Outcome: Failed, Dropped: AlreadyDone, Err: errRefused, Unbound: true}, `already-done <nil> "", failed permission denied (HTTP 403) ""`},
		{Result{Outcome: Failed, Dropped: Applied, Err: errRefused}, `applied <nil> "", failed permission denied (HTTP 403) ""`},
		{Result{Outcome: Undecided, Dropped: Applied, Err: errLost, Unbound: true}, `applied <nil> "", unknown connection reset ""`},
		{Result{Outcome: Failed, Dropped: Applied, Err: undone}, fmt.Sprintf(`failed %v "", failed permission denied (HTTP 403) ""`, undone)},
		{Result{Outcome: Undecided, Dropped: Applied, Err: undone}, fmt.Sprintf(`failed %v "", unknown permission denied (HTTP 403) ""`, undone)},
	} {
		test.result.Step, test.result.Took, test.result.DroppedIn = step, 3*time.Second, time.Second
		halves := test.result.Halves()
		drop, create := halves[0], halves[1]
		if drop.Op != planner.DropAlias || drop.From != "v1" || drop.To != "" || drop.Took != time.Second || create.Took != 2*time.Second || create.Op != planner.CreateAlias || create.From != "" || create.To != "v2" {
			t.Fatalf("%+v, %+v", drop.Step, create.Step)
		}
		if got := fmt.Sprintf("%s %v %q, %s %v %q", drop.Outcome, drop.Err, drop.Note, create.Outcome, create.Err, create.Note); got != test.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", test.result, got, test.want)
		}
	}
	alter := Result{Step: planner.Step{Op: planner.AlterAlias}, Outcome: Applied}
	if halves := alter.Halves(); len(halves) != 1 || halves[0].Op != planner.AlterAlias {
		t.Errorf("%+v", halves)
	}
}
