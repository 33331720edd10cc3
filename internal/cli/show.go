package cli

import (
	"github.com/urfave/cli/v2"

	"aliasctl/internal/sync"
)

func showCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:        "show",
		Usage:       "show a saved plan in any format",
		ArgsUsage:   "PLAN",
		Description: "Example:   aliasctl sync --dry-run --plan-out plan.json\n           aliasctl show plan.json -o markdown",
		Flags:       flagList(outputFlags(o), []cli.Flag{followLinksFlag(o)}),
		Action: o.action(s, func(c *cli.Context) error {
			outputs, err := o.outputs()
			if err != nil {
				return err
			}
			o.Reviewed = c.Args().First()
			reviewed, err := sync.Review(c.Context, o.alone(s))
			if err != nil {
				return err
			}
			if err := outputs.apart("", []string{o.Reviewed}); err != nil {
				return err
			}
			return outputs.write(s, reviewed.Report)
		}),
	}
}
