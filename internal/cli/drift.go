package cli

import (
	"github.com/urfave/cli/v2"

	"aliasctl/internal/sync"
)

func driftCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "drift",
		Usage: "compare the cluster with the state; exit 8 when there is drift",
		Description: "Reads only: its client has no call that writes. With -f it also tells what the\n" +
			"manifest wants that is not applied yet, which is no drift.\n\n" +
			"Example:   aliasctl drift --state prod.state.json\n" +
			"           aliasctl drift -f aliases.yaml -o markdown",
		Flags: flagList(manifestFlags(o), stateFlags(o), connectionFlags(o), outputFlags(o), []cli.Flag{
			&cli.BoolFlag{Name: "unmanaged", Destination: &o.unmanaged, Category: categoryOutput, Usage: "name the aliases of these databases that are not managed"},
		}),
		Action: o.run(s, func(r *session, _ *cli.Context) error { return r.drift() }),
	}
}

func (r *session) drift() error {
	var err error
	if r.outputs, err = r.o.outputs(); err != nil {
		return err
	}
	r.document = r.outputs.format.Whole()
	found, err := sync.Drift(r.signals.Hard, r.options())
	if err != nil && sync.FailureOf(err).Code != sync.Drifted {
		return err
	}
	found.ListUnmanaged = r.o.unmanaged
	r.found = found
	if err := r.outputs.write(r.streams, found); err != nil {
		return err
	}
	return err
}
