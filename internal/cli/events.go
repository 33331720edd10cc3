package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// eventVersion is the version of the events of --log-format json. Events and
// fields are added, never changed.
const eventVersion = 1

// event is one line of --log-format json. docs/reference.md documents it.
type event struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"`
	// Event is plan, step-start, step-done, load, drain, state-saved,
	// state-unsaved, report, message, warning, problem, error or summary.
	Event string `json:"event"`

	Text string `json:"text,omitempty"` // of message, warning, problem and error
	Hint string `json:"hint,omitempty"` // of problem and error
	// Place and Rule are of a problem, which is one of a manifest.
	*report.Place
	Rule manifest.RuleID `json:"rule,omitempty"`
	// Details are the lines that stand below an error, one each.
	Details []string `json:"details,omitempty"`

	Summary   *planner.Summary `json:"summary,omitempty"` // of plan
	Digest    string           `json:"digest,omitempty"`  // of plan
	Refused   bool             `json:"refused,omitempty"` // of plan
	Step      *int             `json:"step,omitempty"`    // of step-start and step-done, from 1
	Steps     int              `json:"steps,omitempty"`   // of plan
	Op        planner.Op       `json:"op,omitempty"`
	Database  string           `json:"database,omitempty"`
	Alias     string           `json:"alias,omitempty"`
	Name      string           `json:"collection,omitempty"`
	Outcome   executor.Outcome `json:"outcome,omitempty"`   // of step-done
	Error     string           `json:"error,omitempty"`     // of step-done
	Seconds   *float64         `json:"seconds,omitempty"`   // of step-done
	Serial    *uint64          `json:"serial,omitempty"`    // of state-saved
	Pending   *int             `json:"pending,omitempty"`   // of state-saved: announced steps
	ExitCode  *int             `json:"exit_code,omitempty"` // of summary
	Applied   *int             `json:"applied,omitempty"`   // of summary, like those below
	Already   *int             `json:"already_done,omitempty"`
	Failed    *int             `json:"failed,omitempty"`
	Unknown   *int             `json:"unknown,omitempty"`
	NotReach  *int             `json:"not_reached,omitempty"`
	Back      *int             `json:"switched_back,omitempty"`
	Role      string           `json:"role,omitempty"`      // of a grant
	Privilege string           `json:"privilege,omitempty"` // likewise
	Percent   *int             `json:"percent,omitempty"`   // of load
	Wait      *float64         `json:"wait,omitempty"`      // of drain, in seconds
	Duration  *float64         `json:"duration,omitempty"`  // of summary, in seconds
	StatePath string           `json:"state,omitempty"`     // of plan, state-saved and state-unsaved
	// Content is the state itself, of state-unsaved.
	Content json.RawMessage `json:"content,omitempty"`
	// Report is what `-o json` prints, of report.
	Report json.RawMessage `json:"report,omitempty"`
}

// eventLog writes the conversation as events, one a line.
type eventLog struct {
	mu      sync.Mutex
	streams *streams
	started time.Time
	counts  *executor.Counts
}

var (
	_ executor.DrainObserver = (*eventLog)(nil)
	_ executor.LoadObserver  = (*eventLog)(nil)
	_ executor.BackObserver  = (*eventLog)(nil)
)

func newEventLog(s *streams) *eventLog { return &eventLog{streams: s, started: time.Now()} }

func (l *eventLog) write(e event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Version, e.Time = eventVersion, time.Now().UTC()
	text, err := json.Marshal(e)
	if err != nil {
		return // no value of an event can fail to be written
	}
	fmt.Fprintln(l.streams.err, string(safetext.JSON(text))) // one event a line, at any width
}

func (l *eventLog) plan(r report.Report, refused bool) {
	l.write(event{Event: "plan", Summary: &r.Plan.Summary, Digest: r.Digest, Steps: len(r.Plan.Steps), Refused: refused, StatePath: l.streams.redact(r.StatePath)})
}

// StepStarted reports that a step began.
func (l *eventLog) StepStarted(i int, s planner.Step) {
	number := i + 1
	redact := l.streams.redact
	for _, s := range s.Halves() {
		l.write(event{Event: "step-start", Step: &number, Op: s.Op, Database: redact(s.Database), Alias: redact(s.Alias), Name: redact(s.Collection), Role: redact(s.Role), Privilege: redact(s.Privilege)})
	}
}

// StepDone reports what became of a step.
func (l *eventLog) StepDone(i int, r executor.Result) {
	for _, half := range r.Halves() {
		l.stepDone(i+1, half)
	}
}

func (l *eventLog) stepDone(number int, r executor.Result) {
	seconds := r.Took.Seconds()
	redact := l.streams.redact
	e := event{Event: "step-done", Step: &number, Op: r.Op, Database: redact(r.Database), Alias: redact(r.Alias), Name: redact(r.Collection), Role: redact(r.Role), Privilege: redact(r.Privilege), Outcome: r.Outcome, Seconds: &seconds}
	if r.Err != nil {
		e.Error = redact(r.Err.Error())
	}
	l.write(e)
}

// TakenBack reports what became of a grant after a switch-back.
func (l *eventLog) TakenBack(i int, r executor.Result) { l.stepDone(i+1, r) }

// Loading reports how much of a collection is in memory.
func (l *eventLog) Loading(i int, s planner.Step, percent int) {
	number, redact := i+1, l.streams.redact
	l.write(event{Event: "load", Step: &number, Op: s.Op, Database: redact(s.Database), Name: redact(s.Collection), Percent: &percent})
}

// Draining reports how long drops wait for readers to notice.
func (l *eventLog) Draining(steps []planner.Step, wait time.Duration) {
	seconds := wait.Seconds()
	l.write(event{Event: "drain", Steps: len(steps), Wait: &seconds})
}

// unsaved hands over a state that could not be saved.
func (l *eventLog) unsaved(path string, state planner.State) error {
	var content bytes.Buffer
	if err := statefile.Encode(&content, state); err != nil {
		return err
	}
	l.write(event{Event: "state-unsaved", StatePath: path, Content: content.Bytes()})
	return nil
}

func (l *eventLog) summary(code int) {
	seconds := time.Since(l.started).Seconds()
	e := event{Event: "summary", ExitCode: &code, Duration: &seconds}
	if c := l.counts; c != nil {
		e.Applied, e.Already, e.Failed, e.Unknown, e.NotReach = &c.Applied, &c.AlreadyDone, &c.Failed, &c.Unknown, &c.NotReached
		e.Back = &c.SwitchedBack
	}
	l.write(e)
}

func (l *eventLog) saved(path string, state planner.State) {
	pending := len(state.Pending)
	l.write(event{Event: "state-saved", Serial: &state.Serial, Pending: &pending, StatePath: path})
}
