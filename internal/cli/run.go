package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// run is one plan, and its apply where that is asked for, from the flags to
// the exit code. Everything that can be wrong without the cluster is found
// before it is asked. sync and rollback differ in what they want only.
type run struct {
	*streams
	c       *cli.Context
	signals *interrupts
	outputs outputs

	apply     bool
	manifest  *manifest.Manifest // what is wanted
	golden    goldenSums
	origin    *manifest.Origin   // of --plan-out
	saved     *planner.Saved     // of --plan
	options   planner.Options    // beyond what flags say
	load      bool               // load the targets first
	file      statefile.Location // nil when a dry run has no place for a state
	by        executor.Author    // who applies
	lock      *statefile.Lock
	conn      *connection // nil when offline
	witnesses []executor.Witness
	identity  identity // of the cluster, where it was asked for
	accepted  string   // what `--accept-cluster` accepts, "" for nothing
}

func newRun(c *cli.Context, s *streams) *run {
	s.noColor = c.Bool("no-color")
	if c.String("log-format") == "json" {
		s.events = newEventLog(s)
	}
	r := &run{streams: s, c: c, apply: c.Bool("apply")}
	r.signals = s.watchSignals(func() {
		if r.apply {
			s.say("aliasctl: interrupted: no new step is started; a second signal ends at once")
		}
	})
	return r
}

func (r *run) close() {
	if r.conn != nil {
		r.conn.Close()
	}
	if r.lock != nil {
		if err := r.lock.Release(); err != nil {
			r.warn(err.Error())
		}
	}
	r.signals.stop()
}

// do runs it. want says what is wanted before the state is read, derive after
// it, from a state that has to be there; either may be nil.
func (r *run) do(want func(*run) error, derive func(*run, planner.State) error) error {
	defer r.close()
	if err := usageConflict(r.c); err != nil {
		return err
	}
	if r.c.String("plan") != "" {
		if err := r.readSaved(); err != nil {
			return err
		}
	}
	var err error
	if r.outputs, err = outputsOf(r.c); err != nil {
		return err
	}
	statePath, err := statePathOf(r.c, manifestsOf(r.c))
	if err != nil {
		return err
	}
	limits, err := limitsOf(r.c)
	if err != nil {
		return err
	}
	if want != nil && r.c.String("plan") == "" {
		if err := want(r); err != nil {
			return err
		}
	}
	if statePath != "" {
		if r.file, err = r.openState(r.c, statePath); err != nil {
			return err
		}
	}
	offline := r.c.Bool("offline") || r.c.String("uri") == ""
	if offline && r.apply {
		return usagef("give --uri, or set MILVUS_URI", "an apply needs the address of the cluster")
	}
	r.reads = append(r.paths(), statePath)
	if err := r.outputs.apart(statePath, r.paths()); err != nil {
		return err
	}
	if err := r.checkLinks(r.c, "the output", r.outputs.paths()...); err != nil {
		return err
	}
	if r.apply {
		// The lock shows others our command line: no token, and no address with a
		// password in it, may get there.
		token, err := tokenOf(r.c, r.streams)
		if err != nil {
			return err
		}
		r.redactor = milvus.NewRedactor(token)
		if err := checkAddresses(r.c); err != nil {
			return err
		}
		if err := r.takeLock(); err != nil {
			return err
		}
	}
	stored, err := r.readState()
	if err != nil {
		return err
	}
	if err := r.tryStore(); err != nil {
		return err
	}
	r.options.Held = stored.holder != ""
	if derive != nil {
		if err := r.needs(stored); err != nil {
			return err
		}
		if err := derive(r, stored.state); err != nil {
			return err
		}
	}
	cluster := stored.state.Cluster
	r.managed = aliasesOf(r.manifest) + len(stored.state.Bindings)
	if !offline {
		if r.conn, err = connect(r.c, r.streams, namesDefault(r.manifest)); err != nil {
			return err
		}
		if r.witnesses, err = r.conn.witnesses(r.c.StringSlice("verify-uri")); err != nil {
			return err
		}
		if cluster.URI, err = statefile.ClusterURI(r.c.String("uri"), statePath); err != nil {
			return err
		}
	}
	cluster.Label = r.manifest.Cluster
	r.label = cluster.Label
	if err := r.checkCluster(stored, cluster); err != nil {
		return err
	}
	report, err := r.plan(stored, cluster, limits)
	if err != nil {
		return err
	}
	unseen := r.checkWitnesses(stored.state) // also before --load, which changes the cluster
	if unseen == nil && r.load && r.apply && waitsForLoad(report) {
		if err := r.loadFirst(report); err != nil {
			return err
		}
		if report, err = r.plan(stored, cluster, limits); err != nil {
			return err
		}
	}
	if note := unconfirmed(report.Plan); note != "" && len(r.c.StringSlice("verify-uri")) == 0 {
		report.Plan.Notes = append(report.Plan.Notes, note)
	}
	if stored.holder != "" {
		report.Plan.Notes = append([]string{stored.holder}, report.Plan.Notes...)
	}
	if r.accepted != "" {
		report.Plan.Notes = append([]string{r.accepted}, report.Plan.Notes...)
	}
	if r.file != nil {
		report.StatePath = r.file.Path()
	}
	return r.conclude(stored.state, report, unseen)
}

// storedState is the state as it was found.
type storedState struct {
	state  planner.State
	found  bool
	holder string // the other run that holds it, "" for none
}

func (r *run) readState() (storedState, error) {
	if r.file == nil {
		return storedState{state: statefile.New(planner.Cluster{})}, nil
	}
	var stored storedState
	var err error
	if r.lock != nil {
		stored.state, err = r.file.Read(r.signals.soft)
		stored.found = err == nil
	} else {
		stored, err = readBeside(r.signals.soft, r.file)
	}
	switch {
	case statefile.IsAbsent(err):
		stored.state = statefile.New(planner.Cluster{})
	case err != nil:
		return storedState{}, &failedError{what: err.Error(), err: err, hint: unreadableHint(err)}
	}
	return stored, nil
}

// tryStore has a dry run find out what the apply would: that the store may not
// hold a state. Credentials that may only read cannot try it.
func (r *run) tryStore() error {
	shared, ok := r.file.(*statefile.Shared)
	if !ok || r.apply {
		return nil
	}
	if err := shared.Ask(r.signals.soft); statefile.IsUnconditional(err) {
		return err
	}
	return nil
}

// takeLock locks the state. Who waits for another run says so, and for whom:
// in CI a silent wait looks like a hang.
func (r *run) takeLock() error {
	if r.apply {
		r.by = r.author() // a child that is being started shares our lock, and may outlive us
	}
	holder := r.self()
	lock, err := r.file.Lock(r.signals.soft, 0, holder)
	if timeout := r.c.Duration("lock-timeout"); statefile.IsLocked(err) && timeout > 0 {
		r.say("aliasctl: waiting up to %v: %s", timeout, safetext.Line(err.Error()))
		lock, err = r.file.Lock(r.signals.soft, timeout, holder)
	}
	switch {
	case err == nil:
		r.lock = lock
		return nil
	case r.signals.soft.Err() != nil:
		return &interruptedError{what: "while waiting for the lock; nothing was changed"}
	case statefile.IsLocked(err):
		return &lockedError{err}
	default:
		return err
	}
}

// self is this run as its lock shows it to others.
func (r *run) self() statefile.Holder {
	words := make([]string, len(os.Args))
	for i, word := range os.Args {
		words[i] = r.redact(word)
	}
	return statefile.Self(words, time.Now())
}

// lockedError is a state that another run holds.
type lockedError struct{ error }

func (e *lockedError) Unwrap() error { return e.error }
func (e *lockedError) Hint() string {
	return "`--lock-timeout 5m` waits for it; a dry run needs no lock"
}

// checkCluster refuses a state of another cluster: by its address and label,
// and by the ids of what it knows.
func (r *run) checkCluster(stored storedState, cluster planner.Cluster) error {
	if !stored.found {
		return nil
	}
	why, differs := statefile.Differs(stored.state.Cluster, cluster)
	accept := r.c.Bool("accept-cluster")
	if r.conn != nil && (!differs || accept) {
		found, err := identify(r.signals.soft, r.conn.Client, stored.state, "here")
		switch {
		case err != nil:
			return r.readFailed(err)
		case found.why != "" && differs:
			why += "; " + found.why
		case found.why != "":
			why, differs = found.why, true
		}
		if !accept {
			r.identity = found
		}
	}
	switch {
	case !differs:
		return nil
	case accept:
		r.accepted = "`--accept-cluster` accepts this: " + why
		return nil
	}
	if err := r.answered(r.conn); err != nil {
		return err
	}
	return &refusedError{what: "this looks like another cluster's state: " + why,
		hint: "check --uri and --state; if the collections were dropped or built anew here, `--accept-cluster` uses this state all the same"}
}

// manifestFiles are the manifests, and what is in those that are directories.
func manifestFiles(manifests []string) []string {
	var paths []string
	for _, path := range manifests {
		paths = append(paths, path)
		for _, pattern := range []string{"*.yaml", "*.yml"} {
			found, _ := fs.Glob(os.DirFS(path), pattern)
			for _, name := range found {
				paths = append(paths, filepath.Join(path, name))
			}
		}
	}
	return paths
}

// paths are the files that a run reads.
func (r *run) paths() []string {
	paths := manifestFiles(manifestsOf(r.c))
	for _, g := range goldens(r.manifest) {
		paths = append(paths, g.Path())
	}
	for _, flag := range []string{"plan", "token-file", "ca-file", "cert-file", "key-file"} {
		paths = append(paths, r.c.String(flag))
	}
	if seed, embedded := strings.CutPrefix(r.c.String("uri"), statefile.Embedded); embedded {
		paths = append(paths, seed, emulator.CopyPath(seed))
	}
	return paths
}

// plan reads the cluster and computes everything that is shown and done.
func (r *run) plan(stored storedState, cluster planner.Cluster, limits planner.Limits) (report.Report, error) {
	options, err := r.planOptions(cluster)
	if err != nil {
		return report.Report{}, err
	}
	if r.saved != nil {
		if err := r.fits(stored, cluster); err != nil {
			return report.Report{}, err
		}
		options.Due = notAfter(r.saved.MadeAt, options.Now)
	}
	if err := r.selections(stored.state, &options); err != nil {
		return report.Report{}, err
	}
	comparison := planner.Compare(r.manifest, stored.state, options)
	var live *planner.Live
	if r.conn != nil {
		var err error
		if live, err = milvus.Read(r.signals.soft, r.conn.Client, comparison.Scope()); err != nil {
			return report.Report{}, r.readFailed(err)
		}
		live.Learn(r.identity.read)
		if err := r.inspect(comparison, live); err != nil {
			return report.Report{}, err
		}
	}
	p := comparison.Plan(live)
	if !stored.found {
		p.Notes = append([]string{firstRun(r.file)}, p.Notes...)
	}
	refusals := p.Check(limits)
	save := func(o manifest.Origin) planner.Saved {
		return planner.Save(p, o, stored.state, live, refusals, options.Now)
	}
	if path := r.c.String("plan-out"); path != "" {
		if err := writePlan(path, save(*r.origin)); err != nil {
			return report.Report{}, err
		}
	}
	if r.saved != nil {
		if err := r.holds(save(r.saved.Origin), stored.state, live); err != nil {
			return report.Report{}, err
		}
	}
	return report.Report{Plan: p, Proof: planner.Prove(p, live), Refusals: refusals, NoState: !stored.found}, r.expected(p)
}

// inspect reads what a plan needs beyond the bindings. An id that is read on the
// way may show a collection that was made anew, whose checks need more.
func (r *run) inspect(comparison *planner.Comparison, live *planner.Live) error {
	asked := -1
	for needs := comparison.Needs(live); asked < len(needs.Facts)+len(needs.Golden); needs = comparison.Needs(live) {
		asked = len(needs.Facts) + len(needs.Golden)
		if err := milvus.Inspect(r.signals.soft, r.conn.Client, needs, live, r.golden.reader(r.signals.soft)); err != nil {
			return r.readFailed(err)
		}
	}
	return nil
}

func firstRun(file statefile.Location) string {
	if file == nil {
		return "no --state: compared without one; aliases removed from the manifest cannot be seen"
	}
	return fmt.Sprintf("no state at %s: first run; aliases removed from the manifest cannot be seen", file.Path())
}

// unconfirmed says which switches ask for a confirmation that nobody gives when
// there is no --verify-uri, "" for none.
func unconfirmed(p planner.Plan) string {
	n := toConfirm(p)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("no --verify-uri is given: nobody confirms %s", quantity.Phrase(n, "switch with `verify`", "switches with `verify`"))
}

// toConfirm counts the switches that ask for a confirmation.
func toConfirm(p planner.Plan) int {
	n := 0
	for _, s := range p.Steps {
		if s.Op != planner.DropAlias && s.Cutover != nil && s.Cutover.Confirmations > 0 {
			n++
		}
	}
	return n
}

// readFailed is an error from before the plan: nothing was changed.
func (r *run) readFailed(err error) error {
	if r.signals.soft.Err() != nil {
		return &interruptedError{what: "while reading the cluster; nothing was changed"}
	}
	if is[*milvus.VectorError](err) {
		return &usageError{what: err.Error(), hint: hintOf(err), err: err}
	}
	return &failedError{what: fmt.Sprintf("cannot read the cluster, nothing was changed: %v", err), hint: hintOf(err), err: err}
}
