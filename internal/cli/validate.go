package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/quantity"
)

func validateCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "validate",
		Usage:       "check manifests, offline and without credentials",
		Description: "Reports every problem of every file in one run, as FILE:LINE:COLUMN: error: ...\n\nExample:   aliasctl validate -f aliases.yaml --var rev=v42",
		Flags:       manifestFlags(),
		Action: func(c *cli.Context) error {
			m, _, err := loadManifest(c, s, manifestsOf(c), nil)
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
		},
	}
}
