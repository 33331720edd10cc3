package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"

	"aliasctl/internal/report"
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

// setOutputs writes what later steps of a workflow ask for. The exit code is
// among them because a step with continue-on-error hides it. A run that was to make
// a plan and has none clears what an earlier run of the step has set.
func (s *streams) setOutputs(code int, planning bool, report *report.Report) {
	path := s.variable("GITHUB_OUTPUT")
	if path == "" {
		return
	}
	var b strings.Builder
	// A delimiter that cannot be guessed: no value can end its block and begin another
	// (docs.github.com, "Workflow commands", "Multiline strings").
	delimiter := "aliasctl-" + uuid.NewString()
	set := func(name string, value any) {
		fmt.Fprintf(&b, "%s<<%s\n%v\n%s\n", name, delimiter, value, delimiter)
	}
	set("exit-code", code)
	switch {
	case report != nil:
		summary := report.Plan.Summary
		set("has-changes", summary.Pending() > 0 || !report.Plan.Housekeeping.Empty())
		set("has-drops", summary.Drop+summary.Retire > 0)
		set("digest", report.Digest)
	case planning:
		for _, name := range []string{"has-changes", "has-drops", "digest"} {
			set(name, "")
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err == nil {
		_, err = file.WriteString(b.String())
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		s.warn(fmt.Sprintf("cannot write the outputs of the workflow: %v", err))
	}
}
