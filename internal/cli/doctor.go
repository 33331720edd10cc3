package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/layout"
	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/stores"
	"aliasctl/manifest"
	"aliasctl/planner"
)

func doctorCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check connection, token, privileges, state and lock",
		Description: "Changes nothing: privileges are tried on names that nothing has. Every line that\n" +
			"is not ok has a way out. Exit 1 when one fails.\n\n" +
			"Example:   aliasctl doctor --uri https://milvus.example:19530",
		Flags: flagList([]cli.Flag{
			&cli.StringFlag{Name: "database", Value: manifest.DefaultDatabase, Usage: "check the privileges in the database `NAME`"},
			rollbackFileFlag(),
		}, stateFlags(), connectionFlags(), []cli.Flag{
			verifyURIFlag(categoryConnection),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: categoryOutput, Value: "text", Usage: "print as `FORMAT`: text or json" + variablesOf("output")},
		}),
		Action: func(c *cli.Context) error {
			if f := c.String("output"); f != "text" && f != "json" {
				return usagef("the formats are text, json", "--output: no format %q", f)
			}
			d := &doctor{c: c, streams: s}
			signals := s.watchSignals(func() {})
			defer signals.stop()
			d.examine(signals.soft)
			return d.tell()
		},
	}
}

// finding is one thing that was looked at.
type finding struct {
	What   string `json:"what"`
	Status string `json:"status"` // ok, warn, fail or unknown
	Found  string `json:"found"`
	WayOut string `json:"way_out,omitempty"`
}

// The statuses of a finding.
const (
	statusOK      = "ok"
	statusWarn    = "warn"
	statusFail    = "fail"
	statusUnknown = "unknown"
)

// doctor looks at one thing after the other; what fails does not keep it from
// looking on, as far as there is anything to see.
type doctor struct {
	*streams
	c        *cli.Context
	known    planner.State // empty when none could be read
	findings []finding
}

// find notes what was found. Whatever is not ok has a way out: where nothing
// better is known, that of its kind.
func (d *doctor) find(what, status, wayOut, format string, args ...any) {
	if status != statusOK && wayOut == "" {
		wayOut = defaultWayOut(what)
	}
	d.findings = append(d.findings, finding{what, status, d.redact(fmt.Sprintf(format, args...)), d.redact(wayOut)})
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
	d.state(ctx)
	if d.c.String("uri") == "" {
		d.find("address", statusFail, "give --uri, or set MILVUS_URI", "none is given")
		return
	}
	conn, err := connect(d.c, d.streams, false)
	if err != nil {
		d.find("address", statusFail, hintOf(err), "%v", err)
		return
	}
	defer conn.Close()
	d.cluster(ctx, conn)
	d.witnesses(ctx, conn)
}

// witnesses looks at each --verify-uri as an apply does before it begins.
func (d *doctor) witnesses(ctx context.Context, conn *connection) {
	for _, uri := range d.c.StringSlice("verify-uri") {
		proxy, err := conn.at("verify-uri", uri)
		if err != nil {
			d.find("verify-uri", statusFail, hintOf(err), "%v", err)
			continue
		}
		why, err := askWitness(ctx, proxy, d.known)
		switch {
		case err != nil:
			d.find("verify-uri", statusFail, cmp.Or(hintOf(err), "check the address: an apply with it stops before it changes anything"), "%s: %v", proxy.URI(), err)
		case why != "":
			d.find("verify-uri", statusFail, "name a proxy of the cluster that the state is of", "%s is a proxy of another cluster: %s", proxy.URI(), why)
		default:
			d.find("verify-uri", statusOK, "", "%s answers", proxy.URI())
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
	location, err := statePathOf(d.c, manifestsOf(d.c))
	if err != nil {
		return
	}
	now := d.known.Cluster
	if now.URI, err = statefile.ClusterURI(d.c.String("uri"), location); err != nil {
		return
	}
	const wayOut = "check --uri and --state; `sync --accept-cluster` uses this state all the same"
	if why, differs := statefile.Differs(d.known.Cluster, now); differs {
		d.find("cluster", statusFail, wayOut, "%s", why)
		return
	}
	found, err := identify(ctx, conn.Client, d.known, "here")
	switch {
	case err != nil:
		d.find("cluster", statusUnknown, hintOf(err), "%v", err)
	case found.why != "":
		d.find("cluster", statusFail, wayOut, "this looks like another cluster's state: %s", found.why)
	default:
		d.find("cluster", statusOK, "", "the one that the state is of")
	}
}

// cluster looks at what a client needs: an answer, a token that is taken, a
// version that is known, the privileges.
func (d *doctor) cluster(ctx context.Context, conn *connection) {
	started := time.Now()
	databases, err := conn.ListDatabases(ctx)
	visible := quantity.Of(len(databases), "database") + " visible"
	if milvus.IsRouteMissing(err) { // before 2.4.18; what has no aliases either is no Milvus
		visible = "the server has no calls on databases"
		_, err = conn.ListAliases(ctx, "")
	}
	took := time.Since(started).Round(100 * time.Microsecond)
	switch {
	case milvus.IsUnauthenticated(err):
		d.find("reachable", statusOK, "", "%s answers", conn.URI())
		d.find("token", statusFail, "set MILVUS_TOKEN or --token-file to an API key or user:password", "%v", err)
		return
	case err != nil:
		d.find("reachable", statusFail, hintOf(err), "%v", err)
		return
	}
	d.find("reachable", statusOK, "", "%s answers in %v", conn.URI(), took)
	switch {
	case strings.HasPrefix(conn.URI(), "https://") && d.c.Bool("insecure-skip-verify"):
		d.find("tls", statusWarn, "leave --insecure-skip-verify out, and name the authority with --ca-file", "the certificate is not checked")
	case strings.HasPrefix(conn.URI(), "https://"):
		d.find("tls", statusOK, "", "the certificate is valid for this address")
	default:
		d.find("tls", statusOK, "", "not in use")
	}
	d.find("token", statusOK, "", "accepted (or the server asks for none); %s", visible)
	d.belongs(ctx, conn)
	profile, evidence, err := milvus.Recognise(ctx, conn.Client)
	switch {
	case err != nil:
		d.find("version", statusUnknown, hintOf(err), "%v", err)
	case profile == "" || profile == "unknown":
		d.find("version", statusUnknown, "", "not recognised: %s", evidence)
	default:
		d.find("version", statusOK, "", "answers like Milvus %s: %s", profile, evidence)
	}
	d.privileges(ctx, conn)
}

func (d *doctor) privileges(ctx context.Context, conn *connection) {
	database := d.c.String("database")
	privileges, err := milvus.Privileges(ctx, conn.Client, database)
	if err != nil {
		d.find("privileges", statusUnknown, hintOf(err), "%v", err)
		return
	}
	for _, p := range privileges {
		what := "privilege " + p.Name
		switch p.Had {
		case milvus.HadYes:
			d.find(what, statusOK, "", "granted in database %q, %s", database, p.For)
		case milvus.HadNo:
			d.find(what, statusFail, fmt.Sprintf("grant %s to a role of this user in database %q", p.Name, database), "missing, %s", p.For)
		default:
			d.find(what, statusUnknown, p.Hint, "%s: %s", p.For, p.Why)
		}
	}
}

// state looks at the state, its lock and the clock that stamps it.
func (d *doctor) state(ctx context.Context) {
	location, err := statePathOf(d.c, manifestsOf(d.c))
	if err != nil || location == "" {
		d.find("state", statusUnknown, "give --state", "no place for a state is known")
		return
	}
	file, err := d.openState(d.c, location)
	if err != nil {
		d.find("state", statusFail, hintOf(err), "%v", err)
		return
	}
	stored, err := readBeside(ctx, file)
	state := stored.state
	switch {
	case statefile.IsAbsent(err):
		d.find("state", statusOK, "", "none at %s yet: the next apply is a first run", location)
	case err != nil:
		d.find("state", statusFail, unreadableHint(err), "%v", err)
	default:
		d.known = state
		d.find("state", statusOK, "", "%s: serial %d, %s of %s", location, state.Serial, quantity.Of(len(state.Bindings), "binding"), state.Cluster.URI)
		if n := len(state.Pending); n > 0 && stored.holder != "" {
			d.find("pending", statusOK, "", "%s announced by the run that holds the lock", quantity.Phrase(n, "step is", "steps are"))
		} else if n > 0 {
			d.find("pending", statusWarn, "run `aliasctl sync --apply` again: it goes on from there", "%s announced by a run that did not finish", quantity.Phrase(n, "step was", "steps were"))
		}
		for _, u := range state.Unverified {
			d.find("unverified", statusWarn, "run `aliasctl sync --apply` again: it verifies it", "%s", report.UnverifiedLine(u))
		}
		if ahead := time.Until(state.UpdatedAt); ahead > time.Minute {
			d.find("clock", statusWarn, "set the clock of this machine, or of the one that applied last", "the state is %v ahead of this machine", ahead.Round(time.Second))
		} else {
			d.find("clock", statusOK, "", "%s", time.Now().UTC().Format(time.RFC3339))
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
		d.find("lock", statusUnknown, "", "%v", err)
	case status.Held:
		d.find("lock", statusWarn, "wait for it, or see `aliasctl lock show`", "another run holds the state: %s", status.Holder)
	default:
		d.find("lock", statusOK, "", "free")
	}
	if errored := local.ErroredPath(location); !stores.IsRemote(location) {
		if _, err := os.Stat(errored); err == nil {
			d.find("errored state", statusFail, "look at both, then: "+file.Recovery(errored), "%s was left by a run that could not save", errored)
		}
	}
}

// store tries whether a store may hold a state that several runs share.
func (d *doctor) store(ctx context.Context, file *statefile.Shared) {
	err := file.Prove(ctx)
	switch {
	case err == nil:
		d.find("store", statusOK, "", "it keeps the conditions of writes")
	case statefile.IsUnconditional(err):
		d.find("store", statusFail, hintOf(err), "%v", err)
	default:
		d.find("store", statusUnknown, hintOf(err), "whether it keeps the conditions of writes was not tried: %v", err)
	}
}

// directory looks whether an apply could work beside the state.
func (d *doctor) directory(file *local.File) {
	if err := file.Writable(); err != nil {
		d.find("directory", statusFail, "an apply makes the state, its lock and a temporary file there: mend the directory, or give --state another place", "%v", err)
		return
	}
	d.find("directory", statusOK, "", "an apply can write beside the state")
}

// text lays a finding out: wrapped for a terminal of this width, and one line
// each where there is none (0), for what searches in it.
func (f finding) text(width int) string {
	put := func(head, text string) string {
		lines := []string{text}
		if width > 0 {
			lines = layout.Wrap(text, max(width-len(head), 30))
		}
		return head + strings.Join(lines, "\n"+strings.Repeat(" ", len(head)))
	}
	text := put(fmt.Sprintf("%-8s %-29s ", f.Status, f.What), safetext.Line(f.Found))
	if f.WayOut != "" {
		text += "\n" + put(fmt.Sprintf("%-8s ", ""), safetext.Line("way out: "+f.WayOut))
	}
	return text
}

// tell prints the findings and fails when one did.
func (d *doctor) tell() error {
	failed := 0
	for _, f := range d.findings {
		if f.Status == statusFail {
			failed++
		}
	}
	if d.c.String("output") == "json" {
		if err := d.answerJSON(struct {
			Version  int       `json:"version"`
			Findings []finding `json:"findings"`
		}{1, d.findings}); err != nil {
			return err
		}
	} else {
		for _, f := range d.findings {
			if _, err := fmt.Fprintln(d.out, f.text(d.style(d.out).Width)); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return &failedError{what: fmt.Sprintf("%s failed", quantity.Of(failed, "check")), hint: "each one above has its way out"}
	}
	return nil
}
