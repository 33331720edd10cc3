package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

func exportCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "export",
		Usage: "write a manifest of what the cluster has",
		Description: "Reads only. The output is ready to commit: the first apply of it adopts what is\n" +
			"there and changes nothing in the cluster.\n\n" +
			"Example:   aliasctl export --match 'products*' > aliases.yaml\n" +
			"           aliasctl export --all-databases | aliasctl sync --dry-run -f -",
		Flags: flagList([]cli.Flag{
			&cli.StringSliceFlag{Name: "database", Action: store(&o.export.Databases), Usage: "export the database `NAME` (default: default); repeatable"},
			&cli.BoolFlag{Name: "all-databases", Destination: &o.export.All, Usage: "export every database"},
			&cli.StringFlag{Name: "match", Destination: &o.export.Match, Usage: "export the aliases that match `PATTERN` alone, with * and ?"},
		}, connectionFlags(o)),
		Action: o.run(s, func(r *session, _ *cli.Context) error { return r.export() }),
	}
}

func (r *session) export() error {
	m, err := sync.Export(r.signals.Hard, r.options(), r.o.export)
	if err != nil {
		return err
	}
	if err := manifest.Encode(r.out, m); err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	return nil
}
