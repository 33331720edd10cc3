package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/input"
	"aliasctl/internal/safetext"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/planner"
)

func stateCommand(s *streams) *cli.Command {
	at := flagList([]cli.Flag{rollbackFileFlag()}, stateFlags())
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
				Flags:       append(slices.Clone(at), &cli.BoolFlag{Name: "history", Category: categoryOutput, Usage: "list the versions that a bucket with versioning has kept, the newest first, at most 20"}),
				Description: "Example:   aliasctl state show\n           aliasctl state show --history --state gs://bucket/prod.json",
				Action: func(c *cli.Context) error {
					if c.Bool("history") {
						return versionsOf(c, s)
					}
					return withState(c, s, showState)
				},
			},
			{
				Name: "list", Usage: "list the bindings", Flags: at,
				Description: "Example:   aliasctl state list",
				Action:      func(c *cli.Context) error { return withState(c, s, listState) },
			},
			{
				Name: "pull", Usage: "print the state as JSON", Flags: at,
				Description: "Example:   aliasctl state pull > copy.json",
				Action: func(c *cli.Context) error {
					return withState(c, s, func(r *run, state planner.State) error { return r.pullState(state) })
				},
			},
			{
				Name: "push", Usage: "replace the state by a file", ArgsUsage: "FILE",
				Description: "Refused for a state of another lineage, an older serial, or an equal serial\nwith other content, but for --force.\n\nExample:   aliasctl state push copy.json",
				Flags:       append(slices.Clone(at), &cli.BoolFlag{Name: "force", Category: categoryLimits, Usage: "also another lineage, or a serial that is not newer"}),
				Action:      func(c *cli.Context) error { return pushState(c, s) },
			},
			{
				Name: "rm", Usage: "forget an alias; the cluster keeps it", ArgsUsage: "ALIAS",
				Description: "Example:   aliasctl state rm products",
				Flags:       at,
				Action: func(c *cli.Context) error {
					return changeState(c, s, func(state *planner.State) error {
						key, err := boundAlias(*state, c.Args().First())
						if err != nil {
							return err
						}
						state.Bindings = slices.DeleteFunc(state.Bindings, func(b planner.Binding) bool { return planner.Key{Database: b.Database, Name: b.Alias} == key })
						state.Unverified = slices.DeleteFunc(state.Unverified, func(u planner.Unverified) bool { return planner.Key{Database: u.Database, Name: u.Alias} == key })
						state.Pending = slices.DeleteFunc(state.Pending, func(a planner.Announcement) bool { return planner.Key{Database: a.Database, Name: a.Alias} == key })
						return nil
					})
				},
			},
			{
				Name: "mv", Usage: "record an alias under another name", ArgsUsage: "ALIAS NEW",
				Description: "For an alias that was renamed by hand: dropped and created anew. NEW is a name\nor DATABASE/NAME.\n\nExample:   aliasctl state mv products products_live",
				Flags:       at,
				Action: func(c *cli.Context) error {
					return changeState(c, s, func(state *planner.State) error { return renameAlias(state, c.Args().Get(0), c.Args().Get(1)) })
				},
			},
			{
				Name: "migrate", Usage: "copy a state to another place", ArgsUsage: "FROM TO",
				Description: "Refused where TO has a state, unless it is an older one of the same lineage.\n\n" +
					"Example:   aliasctl state migrate aliases.state.json s3://bucket/prod.json",
				Flags:  []cli.Flag{followLinksFlag()},
				Action: func(c *cli.Context) error { return migrateState(c, s) },
			},
		},
	}
}

// withState reads the state of the flags and does something with it.
func withState(c *cli.Context, s *streams, do func(r *run, state planner.State) error) error {
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	stored, err := r.existing()
	if err != nil {
		return err
	}
	if stored.holder != "" {
		r.warn(stored.holder)
	}
	return do(r, stored.state)
}

// locate opens the state of the flags, for what cannot do without one.
func (r *run) locate() error {
	location, err := statePathOf(r.c, manifestsOf(r.c))
	if err != nil {
		return err
	}
	if location == "" {
		return errNoPlace(manifestsOf(r.c))
	}
	r.file, err = r.openState(r.c, location)
	return err
}

// existing reads the state where there has to be one.
func (r *run) existing() (storedState, error) {
	stored, err := r.readState()
	if err != nil {
		return storedState{}, err
	}
	return stored, r.needs(stored)
}

// needs is an error where there is no state and no doing without one.
func (r *run) needs(stored storedState) error {
	switch {
	case stored.found:
		return nil
	case r.file == nil:
		return errNoPlace(manifestsOf(r.c))
	}
	hint := "give `--state PATH` or `-f FILE`"
	if r.c.IsSet("state") {
		hint = "check --state; the first `aliasctl sync --apply` makes one"
	}
	return &failedError{what: fmt.Sprintf("there is no state at %s", r.file.Path()), hint: hint}
}

func errNoPlace(manifests []string) error {
	what := "several manifests have"
	if len(manifests) == 1 {
		what = "standard input, or a pipe, has"
	}
	return usagef("add `--state PATH`", "%s no place for a state", what)
}

// unreadableHint helps with a state that is there, or may be, and cannot be
// read.
func unreadableHint(err error) string {
	switch {
	case input.IsTooLarge(err):
		return tooLargeHint
	case statefile.IsCorrupt(err):
		return "the file was left as it is; " + restoreHint(err) + ", or move it away and read \"State lost\" in docs/state.md"
	case statefile.IsTooNew(err):
		return "the file was left as it is; use the aliasctl that wrote it, or a newer one"
	}
	if store := (*statefile.StoreError)(nil); errors.As(err, &store) {
		return cmp.Or(hintOf(err), "run the same command again when the store answers; `aliasctl doctor` looks at it")
	}
	return cmp.Or(hintOf(err), "check the path and its permissions")
}

// tooLargeHint is for a state of a size that nothing managed explains.
const tooLargeHint = "look at who wrote it; `--max-state-bytes SIZE` reads a larger one, as 1GiB"

// restoreHint names the backup of a damaged state, if that is one.
func restoreHint(err error) string {
	var corrupt *statefile.CorruptError
	if errors.As(err, &corrupt) {
		if backup, serial, ok := local.Backup(corrupt.Path); ok {
			return fmt.Sprintf("%s has serial %d: look at it with `aliasctl state show --state`, or restore one from version control", backup, serial)
		}
	}
	return "restore it from version control or a backup"
}

// changeState changes the stored state under its lock.
func changeState(c *cli.Context, s *streams, change func(*planner.State) error) error {
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	if err := r.takeLock(); err != nil {
		return err
	}
	stored, err := r.existing()
	if err != nil {
		return err
	}
	state := stored.state
	if err := change(&state); err != nil {
		return err
	}
	state.Serial++
	state.UpdatedAt = time.Now().UTC().Truncate(time.Second)
	if err := r.file.Save(r.signals.hard, state); err != nil {
		return &failedError{what: err.Error(), hint: cmp.Or(hintOf(err), "the state is as it was"), err: err}
	}
	r.say("aliasctl: saved serial %d in %s", state.Serial, r.file.Path())
	return nil
}

// versionsOf lists the states that the store has kept. The one in place may be
// damaged: that is when they are looked for.
func versionsOf(c *cli.Context, s *streams) error {
	const most = 20
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	store, ok := r.file.(*statefile.Shared)
	var err error = &statefile.UnversionedError{Path: r.file.Path()}
	var all []statefile.OldState
	if ok {
		all, err = store.Versions(r.signals.soft, most)
	}
	if err != nil {
		return &failedError{what: err.Error(), hint: hintOf(err), err: err}
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

func showState(r *run, s planner.State) error {
	return r.answer("state     %s\nlineage   %s\nserial    %d\ncluster   %s %s\nmanifests %s\nupdated   %s\nbindings  %d\nretired   %d\npending   %d\nwaiting   %d\nhistory   %d\n",
		r.file.Path(), s.Lineage, s.Serial, s.Cluster.URI, s.Cluster.Label, cmp.Or(strings.Join(s.Manifests, ", "), "-"), s.UpdatedAt.Format(time.RFC3339),
		len(s.Bindings), len(s.Retired), len(s.Pending), len(s.Idle), len(s.History))
}

// pullState prints the state as it is stored, but for what a terminal or a runner
// would act upon: that is escaped within the JSON.
func (r *run) pullState(state planner.State) error {
	var text bytes.Buffer
	if err := statefile.Encode(&text, state); err != nil {
		return err
	}
	_, err := r.out.Write(safetext.JSON(text.Bytes()))
	return err
}

func listState(r *run, s planner.State) error {
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

func boundAlias(s planner.State, name string) (planner.Key, error) {
	var known []planner.Key
	for _, b := range s.Bindings {
		known = append(known, planner.Key{Database: b.Database, Name: b.Alias})
	}
	selection, err := planner.Select([]string{name}, known)
	if err != nil {
		return planner.Key{}, err
	}
	if selection.All {
		return planner.Key{}, usagef("name one alias", "\"all\" is not one alias")
	}
	for key := range selection.Keys {
		return key, nil
	}
	return planner.Key{}, nil
}

func renameAlias(s *planner.State, from, to string) error {
	key, err := boundAlias(*s, from)
	if err != nil {
		return err
	}
	target := planner.ParseKey(to, key.Database)
	for _, b := range s.Bindings {
		if b.Database == target.Database && b.Alias == target.Name {
			return usagef("`aliasctl state rm` forgets it", "the state has an alias %s already", target)
		}
	}
	for i := range s.Bindings {
		if b := &s.Bindings[i]; b.Database == key.Database && b.Alias == key.Name {
			b.Database, b.Alias = target.Database, target.Name
		}
	}
	for i := range s.Unverified {
		if u := &s.Unverified[i]; u.Database == key.Database && u.Alias == key.Name {
			u.Database, u.Alias = target.Database, target.Name
		}
	}
	return nil
}

func pushState(c *cli.Context, s *streams) error {
	path := c.Args().First()
	if err := s.checkLinks(c, "the state to push", path); err != nil {
		return err
	}
	most, err := s.stateBound(c)
	if err != nil {
		return err
	}
	text, err := input.Read(c.Context, path, most)
	if err != nil {
		hint := ""
		if input.IsTooLarge(err) {
			hint = tooLargeHint
		}
		return usagef(hint, "cannot read the state to push: %v", err)
	}
	state, err := statefile.Decode(path, text)
	if err != nil {
		return &failedError{what: err.Error(), err: err, hint: "nothing was changed"}
	}
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	if err := r.takeLock(); err != nil {
		return err
	}
	changed, err := statefile.Push(r.signals.hard, r.file, state, c.Bool("force"))
	if err != nil {
		if statefile.IsPushRefused(err) {
			return &refusedError{what: err.Error(), hint: "look at both with `aliasctl state show`; `--force` replaces it all the same"}
		}
		return &failedError{what: err.Error(), err: err, hint: hintOf(err)}
	}
	if !changed {
		r.say("aliasctl: nothing to do: %s has this content already, serial %d", r.file.Path(), state.Serial)
		return nil
	}
	r.say("aliasctl: pushed serial %d to %s", state.Serial, r.file.Path())
	return nil
}

func migrateState(c *cli.Context, s *streams) error {
	r := newRun(c, s)
	defer r.close()
	from, err := r.openState(c, c.Args().Get(0))
	if err != nil {
		return err
	}
	if r.file, err = r.openState(c, c.Args().Get(1)); err != nil {
		return err
	}
	if err := r.takeLock(); err != nil {
		return err
	}
	source, err := from.Lock(r.signals.soft, c.Duration("lock-timeout"), r.self())
	if err != nil {
		return err
	}
	defer source.Release()
	state, err := statefile.Migrate(r.signals.hard, from, r.file)
	switch {
	case is[*statefile.OccupiedError](err):
		return &refusedError{what: err.Error(), hint: "look at both with `aliasctl state show --state`"}
	case err != nil:
		return &failedError{what: err.Error(), err: err, hint: hintOf(err)}
	}
	r.say("aliasctl: copied serial %d from %s to %s; the old one was left as it is", state.Serial, from.Path(), r.file.Path())
	return nil
}
