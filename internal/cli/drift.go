package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

// driftError is the answer of `drift` when somebody else changed something.
type driftError struct{ aliases int }

func (e *driftError) Error() string {
	return fmt.Sprintf("drift: %s not where the state says", quantity.Phrase(e.aliases, "alias is", "aliases are"))
}

func (e *driftError) Hint() string {
	return "`aliasctl sync --dry-run` shows what a sync would do about it"
}

func driftCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "drift",
		Usage: "compare the cluster with the state; exit 8 when there is drift",
		Description: "Reads only: its client has no call that writes. With -f it also tells what the\n" +
			"manifest wants that is not applied yet, which is no drift.\n\n" +
			"Example:   aliasctl drift --state prod.state.json\n" +
			"           aliasctl drift -f aliases.yaml -o markdown",
		Flags: flagList(manifestFlags(), stateFlags(), connectionFlags(), outputFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "unmanaged", Category: categoryOutput, Usage: "name the aliases of these databases that are not managed"},
		}),
		Action: func(c *cli.Context) error {
			d := &driftRun{run: newRun(c, s)}
			defer d.close()
			return d.do()
		},
	}
}

type driftRun struct {
	*run
	reader *milvus.Reader
}

func (d *driftRun) do() error {
	var err error
	if d.outputs, err = outputsOf(d.c); err != nil {
		return err
	}
	if err := d.locate(); err != nil {
		return err
	}
	d.reads = append(d.paths(), d.file.Path())
	if err := d.outputs.apart(d.file.Path(), d.paths()); err != nil {
		return err
	}
	if err := d.checkLinks(d.c, "the output", d.outputs.paths()...); err != nil {
		return err
	}
	if len(d.c.StringSlice("file")) > 0 {
		if d.manifest, d.golden, err = loadManifest(d.c, d.streams, manifestsOf(d.c), nil); err != nil {
			return err
		}
	}
	if d.c.String("uri") == "" {
		return usagef("give --uri, or set MILVUS_URI", "the cluster has no address")
	}
	stored, err := d.existing()
	if err != nil {
		return err
	}
	if d.manifest == nil {
		d.manifest = planner.Remembered(stored.state)
	}
	d.managed = aliasesOf(d.manifest) + len(stored.state.Bindings)
	conn, err := connect(d.c, d.streams, namesDefault(d.manifest))
	if err != nil {
		return err
	}
	defer conn.Close()
	if d.reader, err = conn.reader(); err != nil {
		return err
	}
	defer d.reader.Close()
	return d.compare(stored, conn)
}

// compare reads the cluster and shows what differs.
func (d *driftRun) compare(stored storedState, conn *connection) error {
	state := stored.state
	cluster := planner.Cluster{Label: d.manifest.Cluster}
	d.label = cluster.Label
	var err error
	if cluster.URI, err = statefile.ClusterURI(d.c.String("uri"), d.file.Path()); err != nil {
		return err
	}
	if why, differs := statefile.Differs(state.Cluster, cluster); differs {
		if err := d.answered(conn); err != nil {
			return err
		}
		return &refusedError{what: "this is another cluster's state: " + why, hint: "check --uri and --state"}
	}
	found, err := identify(d.signals.soft, conn.Client, state, "here")
	if err != nil {
		return d.readFailed(err)
	}
	if found.why != "" {
		return &refusedError{what: "this looks like another cluster's state: " + found.why,
			hint: "check --uri and --state; if the collections were built anew here, `aliasctl sync --apply --accept-cluster` records their ids"}
	}
	comparison := planner.Compare(d.manifest, state, planner.Options{Cluster: cluster, Now: time.Now().UTC()})
	// Its scope holds every alias of the state, too: one read answers both what
	// was changed and what is not applied yet.
	live, err := d.reader.Read(d.signals.soft, comparison.Scope())
	if err != nil {
		return d.readFailed(err)
	}
	if err := found.readAll(d.signals.soft, conn.Client, bound(state, live)); err != nil {
		return d.readFailed(err)
	}
	live.Learn(found.read)
	report := report.DriftReport{
		Cluster: cluster, Serial: state.Serial, StatePath: d.file.Path(),
		Bindings: state.Bindings, Unverified: state.Unverified, Drift: planner.DriftOf(state, live),
		Plan: comparison.Plan(live).Summary, Manifest: len(d.c.StringSlice("file")) > 0,
		Unmanaged: comparison.Unmanaged(live), ListUnmanaged: d.c.Bool("unmanaged"), Holder: stored.holder,
	}
	if err := d.outputs.write(d.streams, report); err != nil {
		return err
	}
	if n := report.Changed(); n > 0 {
		return &driftError{n}
	}
	return nil
}

// bound are the recorded ids of the collections that aliases are still bound to:
// those alone can have been made anew under their names.
func bound(state planner.State, live *planner.Live) map[planner.Key]string {
	ids := make(map[planner.Key]string)
	for _, b := range state.Bindings {
		if in := live.Databases[b.Database]; b.CollectionID != "" && in != nil && in.Bindings[b.Alias] == b.Collection {
			ids[planner.Key{Database: b.Database, Name: b.Collection}] = b.CollectionID
		}
	}
	return ids
}

// reader is a client of the same settings that cannot write.
func (c *connection) reader() (*milvus.Reader, error) {
	config := c.config
	config.URI = c.URI()
	config.Warn = nil // told already
	return milvus.NewReader(config)
}
