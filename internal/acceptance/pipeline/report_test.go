package pipeline

import (
	"bufio"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// With --log-format json a log has events alone, whichever stream it is of, and none
// of the report is lost. Who asks for a format gets it on standard output.
func TestAJSONLogHasEventsAlone(t *testing.T) {
	_, dir := folder(t, good)
	seed := []string{"--uri", "embedded:cluster.yaml", "--log-format", "json"}
	for _, args := range [][]string{{"sync"}, {"sync", "--apply"}, {"sync", "--apply"}, {"drift"}, {"rollback"}} {
		_, stdout, stderr := run(t, dir, nil, append(args, seed...)...)
		if stdout != "" {
			t.Errorf("%q prints to standard output:\n%s", args, stdout)
		}
		reports := 0
		for lines := bufio.NewScanner(strings.NewReader(stderr)); lines.Scan(); {
			var event struct {
				Event  string
				Report struct {
					Version int
					Steps   []any
					Drift   []any
				}
			}
			if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
				t.Errorf("%q: %v in %s", args, err, lines.Text())
			}
			if event.Event == "report" {
				reports++
				if event.Report.Version != 1 || event.Report.Steps == nil && event.Report.Drift == nil {
					t.Errorf("%q: no report in %s", args, lines.Text())
				}
			}
		}
		if reports != 1 {
			t.Errorf("%q: %d reports in\n%s", args, reports, stderr)
		}
	}
	for _, asked := range [][]string{{"-o", "text"}, {"--output=json"}} {
		_, stdout, stderr := run(t, dir, nil, append(append([]string{"sync"}, asked...), seed...)...)
		if stdout == "" || strings.Contains(stderr, `"event":"report"`) {
			t.Errorf("%q: standard output is %q, and the log\n%s", asked, stdout, stderr)
		}
	}
	if _, stdout, stderr := run(t, dir, []string{"ALIASCTL_OUTPUT=text"}, append([]string{"sync"}, seed...)...); stdout == "" {
		t.Errorf("ALIASCTL_OUTPUT prints nothing; the log is\n%s", stderr)
	}
}

// Who reviews finds the digest in every format, and an apply takes it. Reports for
// people name the run.
func TestReportsNameTheirDigestAndRun(t *testing.T) {
	_, dir := folder(t, good)
	ci := []string{"CI=true", "GITHUB_ACTIONS=true", "GITHUB_ACTOR=ada", "GITHUB_SHA=0123456789abcdef0123456789abcdef01234567",
		"GITHUB_SERVER_URL=https://github.example.com", "GITHUB_REPOSITORY=shop/search", "GITHUB_RUN_ID=77"}
	seed := []string{"--uri", "embedded:cluster.yaml"}
	files := []string{"--output-file", "text=t", "--output-file", "markdown=m", "--output-file", "html=h", "--output-file", "json=j"}
	code, stdout, stderr := run(t, dir, ci, append(append([]string{"sync"}, seed...), files...)...)
	if code != 0 {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	var plan struct{ Digest string }
	if err := json.Unmarshal([]byte(text(t, dir, "j")), &plan); err != nil || plan.Digest == "" {
		t.Fatal(err)
	}
	for _, name := range []string{"t", "m", "h"} {
		if strings.Count(text(t, dir, name), plan.Digest) != 1 {
			t.Errorf("%s has no digest %s:\n%s", name, plan.Digest, text(t, dir, name))
		}
	}
	run(t, dir, ci, append(append([]string{"sync", "--apply", "--expect-digest", plan.Digest}, seed...), files...)...)
	for _, name := range []string{"m", "h"} {
		report := text(t, dir, name)
		for _, want := range []string{"0123456789abcdef0123456789abcdef01234567", "ada", "https://github.example.com/shop/search/actions/runs/77", "no state before this run, now 1"} {
			if !strings.Contains(report, want) {
				t.Errorf("%s has no %q:\n%s", name, want, report)
			}
		}
		if !regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).MatchString(report) {
			t.Errorf("%s has no time", name)
		}
	}
	put(t, dir, "aliases.yaml", strings.ReplaceAll(good, "v1", "v2"))
	run(t, dir, ci, append(append([]string{"sync", "--apply"}, seed...), files...)...)
	for _, name := range []string{"m", "h"} {
		if report := text(t, dir, name); !strings.Contains(report, "serial 1, now 2") {
			t.Errorf("%s does not name both serials:\n%s", name, report)
		}
	}
}
