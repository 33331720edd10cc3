package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	statefile "aliasctl/internal/state"
)

func lockCommand(s *streams) *cli.Command {
	at := flagList([]cli.Flag{rollbackFileFlag()}, stateFlags())
	return &cli.Command{
		Name:        "lock",
		Usage:       "see who holds a state, and free it from a dead run",
		Description: "Example:   aliasctl lock show --state 's3://bucket/prod.json?region=eu-1'",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "print who holds the lock", Flags: at,
				Description: "Example:   aliasctl lock show",
				Action:      func(c *cli.Context) error { return showLock(c, s) },
			},
			{
				Name: "release", Usage: "take the lock away from a run that is known to be dead", ArgsUsage: "ID", Flags: at,
				Description: "ID is what `aliasctl lock show` prints. The lock of a local file needs none of\nthis: it ends with its process.\n\nExample:   aliasctl lock release 0b54...",
				Action:      func(c *cli.Context) error { return releaseLock(c, s) },
			},
		},
	}
}

func showLock(c *cli.Context, s *streams) error {
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	status, err := r.file.LockStatus(r.signals.soft)
	if err != nil {
		return err
	}
	if !status.Held {
		return s.answer("%s is not locked\n", r.file.Path())
	}
	line := func(format string, args ...any) {
		if err == nil {
			err = s.answer(format, args...)
		}
	}
	line("%s is locked by %s\n", r.file.Path(), status.Holder)
	if status.ID != "" {
		line("id       %s\n", status.ID)
		if status.Renewed > 0 { // some stores have no clock
			line("renewed  %v ago\n", status.Renewed.Round(time.Second))
		}
		if status.Lease > 0 {
			line("lease    %v\n", status.Lease)
		} else {
			line("lease    none: it never ends by itself; once its run is dead, `aliasctl lock release %s`\n", status.ID)
		}
	}
	if status.Expired {
		line("it has expired: the next run takes it over\n")
	}
	return err
}

func releaseLock(c *cli.Context, s *streams) error {
	r := newRun(c, s)
	defer r.close()
	if err := r.locate(); err != nil {
		return err
	}
	id := c.Args().First()
	if err := r.file.BreakLock(r.signals.soft, id); err != nil {
		if is[*statefile.NotHeldError](err) {
			return &failedError{what: err.Error(), err: err, hint: "`aliasctl lock show` prints the id"}
		}
		return err
	}
	s.say("aliasctl: the lock %s of %s is free", id, r.file.Path())
	return nil
}
