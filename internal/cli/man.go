package cli

import (
	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/manual"
)

func manCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page",
		Description: "Example:   aliasctl man > /usr/local/share/man/man1/aliasctl.1",
		Action: func(c *cli.Context) error {
			_, err := s.out.Write(md2man.Render([]byte(manual.Page(c.App))))
			return err
		},
	}
}
