package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/cli/process"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report/progress"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/sync"
	"aliasctl/planner"
)

// session is one command that runs an operation: the operation's Console, with the
// signals that end it and the outputs that its report goes to.
type session struct {
	*streams
	o       *options
	signals *process.Interrupts
	outputs outputs

	planned  bool // there is a plan to show
	approved bool // it was shown, before it was applied
	finish   func()
}

var _ sync.Console = (*session)(nil)

func newSession(o *options, s *streams) *session {
	if o.logFormat == "json" {
		s.events = newEventLog(s)
	}
	r := &session{streams: s, o: o, finish: func() {}}
	r.signals = process.Watch(s.owned, func() {
		if o.apply {
			s.say("aliasctl: interrupted: no new step is started; a second signal ends at once")
		}
	})
	return r
}

// run is the action of a command that runs in a session.
func (o *options) run(s *streams, do func(*session, *cli.Context) error) cli.ActionFunc {
	return o.action(s, func(c *cli.Context) error {
		r := newSession(o, s)
		defer r.signals.Stop()
		return do(r, c)
	})
}

// options are those of the operation.
func (r *session) options() sync.Options {
	o := r.o.with(r.streams)
	o.Console, o.Soft = r, r.signals.Soft
	return o
}

// alone are the options of an operation without a session: signals end the process.
func (o *options) alone(s *streams) sync.Options {
	options := o.with(s)
	options.Console = &session{streams: s, o: o}
	return options
}

func (o *options) with(s *streams) sync.Options {
	options := o.Options
	options.Stdin, options.LookupEnv, options.Command = s.in, s.lookup, os.Args
	options.Spell = spell
	options.Cluster.UserAgent = "aliasctl/" + version()
	return options
}

// plan runs an operation that plans, and shows its report.
func (r *session) plan(do func(context.Context, sync.Options) (sync.Report, error)) error {
	var err error
	if r.outputs, err = r.o.outputs(); err != nil {
		return err
	}
	r.document = r.outputs.format.Whole()
	if r.outputs.tellOrigin() {
		r.origin() // it may start git, and no process is started while the state is locked
	}
	report, err := do(r.signals.Hard, r.options())
	if r.planned && !r.approved {
		if err := r.outputs.write(r.streams, report.Report); err != nil {
			return err
		}
		if err == nil && r.o.detailedExit && report.Plan.Summary.Pending() > 0 {
			return &sync.Failure{Code: sync.Pending, What: "changes are pending"}
		}
	}
	if caught, ok := errors.AsType[*executor.PanicError](err); ok {
		r.sayStack(caught.Stack)
	}
	return err
}

// Say writes a line of the conversation.
func (r *session) Say(format string, args ...any) { r.say(format, args...) }

// Warn writes a warning.
func (r *session) Warn(text string) { r.warn(text) }

// Reads keeps what is written apart from what is read, also by a link.
func (r *session) Reads(state string, paths []string) error {
	r.reads = append(slices.Clone(paths), state)
	if err := r.outputs.apart(state, paths); err != nil {
		return err
	}
	return sync.CheckLinks(r.lookup, r.o.FollowLinks, "the output", r.outputs.paths()...)
}

// Planned notes a plan that is to be shown.
func (r *session) Planned(report sync.Report, refused bool) {
	r.planned, r.found = true, report.Report
	if r.events != nil {
		r.events.plan(report.Report, refused)
	}
}

// Approve shows the plan and asks whoever is there.
func (r *session) Approve(report sync.Report) error {
	r.found, r.approved = report.Report, true
	if err := r.outputs.before(r.streams, report.Report); err != nil {
		return err
	}
	return r.confirm(report.Report)
}

// Steps shows the steps of an apply as they go.
func (r *session) Steps(n int) executor.Observer {
	if r.events != nil {
		return r.events
	}
	bar := progress.New(r.conversation(), n, isTerminal(r.err) && !sync.InCI(r.lookup))
	r.finish = bar.Finish
	return drainTeller{bar, r.streams}
}

// drainTeller reports what an apply waits for: a silent half minute looks like a
// hang.
type drainTeller struct {
	*progress.Progress
	streams *streams
}

var _ executor.DrainObserver = drainTeller{}

// Draining hears of each wait before drops.
func (d drainTeller) Draining(steps []planner.Step, wait time.Duration) {
	d.streams.say("aliasctl: waiting %v before %s: proxies may still send readers there (--drain)", wait.Round(time.Second),
		retired(steps))
}

// retired is what becomes of collections.
func retired(steps []planner.Step) string {
	drops := 0
	for _, s := range steps {
		if s.Op == planner.DropCollection {
			drops++
		}
	}
	switch drops {
	case len(steps):
		return quantity.Phrase(drops, "collection is dropped", "collections are dropped")
	case 0:
		return quantity.Phrase(len(steps), "collection is released", "collections are released")
	}
	return quantity.Of(len(steps), "collection") + " are dropped or released"
}

// Saved is an event.
func (r *session) Saved(path string, state planner.State) {
	if r.events != nil {
		r.events.saved(path, state)
	}
}

// Unsaved writes the state to standard error: a log may outlive the machine.
func (r *session) Unsaved(path string, state planner.State) error {
	if r.events != nil {
		return r.events.unsaved(path, state)
	}
	r.say("aliasctl: the state after this run, which could not be saved:")
	var text bytes.Buffer
	if err := statefile.Encode(&text, state); err != nil {
		return err
	}
	_, err := r.err.Write(safetext.JSON(text.Bytes()))
	return err
}

// Applied shows what became of the plan.
func (r *session) Applied(report sync.Report) error {
	r.finish()
	if r.events != nil && report.Ended != nil {
		r.events.counts = &report.Ended.Counts
	}
	return r.outputs.after(r.streams, report.Report)
}
