package cli

import (
	"github.com/urfave/cli/v2"

	"aliasctl/manifest"
)

func syncCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "sync",
		Usage: "bring the aliases of a cluster to what the manifest says",
		Description: "Without --apply it shows the plan and changes nothing.\n\n" +
			"In a pull request:   aliasctl sync --dry-run -f aliases.yaml\n" +
			"In a deploy job:     aliasctl sync --apply -f aliases.yaml",
		Flags: flagList(manifestFlags(), stateFlags(), connectionFlags(), applyFlags(), planFlags(), limitFlags(), outputFlags()),
		Action: func(c *cli.Context) error {
			return newRun(c, s).do(func(r *run) error {
				var err error
				r.manifest, err = loadManifest(c, s, manifestsOf(c))
				return err
			}, nil)
		},
	}
}

// loadManifest reads the manifests of a command.
func loadManifest(c *cli.Context, s *streams, paths []string) (*manifest.Manifest, error) {
	vars, err := varsOf(c)
	if err != nil {
		return nil, err
	}
	return manifest.Load(paths, manifest.Options{Stdin: s.in, Vars: vars, LookupEnv: s.lookup})
}

// namesDefault says whether the manifest spells the default database out.
func namesDefault(m *manifest.Manifest) bool {
	if m == nil {
		return false
	}
	for _, d := range m.Databases {
		if d.Name == manifest.DefaultDatabase {
			return d.Named
		}
	}
	return false
}
