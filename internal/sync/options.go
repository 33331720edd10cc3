// Package sync is the operation: Options in, Report out. Plan shows what a sync
// would do, Apply carries it out, Rollback goes back to an earlier apply, Review
// shows a saved plan, Drift compares the cluster with the state. Doctor, Export and
// Store serve the commands that look at one thing alone.
//
// It reads the manifests, opens, locks and reads the state, makes the client of the
// cluster, and has the planner plan and the executor carry out. It prints nothing
// and knows no command line: it talks to its caller through a Console. Every error
// has an exit code and a hint, see FailureOf.
//
// internal/cli calls it; so may any other front end.
package sync

import (
	"context"
	"io"
	"strings"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	"aliasctl/planner"
)

// Options are everything that an operation works on. Default has what is not zero
// where nothing else is wanted.
type Options struct {
	// Manifests are files, directories, or - for Stdin, none for aliases.yaml. The
	// state lies beside them. Drift reads those alone that are named.
	Manifests []string
	Vars      map[string]string
	Stdin     io.Reader
	LookupEnv func(string) (string, bool) // nil for os.LookupEnv

	State   Place
	Cluster Connection
	Choices Choices

	Offline             bool   // plan against the state alone
	AllowMissingTargets bool   // plan bindings to collections that are not built yet
	PlanOut             string // a file to save the plan in, "" for none
	Reviewed            string // the saved plan to apply, "" for none
	ExpectDigest        string // refuse a plan with another digest, "" for none

	To   *uint64 // of Rollback: the serial to go back to, nil for the last apply
	Load bool    // of Rollback: load the old collections first

	Settle, Patience time.Duration // of the executor
	HistoryLimit     int

	// FollowLinks lets paths lead out of the working tree through a link. It is
	// refused where it is false and the environment says that this is CI.
	FollowLinks bool
	// Spell writes a choice that a plan names as the caller's language has it, nil for
	// its bare name.
	Spell planner.Speller
	// Command are the words that the lock shows others; the token is taken out.
	Command []string
	// Soft ends what only reads or waits, and lets an apply begin no new step. nil
	// for none; the context of the call itself ends everything at once.
	Soft    context.Context
	Console Console // nil for a caller that listens to nothing
}

// Place is where a state is kept.
type Place struct {
	Location    string // a path or a URL, "" for the place beside the manifests
	History     int    // replaced states that an object store keeps beside it
	MaxBytes    int64  // the largest state that is read, 0 for a bound in proportion
	LockTimeout time.Duration
}

// Connection reports which cluster, and how to talk to it.
type Connection struct {
	URI        string // of Milvus or Zilliz Cloud, or embedded:SEED
	TokenFile  string // in place of $MILVUS_TOKEN
	VerifyURIs []string

	CAFile, CertFile, KeyFile string
	InsecureSkipVerify        bool
	Timeout, RequestTimeout   time.Duration
	Retries, Parallel         int
	MaxNames                  int // of one list of the server, 0 for a bound in proportion
	CollectionAPI             milvus.CollectionAPI
	UserAgent                 string
}

// Default are the options that everything but the cluster is known of.
func Default() Options {
	return Options{
		Cluster: Connection{Timeout: milvus.DefaultTimeout, Retries: milvus.DefaultRetries,
			CollectionAPI: milvus.CollectionAuto, UserAgent: "aliasctl"},
		Choices: DefaultChoices(),
		Settle:  executor.DefaultSettle, Patience: executor.DefaultPatience, HistoryLimit: executor.DefaultHistoryLimit,
	}
}

// Console is the caller of an operation, as far as the operation talks to it.
type Console interface {
	// Say and Warn take a line of the conversation. The arguments may be foreign
	// text, the format is not.
	Say(format string, args ...any)
	Warn(text string)
	// Secret takes the token, before anything that could hold it is passed on.
	Secret(token string)
	// Label takes the label of the cluster, as soon as it is known.
	Label(label string)
	// Reads takes the place of the state and all files that the run reads, before
	// the state is locked or the cluster asked. An error ends the run: something
	// that the caller is to write would overwrite one of them.
	Reads(state string, paths []string) error
	// Planned takes what is planned, and whether something stands against it.
	Planned(r Report, refused bool)
	// Approve takes a plan before anything is changed. An error ends the run.
	Approve(r Report) error
	// Steps returns who is told of the steps of an apply, nil for no one.
	Steps(n int) executor.Observer
	// Saved takes a state that was saved; Unsaved one that could not be.
	Saved(path string, state planner.State)
	Unsaved(path string, state planner.State) error
	// Applied takes the report of an apply before its outcome is judged.
	Applied(r Report) error
}

// Silent is a Console that listens to nothing and approves everything.
type Silent struct{}

var _ Console = Silent{}

// Each method does nothing.
func (Silent) Say(string, ...any)                  {}
func (Silent) Warn(string)                         {}
func (Silent) Secret(string)                       {}
func (Silent) Label(string)                        {}
func (Silent) Reads(string, []string) error        { return nil }
func (Silent) Planned(Report, bool)                {}
func (Silent) Approve(Report) error                { return nil }
func (Silent) Steps(int) executor.Observer         { return nil }
func (Silent) Saved(string, planner.State)         {}
func (Silent) Unsaved(string, planner.State) error { return nil }
func (Silent) Applied(Report) error                { return nil }

// variable is an environment variable; blank counts as unset.
func (o Options) variable(name string) string {
	value, _ := o.LookupEnv(name)
	return strings.TrimSpace(value)
}

// check refuses options that contradict each other or that nothing can be done with.
func (o Options) check(apply bool) error {
	switch {
	case apply && o.Offline:
		return Usagef("an apply has to read the cluster", "--apply and --offline exclude each other")
	case apply && o.AllowMissingTargets:
		return Usagef("an alias cannot be bound to a collection that does not exist", "--apply and --allow-missing-targets exclude each other")
	case o.Reviewed != "" && !apply:
		return Usagef("`aliasctl show PLAN` shows it", "--plan is for --apply")
	case o.PlanOut != "" && apply:
		return Usagef("save it in a dry run, review it, and give it to --apply with --plan", "--apply and --plan-out exclude each other")
	case o.Reviewed != "" && o.planChoice() != "":
		return Usagef("the plan was made with its own choices: make a new one with others", "--plan and --%s exclude each other", o.planChoice())
	case o.Offline && len(o.Cluster.VerifyURIs) > 0:
		return Usagef("an offline run asks no server", "--offline and --verify-uri exclude each other")
	case o.Choices.Drain < 0:
		return Usagef("", "--drain %v is negative", o.Choices.Drain)
	case o.Choices.Switch != planner.ByAlter && o.Choices.Switch != planner.ByRecreate:
		return Usagef("alter has no gap; recreate drops and creates", "--switch %q is neither alter nor recreate", o.Choices.Switch)
	case o.Cluster.Parallel < 0 || o.Cluster.Parallel > 256:
		return Usagef("", "--parallel %d is not between 1 and 256", o.Cluster.Parallel)
	case o.HistoryLimit < 1:
		return Usagef("", "--history %d is less than 1", o.HistoryLimit)
	case o.Cluster.Retries < 0:
		return Usagef("", "--retries %d is negative", o.Cluster.Retries)
	}
	for _, t := range []struct {
		flag  string
		value time.Duration
		least time.Duration
		what  string
	}{
		{"timeout", o.Cluster.Timeout, 1, "not a positive time"}, {"settle", o.Settle, 1, "not a positive time"},
		{"lock-timeout", o.State.LockTimeout, 0, "negative"}, {"patience", o.Patience, 0, "negative"},
	} {
		if t.value < t.least {
			return Usagef("", "--%s %v is %s", t.flag, t.value, t.what)
		}
	}
	return nil
}

// planChoice is a given choice that changes what is planned, "" for none.
func (o Options) planChoice() string {
	for _, c := range o.Choices.table() {
		if c.plans && o.Choices.given(c.name) {
			return c.name
		}
	}
	if len(o.Vars) > 0 {
		return "var"
	}
	return ""
}
