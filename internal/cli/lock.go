package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/sync"
)

func lockCommand(s *streams) *cli.Command {
	o := newOptions()
	at := flagList([]cli.Flag{rollbackFileFlag(o)}, stateFlags(o))
	return &cli.Command{
		Name:        "lock",
		Usage:       "see who holds a state, and free it from a dead run",
		Description: "Example:   aliasctl lock show --state 's3://bucket/prod.json?region=eu-1'",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "print who holds the lock", Flags: at,
				Description: "Example:   aliasctl lock show",
				Action:      o.run(s, func(r *session, _ *cli.Context) error { return r.showLock() }),
			},
			{
				Name: "release", Usage: "take the lock away from a run that is known to be dead", ArgsUsage: "ID", Flags: at,
				Description: "ID is what `aliasctl lock show` prints. The lock of a local file needs none of\nthis: it ends with its process.\n\nExample:   aliasctl lock release 0b54...",
				Action:      o.run(s, func(r *session, c *cli.Context) error { return r.releaseLock(c.Args().First()) }),
			},
		},
	}
}

func (r *session) showLock() error {
	path, status, err := sync.LockStatus(r.signals.Hard, r.options())
	if err != nil {
		return err
	}
	if !status.Held {
		return r.answer("%s is not locked\n", path)
	}
	line := func(format string, args ...any) {
		if err == nil {
			err = r.answer(format, args...)
		}
	}
	line("%s is locked by %s\n", path, status.Holder)
	if status.ID != "" {
		line("id       %s\n", status.ID)
		if status.Renewed > 0 { // some stores have no clock
			line("renewed  %v ago\n", status.Renewed.Round(time.Second))
		}
		if status.Lease > 0 {
			line("lease    %v\n", status.Lease)
		} else {
			line("lease    none: it never ends by itself\n")
			line("once its run is dead: `aliasctl lock release %s`\n", statefile.Quote(status.ID))
		}
	}
	if status.Expired {
		line("it has expired: the next run takes it over\n")
	}
	return err
}

func (r *session) releaseLock(id string) error {
	path, err := sync.ReleaseLock(r.signals.Hard, r.options(), id)
	if err == nil {
		r.say("aliasctl: the lock %s of %s is free", id, path)
	}
	return err
}
