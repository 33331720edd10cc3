package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/gitlab"
	"aliasctl/internal/sync"
)

// inGitHubActions reports whether this is a step of a workflow.
func (s *streams) inGitHubActions() bool { return s.variable("GITHUB_ACTIONS") != "" }

// inRepository is the path of a file from the root of the repository.
func (s *streams) inRepository(path string) string { return sync.InRepository(s.lookup, path) }

// plans reports that a command line is of a command that makes a plan.
func plans(args []string) bool {
	return len(args) > 1 && (args[1] == "sync" || args[1] == "rollback")
}

// outputs are what later steps or jobs of a pipeline ask for. A run that was to make
// a plan, or to look for drift, and has found neither clears what an earlier run has set.
func (s *streams) outputs() []report.Output {
	if s.found != nil {
		return report.Outputs(s.found)
	}
	if len(s.args) > 1 && slices.Contains([]string{"sync", "rollback", "show", "drift"}, s.args[1]) {
		return report.Outputs(report.Failure{Drift: s.args[1] == "drift"})
	}
	return nil
}

// setOutputs writes what later steps of a workflow ask for. The exit code is
// among them because a step with continue-on-error hides it, as a job of GitLab
// with allow_failure does.
func (s *streams) setOutputs(code int) {
	exit := report.Output{Name: "exit-code", Value: strconv.Itoa(code)}
	for _, f := range askedFiles(s.args) {
		if f.format == formats.Dotenv && s.written[f.path] {
			if err := appendTo(f.path, gitlab.DotenvLine(exit)); err != nil {
				s.warn(fmt.Sprintf("cannot write the exit code to %q: %v", f.path, err))
			}
		}
	}
	path := s.variable("GITHUB_OUTPUT")
	if path == "" {
		return
	}
	var b strings.Builder
	// A delimiter that cannot be guessed: no value can end its block and begin another
	// (docs.github.com, "Workflow commands", "Multiline strings").
	delimiter := "aliasctl-" + uuid.NewString()
	for _, o := range append([]report.Output{exit}, s.outputs()...) {
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	if err := appendTo(path, b.String()); err != nil {
		s.warn(fmt.Sprintf("cannot write the outputs of the workflow: %v", err))
	}
}
