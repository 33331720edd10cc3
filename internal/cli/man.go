package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func manCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		Description: "Example:   aliasctl man > /usr/local/share/man/man1/aliasctl.1",
		Action: func(c *cli.Context) error {
			page, err := c.App.ToManWithSection(1)
			if err != nil {
				return fmt.Errorf("cannot write the manual page: %w", err)
			}
			_, err = fmt.Fprint(s.out, page)
			return err
		},
	}
}
