package formats_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// plans are of 0, 1 and 10,000 steps, planned and applied.
func plans(name string) []report.Report {
	var all []report.Report
	for _, n := range []int{0, 1, 10_000} {
		p := planner.Plan{Cluster: planner.Cluster{Label: "prod", URI: "https://milvus.example"}, Live: planner.LiveRead, Summary: planner.Summary{Switch: n}}
		var results []executor.Result
		for i := range n {
			s := planner.Step{Op: planner.AlterAlias, Database: "default", Alias: fmt.Sprintf("%s_%d", name, i), From: name + "_v1", To: name + "_v2"}
			p.Steps = append(p.Steps, s)
			results = append(results, executor.Result{Step: s, Outcome: executor.Applied})
		}
		all = append(all, report.Report{Plan: p, Proof: proof.Proof{OK: true}},
			report.Report{Plan: p, Proof: proof.Proof{OK: true}, Applied: true, Results: results})
	}
	return all
}

// slackMessage is what Slack reads of a message.
type slackMessage struct {
	Text   string
	Blocks []struct {
		Type     string
		Text     *slackText
		Elements []slackText
	}
}

type slackText struct {
	Type, Text string
	Verbatim   bool
}

// mentions are what Slack acts upon outside of code: a bracket that begins a mention or a
// link, but for that of the job.
var (
	slackCode = regexp.MustCompile("`[^`\n]*`")
	slackLink = regexp.MustCompile(`<https://[^<>|]*>`)
)

// holdSlack holds a message against the limits of Block Kit.
func holdSlack(t interface{ Fatalf(string, ...any) }, d report.Document) slackMessage {
	var b strings.Builder
	if err := formats.Write(&b, formats.Slack, d, layout.Style{}); err != nil {
		t.Fatalf("%v", err)
	}
	var m slackMessage
	decoder := json.NewDecoder(strings.NewReader(b.String()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	hold := func(x slackText, most int) {
		if n := utf8.RuneCountInString(x.Text); n == 0 || n > most {
			t.Fatalf("a text of %d characters, at most %d are taken: %q", n, most, x.Text)
		}
		if x.Type == "plain_text" {
			return
		}
		bare := slackLink.ReplaceAllString(slackCode.ReplaceAllString(x.Text, ""), "")
		if x.Type != "mrkdwn" || !x.Verbatim || strings.ContainsAny(slackLink.ReplaceAllString(x.Text, ""), "<>") || strings.Contains(bare, "@") {
			t.Fatalf("Slack acts upon something in %q", x.Text)
		}
	}
	if len(m.Blocks) == 0 || len(m.Blocks) > 50 || m.Text == "" || utf8.RuneCountInString(m.Text) > 4000 {
		t.Fatalf("%d blocks, text %q", len(m.Blocks), m.Text)
	}
	for _, block := range m.Blocks {
		switch {
		case block.Type == "header" && block.Text != nil && block.Text.Type == "plain_text":
			hold(*block.Text, 150)
		case block.Type == "section" && block.Text != nil:
			hold(*block.Text, 3000)
		case block.Type == "context" && len(block.Elements) > 0 && len(block.Elements) <= 10:
			for _, e := range block.Elements {
				hold(e, 3000)
			}
		default:
			t.Fatalf("block %+v", block)
		}
	}
	return m
}

func TestSlackKeepsItsLimits(t *testing.T) {
	for _, name := range []string{"products", strings.Repeat("x", 255), "`*_~<!channel>&:smile:", "<https://evil.example|click>"} {
		for _, r := range plans(name) {
			m := holdSlack(t, r)
			said := fmt.Sprint(m.Blocks[1].Text.Text)
			if n := len(r.Plan.Steps); !strings.Contains(said, fmt.Sprintf("%d to switch", n)) {
				t.Errorf("%d steps, and the message counts %q", n, said)
			}
			if last := m.Blocks[len(m.Blocks)-2].Text; len(r.Plan.Steps) > 1000 && !regexp.MustCompile(`_and 9[0-9]{3} steps more_$`).MatchString(last.Text) {
				t.Errorf("what is left out is not counted: %q", last.Text[len(last.Text)-80:])
			}
		}
	}
	for _, s := range scenarios() {
		holdSlack(t, s.report)
	}
	for _, s := range driftScenarios() {
		holdSlack(t, s.report)
	}
	rapid.Check(t, func(t *rapid.T) { holdSlack(t, reports().Draw(t, "report")) })
	rapid.Check(t, func(t *rapid.T) {
		holdSlack(t, report.Failure{Command: "sync", What: hostile().Draw(t, "what") + "x", Hint: hostile().Draw(t, "hint"),
			Details: rapid.SliceOfN(hostile(), 0, 200).Draw(t, "details"), Code: 64, Meaning: "wrong"})
	})
}

// GitLab takes the three numbers, and shows a report without them as one that failed.
func TestTerraformReportOfGitLab(t *testing.T) {
	shown := func(d report.Document) string {
		return strings.TrimSpace(string(written(t, formats.GitLab, d, layout.Style{})))
	}
	for _, r := range plans("products") {
		if got, want := shown(r), fmt.Sprintf(`{"create":0,"update":%d,"delete":0}`, len(r.Plan.Steps)); got != want {
			t.Errorf("%d steps, applied %v: %s, want %s", len(r.Plan.Steps), r.Applied, got, want)
		}
	}
	mixed := planner.Plan{Summary: planner.Summary{Create: 1, Switch: 2, Drop: 3, Retire: 4, Adopt: 5, Forget: 6, Unchanged: 7}}
	if got := shown(report.Report{Plan: mixed, Proof: proof.Proof{OK: true}}); got != `{"create":1,"update":2,"delete":7}` {
		t.Errorf("got %s", got)
	}
	failed := report.Report{Plan: mixed, Proof: proof.Proof{OK: true}, Applied: true, Results: []executor.Result{
		{Step: planner.Step{Op: planner.CreateAlias}, Outcome: executor.Applied}, {Step: planner.Step{Op: planner.AlterAlias}, Outcome: executor.Failed},
		{Step: planner.Step{Op: planner.DropCollection}, Outcome: executor.AlreadyDone}, {Step: planner.Step{Op: planner.Adopt}, Outcome: executor.Applied}}}
	if got := shown(failed); got != `{"create":1,"update":0,"delete":1}` {
		t.Errorf("an apply in part: %s", got)
	}
	conflict := report.Report{Plan: planner.Plan{Conflicts: []planner.Conflict{{Alias: "a"}}}, Proof: proof.Proof{OK: true}}
	for _, d := range []report.Document{conflict, report.Failure{What: "the manifest cannot be used"}, report.Report{}} {
		var keys map[string]any
		err := json.Unmarshal([]byte(shown(d)), &keys)
		for _, count := range []string{"create", "update", "delete"} { // GitLab shows numbers where it finds all three
			if _, found := keys[count]; found || err != nil || keys["error"] == nil {
				t.Errorf("no plan: %v %s", err, shown(d))
			}
		}
	}
}
