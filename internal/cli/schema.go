package cli

import (
	"github.com/urfave/cli/v2"

	"aliasctl/manifest"
)

func schemaCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print a JSON Schema of manifests, for editors",
		Description: "Example:   aliasctl schema > aliases.schema.json\n\n" +
			"With this first line in a manifest an editor completes and checks it:\n" +
			"           # yaml-language-server: $schema=aliases.schema.json",
		Action: func(*cli.Context) error {
			_, err := s.out.Write(manifest.Schema())
			return err
		},
	}
}
