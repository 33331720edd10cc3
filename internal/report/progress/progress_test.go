package progress_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/executor"
	"aliasctl/internal/report/progress"
	"aliasctl/planner"
)

func observe(p *progress.Progress, results []executor.Result) {
	for i, r := range results {
		p.StepStarted(i, r.Step)
		p.StepDone(i, r)
	}
	p.Finish()
}

func TestProgressOfASmallPlanHasALinePerStep(t *testing.T) {
	var b bytes.Buffer
	observe(progress.New(&b, 3, false), []executor.Result{
		{Step: planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products"}, Outcome: executor.Applied},
		{Step: planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "\x1b[2J"}, Outcome: executor.Failed, Err: errors.New("no")},
		{Step: planner.Step{Op: planner.DropCollection, Database: "shop", Collection: "products_v1"}, Outcome: executor.AlreadyDone},
	})
	want := "aliasctl: step 1 of 3: alter-alias default/products: applied\n" +
		"aliasctl: step 2 of 3: create-alias default/\\x1b[2J: failed\n" +
		"aliasctl: step 3 of 3: drop-collection shop/products_v1: already done\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestProgressOfALargePlanIsShort(t *testing.T) {
	const n = 100_000
	var b bytes.Buffer
	p := progress.New(&b, n, false)
	for i := range n {
		outcome := executor.Applied
		if i == 7 {
			outcome = executor.Undecided
		}
		p.StepStarted(i, planner.Step{})
		p.StepDone(i, executor.Result{Outcome: outcome})
	}
	p.Finish()
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) < 10 || len(lines) > 40 {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
	if want := fmt.Sprintf("aliasctl: %d of %d steps done, 1 failed, unknown or switched back, after ", n, n); !strings.HasPrefix(lines[len(lines)-1], want) {
		t.Errorf("last line is %q", lines[len(lines)-1])
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestProgressOnATerminalIsABarThatIsTakenAway(t *testing.T) {
	var b bytes.Buffer
	steps := make([]executor.Result, 3)
	for i := range steps {
		steps[i] = executor.Result{Step: planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products"}, Outcome: executor.Applied}
	}
	observe(progress.New(&b, len(steps), true), steps)
	if !strings.Contains(b.String(), "products") || !strings.Contains(b.String(), "\r") {
		t.Errorf("no bar in %q", b.String())
	}
	if strings.Contains(b.String(), "\n") {
		t.Errorf("a line break in %q", b.String())
	}
	screen := b.String()[strings.LastIndexAny(b.String(), "\r")+1:]
	if strings.TrimSpace(sgr.ReplaceAllString(strings.ReplaceAll(screen, "\x1b[2K", ""), "")) != "" {
		t.Errorf("the terminal still shows %q", screen)
	}
}
