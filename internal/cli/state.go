package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/sync"
	"aliasctl/planner"
)

func stateCommand(s *streams) *cli.Command {
	o := newOptions()
	at := flagList([]cli.Flag{rollbackFileFlag(o)}, stateFlags(o))
	return &cli.Command{
		Name:  "state",
		Usage: "look at a state and repair it",
		Description: "Nothing here touches the cluster. Writing commands take the lock, and each\n" +
			"counts the serial up.\n\n" +
			"Example:   aliasctl state list --state prod.state.json\n" +
			"           aliasctl state rm products",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "print what the state is about",
				Flags:       append(slices.Clone(at), &cli.BoolFlag{Name: "history", Destination: &o.history, Category: categoryOutput, Usage: "list the versions that the store has kept (bucket with versioning, git branch, GitLab), the newest first, at most 20"}),
				Description: "Example:   aliasctl state show\n           aliasctl state show --history --state gs://bucket/prod.json",
				Action: o.run(s, func(r *session, _ *cli.Context) error {
					if o.history {
						return r.versions()
					}
					return r.withState((*session).showState)
				}),
			},
			{
				Name: "list", Usage: "list the bindings", Flags: at,
				Description: "Example:   aliasctl state list",
				Action:      o.run(s, func(r *session, _ *cli.Context) error { return r.withState((*session).listState) }),
			},
			{
				Name: "pull", Usage: "print the state as JSON", Flags: at,
				Description: "Example:   aliasctl state pull > copy.json",
				Action:      o.run(s, func(r *session, _ *cli.Context) error { return r.withState((*session).pullState) }),
			},
			{
				Name: "push", Usage: "replace the state by a file", ArgsUsage: "FILE",
				Description: "Refused for a state of another lineage, an older serial, or an equal serial\nwith other content, but for --force.\n\nExample:   aliasctl state push copy.json",
				Flags:       append(slices.Clone(at), &cli.BoolFlag{Name: "force", Destination: &o.force, Category: categoryLimits, Usage: "also another lineage, or a serial that is not newer"}),
				Action:      o.run(s, func(r *session, c *cli.Context) error { return r.pushState(c.Args().First()) }),
			},
			{
				Name: "rm", Usage: "forget an alias; the cluster keeps it", ArgsUsage: "ALIAS",
				Description: "Example:   aliasctl state rm products",
				Flags:       at,
				Action:      o.run(s, func(r *session, c *cli.Context) error { return r.changeState(sync.Forget(c.Args().First())) }),
			},
			{
				Name: "mv", Usage: "record an alias under another name", ArgsUsage: "ALIAS NEW",
				Description: "For an alias that was renamed by hand: dropped and created anew. NEW is a name\nor DATABASE/NAME.\n\nExample:   aliasctl state mv products products_live",
				Flags:       at,
				Action: o.run(s, func(r *session, c *cli.Context) error {
					return r.changeState(sync.Rename(c.Args().Get(0), c.Args().Get(1)))
				}),
			},
			{
				Name: "migrate", Usage: "copy a state to another place", ArgsUsage: "FROM TO",
				Description: "Refused where TO has a state, unless it is an older one of the same lineage.\n\n" +
					"Example:   aliasctl state migrate aliases.state.json s3://bucket/prod.json",
				Flags:  []cli.Flag{lockTimeoutFlag(o), maxStateBytesFlag(o), followLinksFlag(o)},
				Action: o.run(s, func(r *session, c *cli.Context) error { return r.migrateState(c.Args().Get(0), c.Args().Get(1)) }),
			},
		},
	}
}

// withState reads the state and does something with it.
func (r *session) withState(do func(*session, sync.State) error) error {
	state, err := sync.ReadState(r.signals.Hard, r.options())
	if err != nil {
		return err
	}
	return do(r, state)
}

// changeState changes the stored state under its lock.
func (r *session) changeState(change func(*planner.State) error) error {
	state, err := sync.ChangeState(r.signals.Hard, r.options(), change)
	if err == nil {
		r.say("aliasctl: saved serial %d in %s", state.Serial, state.Path)
	}
	return err
}

// versions lists the states that the store has kept.
func (r *session) versions() error {
	const most = 20
	all, err := sync.Versions(r.signals.Hard, r.options(), most)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, old := range all {
		serial, bindings := "-", "no state"
		if old.Err == nil {
			serial, bindings = fmt.Sprint(old.State.Serial), fmt.Sprint(len(old.State.Bindings))
		}
		rows = append(rows, []string{serial, old.Written.UTC().Format(time.RFC3339), bindings, r.cell(old.ID)})
	}
	return r.table([]string{"SERIAL", "WRITTEN", "BINDINGS", "VERSION"}, rows)
}

func (r *session) showState(s sync.State) error {
	return r.answer("state     %s\nlineage   %s\nserial    %d\ncluster   %s\nmanifests %s\nupdated   %s\nbindings  %d\nretired   %d\npending   %d\nwaiting   %d\nhistory   %d\n",
		s.Path, s.Lineage, s.Serial, strings.TrimSpace(s.Cluster.URI+" "+s.Cluster.Label), cmp.Or(strings.Join(s.Manifests, ", "), "-"), s.UpdatedAt.Format(time.RFC3339),
		len(s.Bindings), len(s.Retired), len(s.Pending), len(s.Idle), len(s.History))
}

// pullState prints the state as it is stored, but for what a terminal or a runner
// would act upon: that is escaped within the JSON.
func (r *session) pullState(state sync.State) error {
	var text bytes.Buffer
	if err := statefile.Encode(&text, state.State); err != nil {
		return err
	}
	_, err := r.out.Write(safetext.JSON(text.Bytes()))
	return err
}

func (r *session) listState(s sync.State) error {
	var rows [][]string
	for _, b := range s.Bindings {
		marks := ""
		if b.Protect {
			marks = "protected"
		}
		if b.RolledBackFrom != "" {
			marks += " rolled back from " + b.RolledBackFrom
		}
		rows = append(rows, []string{r.cell(b.Database), r.cell(b.Alias), r.cell(b.Collection), r.cell(b.CollectionID), b.Since.Format(time.RFC3339), r.cell(marks)})
	}
	return r.table([]string{"DATABASE", "ALIAS", "COLLECTION", "ID", "SINCE", "MARKS"}, rows)
}

func (r *session) pushState(path string) error {
	pushed, changed, err := sync.Push(r.signals.Hard, r.options(), path, r.o.force)
	switch {
	case err != nil:
		return err
	case !changed:
		r.say("aliasctl: nothing to do: %s has this content already, serial %d", pushed.Path, pushed.Serial)
	default:
		r.say("aliasctl: pushed serial %d to %s", pushed.Serial, pushed.Path)
	}
	return nil
}

func (r *session) migrateState(from, to string) error {
	source, copied, err := sync.Migrate(r.signals.Hard, r.options(), from, to)
	if err == nil {
		r.say("aliasctl: copied serial %d from %s to %s; the old one was left as it is", copied.Serial, source, copied.Path)
	}
	return err
}
