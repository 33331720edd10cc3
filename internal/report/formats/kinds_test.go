package formats_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
)

// stepOf is a step of one operation, with all that the operation has.
func stepOf(op planner.Op) planner.Step {
	s := planner.Step{Op: op, Database: "default", Alias: "products", From: "products_v41", To: "products_v42"}
	switch op {
	case planner.CreateAlias:
		s.From = ""
	case planner.DropAlias, planner.Forget:
		s.To = ""
	case planner.Displace:
		s.From, s.RenameTo, s.Back, s.ID = "", "products_v41", "products_v41", "455632177914940001"
	case planner.VerifyAlias:
		s.From, s.Back = s.To, "products_v41"
	}
	if op.OnCollection() {
		s.Alias, s.Collection, s.From, s.To, s.ID = "", "products_v41", "", "", "455632177914940001"
	}
	switch op {
	case planner.LoadCollection:
		s.Collection, s.Timeout = "products_v42", 30*time.Minute
	case planner.GrantPrivilege:
		s.Collection, s.From, s.Role, s.Privilege, s.ObjectType = "products_v42", "products_v41", "reader", "Query", "Collection"
	}
	return s
}

// newerSteps are the steps that stand around switches.
func newerSteps() report.Report {
	renamed := stepOf(planner.CreateAlias)
	renamed.Alias, renamed.RenamedFrom = "goods", "wares"
	old := stepOf(planner.DropAlias)
	old.Alias, old.RenamedTo = "wares", "goods"
	verified := stepOf(planner.VerifyAlias)
	verified.Alias = "reviews"
	p := plan(planner.Summary{Create: 1, Drop: 1, Displace: 1, Load: 1, Grant: 1, Release: 1, Verify: 1},
		stepOf(planner.LoadCollection), stepOf(planner.GrantPrivilege), stepOf(planner.Displace), renamed, verified, old, stepOf(planner.ReleaseCollection))
	proof := proved(7)
	proof.Gaps = []string{"default/products"}
	return report.Report{Plan: p, Proof: proof, StatePath: "prod.state.json"}
}

// Each kind of step has a tone in the style sheet, a sign, and words of its own in every
// format, planned and applied.
func TestEveryKindOfStepIsShown(t *testing.T) {
	css, err := os.ReadFile("../html/report.css")
	if err != nil {
		t.Fatal(err)
	}
	toned := regexp.MustCompile(`(?m)^([^{}\n]*) \{ --tone:`)
	var tones []string
	for _, m := range toned.FindAllStringSubmatch(string(css), -1) {
		tones = append(tones, strings.Split(m[1], ", ")...)
	}
	counts := map[formats.Format]bool{formats.GitLab: true, formats.Dotenv: true} // they have no names
	for _, op := range planner.Ops() {
		step := stepOf(op)
		class := op
		if op == planner.RecreateAlias { // is shown as a switch
			class = planner.AlterAlias
		}
		if n := count(tones, "."+string(class)); n != 1 {
			t.Errorf("%s has %d tones in report.css", op, n)
		}
		if stateOnly := op == planner.Adopt || op == planner.Forget; (report.Sign(class) == "=") != stateOnly {
			t.Errorf("%s has the sign %q", op, report.Sign(class))
		}
		r := report.Report{Plan: plan(planner.Summary{}, step), Proof: proved(1), StatePath: "prod.state.json"}
		switch {
		case op == planner.DropAlias:
			r.Plan.Before = []planner.Bound{binding("default", "products", "products_v41")}
		case !op.OnCollection():
			r.Plan.After = []planner.Bound{binding("default", "products", "products_v42")}
		}
		name := step.Alias + step.Collection
		for _, applied := range []bool{false, true} {
			if applied {
				r.Applied, r.Results = true, []executor.Result{{Step: step, Outcome: executor.Failed, Err: errors.New("no"), Took: time.Millisecond}}
			}
			for _, f := range formats.All() {
				shown := string(written(t, f, r, layout.Style{}))
				if f == formats.HTML && !strings.Contains(shown, `<tr class="`+string(class)+`">`) {
					t.Errorf("html has no row of %s", op)
				}
				if !counts[f] && !(f == formats.Diff && op == planner.Forget) && !strings.Contains(shown, name) {
					t.Errorf("%s does not name what a %s is about (applied: %v):\n%s", f, op, applied, shown)
				}
				// The raw word is for machines; a table of state-only steps has it too.
				if f != formats.JSON && f != formats.HTML && op != planner.Adopt && op != planner.Forget && strings.Contains(shown, string(op)) {
					t.Errorf("%s calls a step %q:\n%s", f, op, shown)
				}
			}
		}
	}
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}
