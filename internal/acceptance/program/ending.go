package program

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/cli"
	"aliasctl/planner"
)

// Ending is how a run ended.
type Ending struct {
	Code           int
	Stdout, Stderr string
	Report         answerJSON
	Writes         int64
}

// answerJSON is the part of the JSON that the laws look at.
type answerJSON struct {
	Steps     []planner.Step     `json:"steps"`
	Conflicts []planner.Conflict `json:"conflicts"`
	Checks    []struct {
		Verdict string `json:"verdict"`
	} `json:"checks"`
	Refusals []struct {
		Guard string `json:"guard"`
	} `json:"refusals"`
	Results []resultJSON `json:"results"`
}

type resultJSON struct {
	planner.Step
	Recreate bool             `json:"recreate"` // half of a switch by drop and create
	Outcome  executor.Outcome `json:"outcome"`
	Error    string           `json:"error"`
}

// Perform runs one command line: in this process, because that is quick; with
// the race detector in one of its own, because urfave/cli keeps its help flag
// in a global variable, which runs side by side would write to.
func Perform(dir string, line ...string) Ending {
	if Raced {
		e, err := NewChild(dir, line...).Whole()
		if err != nil {
			return Ending{Code: -1, Stderr: err.Error()}
		}
		return e
	}
	var stdout, stderr bytes.Buffer
	code := cli.Main(line, strings.NewReader(""), &stdout, &stderr)
	return NewEnding(code, stdout.String(), stderr.String(), 0)
}

func NewEnding(code int, stdout, stderr string, writes int64) Ending {
	e := Ending{Code: code, Stdout: stdout, Stderr: stderr, Writes: writes}
	if json.Unmarshal([]byte(stdout), &e.Report) != nil {
		e.Report = answerJSON{}
	}
	return e
}

func (e Ending) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", e.Code, e.Stdout, e.Stderr)
}

// NotLoaded reports that nothing was switched because a load failed.
func (e Ending) NotLoaded() bool {
	return slices.ContainsFunc(e.Report.Results, func(r resultJSON) bool {
		return r.Op == planner.LoadCollection && r.Outcome == executor.Failed
	})
}

// Unknown reports that what became of an alias is told to be unknown, or that its name
// stands for nothing.
func (e Ending) Unknown(alias string) bool {
	return slices.ContainsFunc(e.Report.Results, func(r resultJSON) bool {
		return r.Database+"/"+r.Alias == alias && (r.Outcome == executor.Undecided || strings.Contains(r.Error, "the alias was not created"))
	})
}

// unanswered are the kinds of conflicts about what Milvus did not answer.
var unanswered = []planner.ConflictKind{planner.LoadStateUnknown, planner.ReadersLockedOut}

// Unanswered reports that the plan was refused for nothing but what found no answer of
// Milvus.
func (e Ending) Unanswered() bool {
	for _, r := range e.Report.Refusals {
		if r.Guard != "preflight" && r.Guard != "grants" {
			return false
		}
	}
	for _, c := range e.Report.Conflicts {
		if !slices.Contains(unanswered, c.Kind) {
			return false
		}
	}
	for _, c := range e.Report.Checks {
		if c.Verdict == "fail" {
			return false
		}
	}
	return len(e.Report.Refusals)+len(e.Report.Conflicts) > 0
}
