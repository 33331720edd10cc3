package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/quantity"
	"aliasctl/internal/sync"
)

func validateCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:        "validate",
		Usage:       "check manifests, offline and without credentials",
		Description: "Reports every problem of every file in one run, as FILE:LINE:COLUMN: error: ...\n\nExample:   aliasctl validate -f aliases.yaml --var rev=v42",
		Flags:       manifestFlags(o),
		Action: o.action(s, func(c *cli.Context) error {
			m, err := sync.Manifest(c.Context, o.alone(s), nil)
			if err != nil {
				return err
			}
			aliases, retirees := 0, 0
			for _, d := range m.Databases {
				aliases += len(d.Aliases)
				retirees += len(d.Retire)
			}
			_, err = fmt.Fprintf(s.out, "valid: %s, %s to retire, %s\n", quantity.Of(aliases, "alias"),
				quantity.Of(retirees, "collection"), quantity.Of(len(m.Databases), "database"))
			return err
		}),
	}
}
