package sync

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/stores"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

// Doctor looks at connection, token, privileges in a database, state and lock, and
// changes nothing: privileges are tried on names that nothing has.
func Doctor(ctx context.Context, o Options, database string) []Finding {
	d := &doctor{run: newRun(ctx, o), database: database}
	defer d.close()
	d.examine(d.soft)
	return d.findings
}

// Finding is one thing that was looked at.
type Finding struct {
	What   string `json:"what"`
	Status string `json:"status"` // ok, warn, fail or unknown
	Found  string `json:"found"`
	WayOut string `json:"way_out,omitempty"`
}

// The statuses of a finding.
const (
	FoundOK      = "ok"
	FoundWarn    = "warn"
	FoundFail    = "fail"
	FoundUnknown = "unknown"
)

// doctor looks at one thing after the other; what fails does not keep it from
// looking on, as far as there is anything to see.
type doctor struct {
	*run
	database string
	known    planner.State // empty when none could be read
	findings []Finding
}

// find notes what was found. Whatever is not ok has a way out: where nothing
// better is known, that of its kind.
func (d *doctor) find(what, status, wayOut, format string, args ...any) {
	if status != FoundOK && wayOut == "" {
		wayOut = defaultWayOut(what)
	}
	d.findings = append(d.findings, Finding{what, status, d.redactor.Redact(fmt.Sprintf(format, args...)), d.redactor.Redact(wayOut)})
}

// defaultWayOut is what to do about a finding of which no more is known.
func defaultWayOut(what string) string {
	switch {
	case what == "state" || what == "lock":
		return "check the path of --state, its permissions, and the way to its store"
	case what == "version":
		return "none is needed: only what the server answers counts"
	case strings.HasPrefix(what, "privilege"):
		return "run it again; if it stays so, look into the log of the server"
	}
	return "check host, port and path of the URI, and the log of the server"
}

func (d *doctor) examine(ctx context.Context) {
	d.stored(ctx)
	if d.Cluster.URI == "" {
		d.find("address", FoundFail, "give --uri, or set MILVUS_URI", "none is given")
		return
	}
	conn, err := d.connect(false)
	if err != nil {
		d.find("address", FoundFail, hintOf(err), "%v", err)
		return
	}
	defer conn.Close()
	d.cluster(ctx, conn)
	d.proxies(ctx, conn)
}

// proxies looks at each --verify-uri as an apply does before it begins.
func (d *doctor) proxies(ctx context.Context, conn *connection) {
	for _, uri := range d.Cluster.VerifyURIs {
		proxy, err := conn.at("verify-uri", uri)
		if err != nil {
			d.find("verify-uri", FoundFail, hintOf(err), "%v", err)
			continue
		}
		why, err := askWitness(ctx, proxy, d.known)
		switch {
		case err != nil:
			d.find("verify-uri", FoundFail, cmp.Or(hintOf(err), "check the address: an apply with it stops before it changes anything"), "%s: %v", proxy.URI(), err)
		case why != "":
			d.find("verify-uri", FoundFail, "name a proxy of the cluster that the state is of", "%s is a proxy of another cluster: %s", proxy.URI(), why)
		default:
			d.find("verify-uri", FoundOK, "", "%s answers", proxy.URI())
		}
		proxy.Close()
	}
}

// belongs looks whether the cluster is the one that the state is of, as a sync
// does before it plans.
func (d *doctor) belongs(ctx context.Context, conn *connection) {
	if d.known.Serial == 0 {
		return
	}
	location, err := d.statePath(false)
	if err != nil {
		return
	}
	now := d.known.Cluster
	if now.URI, err = statefile.ClusterURI(d.Cluster.URI, location); err != nil {
		return
	}
	const wayOut = "check --uri and --state; `sync --accept-cluster` uses this state all the same"
	if why, differs := statefile.Differs(d.known.Cluster, now); differs {
		d.find("cluster", FoundFail, wayOut, "%s", why)
		return
	}
	found, err := identify(ctx, conn.Client, d.known, "here")
	switch {
	case err != nil:
		d.find("cluster", FoundUnknown, hintOf(err), "%v", err)
	case found.why != "":
		d.find("cluster", FoundFail, wayOut, "this looks like another cluster's state: %s", found.why)
	default:
		d.find("cluster", FoundOK, "", "the one that the state is of")
	}
}

// cluster looks at what a client needs: an answer, a token that is taken, a
// version that is known, the privileges.
func (d *doctor) cluster(ctx context.Context, conn *connection) {
	started := time.Now()
	databases, err := conn.ListDatabases(ctx)
	visible := quantity.Of(len(databases), "database") + " visible"
	if milvus.IsRouteMissing(err) { // before 2.4.18; what has no aliases either is no Milvus
		visible = "the server has no calls for databases"
		if milvus.IsForeign(err) {
			visible = "what answers for the server hides its calls for databases"
		}
		_, err = conn.ListAliases(ctx, "")
	}
	took := time.Since(started).Round(100 * time.Microsecond)
	switch {
	case milvus.IsUnauthenticated(err):
		d.find("reachable", FoundOK, "", "%s answers", conn.URI())
		d.find("token", FoundFail, "set MILVUS_TOKEN or --token-file to an API key or user:password", "%v", err)
		return
	case err != nil:
		d.find("reachable", FoundFail, hintOf(err), "%v", err)
		return
	}
	d.find("reachable", FoundOK, "", "%s answers in %v", conn.URI(), took)
	switch {
	case strings.HasPrefix(conn.URI(), "https://") && d.Cluster.InsecureSkipVerify:
		d.find("tls", FoundWarn, "leave --insecure-skip-verify out, and name the authority with --ca-file", "the certificate is not checked")
	case strings.HasPrefix(conn.URI(), "https://"):
		d.find("tls", FoundOK, "", "the certificate is valid for this address")
	default:
		d.find("tls", FoundOK, "", "not in use")
	}
	d.find("token", FoundOK, "", "accepted (or the server asks for none); %s", visible)
	d.belongs(ctx, conn)
	profile, evidence, err := milvus.Recognise(ctx, conn.Client)
	switch {
	case err != nil:
		d.find("version", FoundUnknown, hintOf(err), "%v", err)
	case profile == "" || profile == "unknown":
		d.find("version", FoundUnknown, "", "not recognised: %s", evidence)
	default:
		d.find("version", FoundOK, "", "answers like Milvus %s: %s", profile, evidence)
	}
	d.privileges(ctx, conn)
}

func (d *doctor) privileges(ctx context.Context, conn *connection) {
	privileges, err := milvus.Privileges(ctx, conn.Client, d.database)
	if err != nil {
		d.find("privileges", FoundUnknown, hintOf(err), "%v", err)
		return
	}
	for _, p := range privileges {
		what := "privilege " + p.Name
		switch p.Had {
		case milvus.HadYes:
			d.find(what, FoundOK, "", "granted in database %q, %s", d.database, p.For)
		case milvus.HadNo:
			status := FoundFail
			if p.Optional {
				status = FoundWarn
			}
			d.find(what, status, cmp.Or(p.Hint, fmt.Sprintf("grant %s to a role of this user in database %q", p.Name, d.database)), "missing, %s", p.For)
		default:
			d.find(what, FoundUnknown, p.Hint, "%s: %s", p.For, p.Why)
		}
	}
}

// stored looks at the state, its lock and the clock that stamps it.
func (d *doctor) stored(ctx context.Context) {
	location, err := d.statePath(false)
	if err != nil || location == "" {
		d.find("state", FoundUnknown, "give --state", "no place for a state is known")
		return
	}
	file, err := d.openState(location)
	if err != nil {
		d.find("state", FoundFail, hintOf(err), "%v", err)
		return
	}
	stored, err := readBeside(ctx, file)
	state := stored.state
	switch {
	case statefile.IsDeleted(err):
		d.find("state", FoundWarn, hintOf(err), "%v", err)
	case statefile.IsAbsent(err):
		d.find("state", FoundOK, "", "none at %s yet: the next apply is a first run", location)
	case err != nil:
		d.find("state", FoundFail, unreadableHint(err), "%v", err)
	default:
		d.known = state
		d.find("state", FoundOK, "", "%s: serial %d, %s of %s", location, state.Serial, quantity.Of(len(state.Bindings), "binding"), state.Cluster.URI)
		if n := len(state.Pending); n > 0 && stored.holder != "" {
			d.find("pending", FoundOK, "", "%s announced by the run that holds the lock", quantity.Phrase(n, "step is", "steps are"))
		} else if n > 0 {
			d.find("pending", FoundWarn, "run `aliasctl sync --apply` again: it goes on from there", "%s announced by a run that did not finish", quantity.Phrase(n, "step was", "steps were"))
		}
		for _, o := range drift.OwedBy(state, nil) {
			if o.Progress != drift.Announced || stored.holder == "" { // or the run at work goes on to it
				d.find("unverified", FoundWarn, report.Outlook(o), "%s", report.UnverifiedLine(o))
			}
		}
		if ahead := time.Until(state.UpdatedAt); ahead > time.Minute {
			d.find("clock", FoundWarn, "set the clock of this machine, or of the one that applied last", "the state is %v ahead of this machine", ahead.Round(time.Second))
		} else {
			d.find("clock", FoundOK, "", "%s", time.Now().UTC().Format(time.RFC3339))
		}
	}
	if local, ok := file.(*local.File); ok {
		d.directory(local)
	}
	if shared, ok := file.(*statefile.Shared); ok && (err == nil || statefile.IsAbsent(err)) {
		d.store(ctx, shared)
	}
	status, err := file.LockStatus(ctx)
	switch {
	case err != nil:
		d.find("lock", FoundUnknown, hintOf(err), "%v", err)
	case status.Held:
		d.find("lock", FoundWarn, "wait for it, or see `aliasctl lock show`", "another run holds the state: %s", status.Holder)
	default:
		d.find("lock", FoundOK, "", "free")
	}
	if errored := local.ErroredPath(location); !stores.IsRemote(location) {
		if _, err := os.Stat(errored); err == nil {
			d.find("errored state", FoundFail, "look at both, then: `"+file.Recovery(errored)+"`", "%s was left by a run that could not save", errored)
		}
	}
}

// store tries whether a store may hold a state that several runs share.
func (d *doctor) store(ctx context.Context, file *statefile.Shared) {
	err := file.Prove(ctx)
	switch {
	case err == nil:
		d.find("store", FoundOK, "", "it keeps the conditions of writes")
	case statefile.IsUnconditional(err):
		d.find("store", FoundFail, hintOf(err), "%v", err)
	default:
		d.find("store", FoundUnknown, hintOf(err), "whether it keeps the conditions of writes was not tried: %v", err)
	}
}

// directory looks whether an apply could work beside the state.
func (d *doctor) directory(file *local.File) {
	if err := file.Writable(); err != nil {
		d.find("directory", FoundFail, "an apply makes the state, its lock and a temporary file there: mend the directory, or give --state another place", "%v", err)
		return
	}
	d.find("directory", FoundOK, "", "an apply can write beside the state")
}
