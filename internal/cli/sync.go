package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	"aliasctl/internal/render"
	"aliasctl/internal/statefile"
	"aliasctl/manifest"
	"aliasctl/planner"
)

func syncCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "sync",
		Usage: "bring the aliases of a cluster to what the manifest says",
		Description: "Without --apply it shows the plan and changes nothing.\n\n" +
			"In a pull request:   aliasctl sync --dry-run -f aliases.yaml\n" +
			"In a deploy job:     aliasctl sync --apply -f aliases.yaml",
		Flags: flagList(manifestFlags(), stateFlags(), connectionFlags(), planFlags(), limitFlags(), outputFlags()),
		Action: func(c *cli.Context) error {
			run, err := newSyncRun(c, s)
			if err != nil {
				return err
			}
			defer run.close()
			return run.do()
		},
	}
}

// syncRun is one sync from the flags to the exit code. Everything that can be
// wrong without the cluster is found before it is asked.
type syncRun struct {
	*streams
	c       *cli.Context
	signals *interrupts
	outputs outputs

	apply    bool
	manifest *manifest.Manifest
	file     *statefile.File // nil when a dry run has no place for a state
	lock     *statefile.Lock
	conn     *connection // nil when offline
}

func newSyncRun(c *cli.Context, s *streams) (*syncRun, error) {
	r := &syncRun{streams: s, c: c, apply: c.Bool("apply")}
	s.noColor = c.Bool("no-color")
	if err := usageConflict(c); err != nil {
		return nil, err
	}
	var err error
	if r.outputs, err = outputsOf(c); err != nil {
		return nil, err
	}
	r.signals = watchSignals(func() {
		if r.apply {
			s.say("aliasctl: interrupted: no new step is started; a second signal ends at once")
		}
	})
	return r, nil
}

func (r *syncRun) close() {
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

func (r *syncRun) do() error {
	paths := manifestsOf(r.c)
	statePath, err := statePathOf(r.c, paths)
	if err != nil {
		return err
	}
	limits, err := limitsOf(r.c)
	if err != nil {
		return err
	}
	if r.manifest, err = loadManifest(r.c, r.streams, paths); err != nil {
		return err
	}
	if statePath != "" {
		if r.file, err = statefile.Open(statePath); err != nil {
			return err
		}
	}
	offline := r.c.Bool("offline") || r.c.String("uri") == ""
	if offline && r.apply {
		return usagef("give --uri, or set MILVUS_URI", "an apply needs the address of the cluster")
	}
	if r.apply {
		if err := r.takeLock(); err != nil {
			return err
		}
	}
	stored, err := r.readState()
	if err != nil {
		return err
	}
	cluster := stored.state.Cluster
	if !offline {
		if r.conn, err = connect(r.c, r.streams, namesDefault(r.manifest)); err != nil {
			return err
		}
		if cluster.URI, err = statefile.ClusterURI(r.c.String("uri"), statePath); err != nil {
			return err
		}
	}
	cluster.Label = r.manifest.Cluster
	if err := r.checkCluster(stored, cluster); err != nil {
		return err
	}
	report, err := r.plan(stored, cluster, limits)
	if err != nil {
		return err
	}
	return r.conclude(stored.state, report)
}

// storedState is the state as it was found.
type storedState struct {
	state planner.State
	found bool
}

func (r *syncRun) readState() (storedState, error) {
	if r.file == nil {
		return storedState{state: statefile.New(planner.Cluster{})}, nil
	}
	state, err := r.file.Read(r.signals.soft)
	switch {
	case statefile.IsAbsent(err):
		return storedState{state: statefile.New(planner.Cluster{})}, nil
	case statefile.IsCorrupt(err):
		return storedState{}, &failedError{what: err.Error(), err: err,
			hint: "the file was left as it is; restore it from version control or a backup, or move it away and read \"State lost\" in the README"}
	case statefile.IsTooNew(err):
		return storedState{}, &failedError{what: err.Error(), err: err, hint: "the file was left as it is; use the aliasctl that wrote it, or a newer one"}
	case err != nil:
		return storedState{}, &failedError{what: err.Error(), err: err, hint: "check the path and its permissions"}
	}
	return storedState{state: state, found: true}, nil
}

func (r *syncRun) takeLock() error {
	lock, err := r.file.Lock(r.signals.soft, r.c.Duration("lock-timeout"), statefile.Self(os.Args, time.Now()))
	if err != nil {
		if r.signals.soft.Err() != nil {
			return &interruptedError{what: "while waiting for the lock; nothing was changed"}
		}
		return err
	}
	r.lock = lock
	return nil
}

// checkCluster refuses a state of another cluster: by its address and label,
// and by the ids of what it knows.
func (r *syncRun) checkCluster(stored storedState, cluster planner.Cluster) error {
	if !stored.found || r.c.Bool("accept-cluster") {
		return nil
	}
	why, differs := statefile.Differs(stored.state.Cluster, cluster)
	if !differs && r.conn != nil {
		same, err := probe(r.signals.soft, r.conn.Client, stored.state)
		if err != nil {
			return r.readFailed(err)
		}
		if differs = !same; differs {
			why = "none of the collections that the state knows has its recorded id here: this is another cluster behind the same address, or all of them were built anew"
		}
	}
	if !differs {
		return nil
	}
	return &refusedError{what: "this is another cluster's state: " + why,
		hint: "check --uri and --state; `--accept-cluster` uses this state all the same"}
}

// plan reads the cluster and computes everything that is shown and done.
func (r *syncRun) plan(stored storedState, cluster planner.Cluster, limits planner.Limits) (render.Report, error) {
	options := planner.Options{
		Cluster: cluster, Now: time.Now().UTC().Truncate(time.Second),
		Switch:              planner.SwitchMode(r.c.String("switch")),
		AllowMissingTargets: r.c.Bool("allow-missing-targets"),
	}
	if err := r.selections(stored.state, &options); err != nil {
		return render.Report{}, err
	}
	var live *planner.Live
	if r.conn != nil {
		var err error
		scope := planner.ScopeOf(r.manifest, stored.state, options.Only)
		if live, err = milvus.Read(r.signals.soft, r.conn.Client, scope); err != nil {
			return render.Report{}, r.readFailed(err)
		}
	}
	p := planner.Build(r.manifest, stored.state, live, options)
	if !stored.found {
		p.Notes = append([]string{firstRun(r.file)}, p.Notes...)
	}
	report := render.Report{Plan: p, Proof: planner.Prove(p, live), Refusals: p.Check(limits)}
	if r.file != nil {
		report.StatePath = r.file.Path()
	}
	return report, nil
}

func firstRun(file *statefile.File) string {
	if file == nil {
		return "no --state: compared without one; aliases removed from the manifest cannot be seen"
	}
	return fmt.Sprintf("no state at %s: first run; aliases removed from the manifest cannot be seen", file.Path())
}

// selections resolves the flags that name aliases and collections.
func (r *syncRun) selections(state planner.State, o *planner.Options) error {
	aliases := planner.AliasKeys(r.manifest, state)
	for _, f := range []struct {
		flag  string
		known []planner.Key
		into  *planner.Selection
	}{
		{"overwrite-drift", aliases, &o.OverwriteDrift},
		{"take-over", aliases, &o.TakeOver},
		{"only", aliases, &o.Only},
		{"retire-again", planner.RetireeKeys(r.manifest), &o.RetireAgain},
	} {
		selection, err := planner.Select(r.c.StringSlice(f.flag), f.known)
		if err != nil {
			return &usageError{what: fmt.Sprintf("--%s: %v", f.flag, err), hint: "ALIAS is a name of the manifest or the state, or DATABASE/ALIAS, or all", err: err}
		}
		*f.into = selection
	}
	if o.Only.All {
		o.Only = planner.Selection{}
	}
	return nil
}

// readFailed is an error from before the plan: nothing was changed.
func (r *syncRun) readFailed(err error) error {
	if r.signals.soft.Err() != nil {
		return &interruptedError{what: "while reading the cluster; nothing was changed"}
	}
	return &failedError{what: fmt.Sprintf("cannot read the cluster, nothing was changed: %v", err), hint: hintOf(err), err: err}
}

// conclude shows the plan and carries it out where that was asked for and
// nothing stands against it.
func (r *syncRun) conclude(state planner.State, report render.Report) error {
	blocked := blockedBy(report)
	if !r.apply || blocked != nil {
		if err := r.outputs.write(r.streams, report); err != nil {
			return err
		}
		if blocked == nil && r.c.Bool("detailed-exitcode") && report.Plan.Summary.Pending() > 0 {
			return pendingError{}
		}
		return blocked
	}
	if err := r.outputs.before(r.streams, report); err != nil {
		return err
	}
	moved := state.Serial > 0 && state.Cluster != report.Plan.Cluster // an address or a label to record
	if len(report.Plan.Steps) == 0 && report.Plan.Housekeeping.Empty() && !moved {
		report.Applied = true
		return r.outputs.after(r.streams, report)
	}
	if err := r.confirm(report.Plan); err != nil {
		return err
	}
	return r.carryOut(state, report)
}

// blockedBy says what stands between a plan and its apply. A dry run ends with
// the same error, so that a pull request shows what the deploy job would.
func blockedBy(report render.Report) error {
	if !report.Proof.OK {
		return &failedError{what: "the plan fails its own proof and is not applied", hint: "this is a bug in aliasctl: please report it with the plan above"}
	}
	conflicts, refusals := len(report.Plan.Conflicts), len(report.Refusals)
	if conflicts+refusals == 0 {
		return nil
	}
	return &refusedError{
		what: fmt.Sprintf("refused: %s", counted(conflicts, "conflict", refusals, "guard")),
		hint: "each one above names its ways out; nothing was changed",
	}
}

func counted(n int, one string, m int, other string) string {
	text := func(n int, noun string) string {
		if n == 1 {
			return "1 " + noun
		}
		return fmt.Sprintf("%d %ss", n, noun)
	}
	switch {
	case m == 0:
		return text(n, one)
	case n == 0:
		return text(m, other)
	default:
		return text(n, one) + ", " + text(m, other)
	}
}

// carryOut applies the plan and shows what became of it.
func (r *syncRun) carryOut(state planner.State, report render.Report) error {
	progress := render.NewProgress(r.err, len(report.Plan.Steps), isTerminal(r.err))
	done, err := executor.Apply(r.signals.hard, report.Plan, state, r.conn.Client, r.file, executor.Options{
		Parallel: r.c.Int("parallel"),
		Retries:  retriesOf(r.c),
		Settle:   r.c.Duration("settle"),
		Stop:     r.signals.soft.Done(),
		Observer: progress,
	})
	progress.Finish()
	report.Applied, report.Results = true, done.Results
	outputErr := r.outputs.after(r.streams, report)
	if outcome := r.outcome(done, err); outcome != nil {
		return outcome
	}
	if outputErr != nil && done.Changed() {
		return &partlyError{what: outputErr.Error(), err: outputErr, hint: "the apply itself is complete and the state is saved"}
	}
	return outputErr
}

// retriesOf is --retries as the executor takes it, where 0 means its default.
func retriesOf(c *cli.Context) int {
	if n := c.Int("retries"); n > 0 {
		return n
	}
	return -1
}

// outcome turns the end of an apply into the error that is told.
func (r *syncRun) outcome(done executor.Report, err error) error {
	var save *executor.SaveError
	if errors.As(err, &save) {
		return r.rescue(done, save)
	}
	var caught *executor.PanicError
	if errors.As(err, &caught) {
		r.say("%s", caught.Stack)
	}
	if err != nil {
		return err
	}
	counts := done.Counts
	told := fmt.Sprintf("%d applied, %d already done, %d failed, %d unknown, %d not reached",
		counts.Applied, counts.AlreadyDone, counts.Failed, counts.Unknown, counts.NotReached)
	switch {
	case done.Interrupted && !counts.Complete():
		return &interruptedError{what: told}
	case done.Interrupted:
		return &interruptedError{what: "every step was done before it took effect"}
	case counts.Complete():
		return nil
	case done.Changed():
		return &partlyError{what: "partly applied: " + told, hint: partlyHint(done), err: done.Ended}
	default:
		return &failedError{what: "nothing was changed: " + told, hint: partlyHint(done), err: done.Ended}
	}
}

func partlyHint(done executor.Report) string {
	if hint := hintOf(done.Ended); hint != "" {
		return hint
	}
	return "the state is accurate: when the cause is mended, the same command again goes on from here"
}

// rescue keeps a state that could not be stored after steps were applied.
func (r *syncRun) rescue(done executor.Report, save *executor.SaveError) error {
	if !done.Changed() {
		return &failedError{what: save.Error(), err: save, hint: "the cluster was not changed; mend the disk and run the same command again"}
	}
	r.say("aliasctl: the state after this run, which could not be saved:")
	if err := statefile.Encode(r.err, save.State); err != nil {
		r.warn(err.Error())
	}
	path, err := r.file.SaveErrored(save.State)
	if err != nil {
		return &partlyError{what: fmt.Sprintf("%v; and it could not be saved elsewhere: %v", save, err), err: save,
			hint: fmt.Sprintf("save the JSON above as %s", r.file.Path())}
	}
	return &partlyError{what: fmt.Sprintf("%v; it was saved as %s", save, path), err: save,
		hint: "put it in place: " + r.file.Recovery(path)}
}

// loadManifest reads the manifests of a command.
func loadManifest(c *cli.Context, s *streams, paths []string) (*manifest.Manifest, error) {
	vars, err := varsOf(c)
	if err != nil {
		return nil, err
	}
	return manifest.Load(paths, manifest.Options{Stdin: s.in, Vars: vars, LookupEnv: s.lookup})
}

// namesDefault says whether the manifest spells the default database out.
func namesDefault(m *manifest.Manifest) bool {
	for _, d := range m.Databases {
		if d.Name == manifest.DefaultDatabase {
			return d.Named
		}
	}
	return false
}
