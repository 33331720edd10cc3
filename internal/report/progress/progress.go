// Package progress shows how far an apply has come.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// Progress shows on stderr how far an apply has come: a bar on a terminal,
// plain lines elsewhere. It observes a run (executor.Observer), which calls
// its methods one at a time. Errors of the writer are of no interest: a broken stderr
// must not stop an apply.
type Progress struct {
	w       io.Writer
	total   int
	bar     *progressbar.ProgressBar // nil off a terminal
	done    int
	undone  int // failed, unknown or switched back
	started time.Time
	said    time.Time                // when the last line was written
	next    int                      // the number of steps at which the next line is due
	loads   map[int]*loading         // that are under way, by step
	loadBar *progressbar.ProgressBar // nil off a terminal, and while nothing is loaded
}

var _ executor.LoadObserver = (*Progress)(nil)

const (
	// eachStep is the largest plan that gets a line per step in a log.
	eachStep = 40
	// logLines is about how many lines a larger plan gets.
	logLines = 20
	// silence is how long a log of a larger plan may go without a line.
	silence = 10 * time.Second
	// barInterval is how often a terminal is drawn at most.
	barInterval = 100 * time.Millisecond
)

// New observes a run of total steps. terminal: w is one.
func New(w io.Writer, total int, terminal bool) *Progress {
	now := time.Now()
	p := &Progress{w: w, total: total, started: now, said: now, next: 1}
	if total > eachStep {
		p.next = (total + logLines - 1) / logLines
	}
	if terminal && total > 0 {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(16),
			progressbar.OptionSetDescription("applying"),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(barInterval),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionUseANSICodes(true),
		)
	}
	return p
}

// StepStarted reports that step i has begun. A bar names it, because a step that
// waits for an unknown outcome takes long; a log hears of it when it is done.
func (p *Progress) StepStarted(i int, step planner.Step) {
	if p.bar != nil && p.total <= eachStep {
		p.bar.Describe(shorten(safetext.Line(report.StepSubject(&step)), 24))
	}
}

// StepDone reports what became of step i.
func (p *Progress) StepDone(i int, r executor.Result) {
	p.loaded(i, r)
	p.done++
	if !r.Done() {
		p.undone++
	}
	if p.bar != nil {
		p.bar.Add(1)
		return
	}
	if p.total <= eachStep {
		fmt.Fprintf(p.w, "aliasctl: step %d of %d: %s: %s\n", i+1, p.total, stepName(r.Step), report.OutcomeText(r.Outcome))
		return
	}
	now := time.Now()
	if p.done < p.next && p.done < p.total && now.Sub(p.said) < silence {
		return
	}
	p.said = now
	for p.next <= p.done {
		p.next += (p.total + logLines - 1) / logLines
	}
	line := fmt.Sprintf("aliasctl: %d of %d steps done", p.done, p.total)
	if p.undone > 0 {
		line += fmt.Sprintf(", %d failed, unknown or switched back", p.undone)
	}
	fmt.Fprintf(p.w, "%s, after %s\n", line, report.Rounded(now.Sub(p.started)))
}

// Finish takes the bar off the terminal. A log needs no end.
func (p *Progress) Finish() {
	if p.loadBar != nil {
		p.loadBar.Clear()
	}
	if p.bar != nil {
		p.bar.Exit()
		p.bar.Clear()
	}
}

// stepName is a step in a few words, with its database: a line of a log stands
// alone.
func stepName(s planner.Step) string {
	name := string(s.Op) + " " + s.Database + "/" + report.StepSubject(&s)
	if s.Privilege != "" { // a role may have several
		name += " " + s.Privilege + " on " + s.Collection
	}
	return safetext.Line(name)
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}
