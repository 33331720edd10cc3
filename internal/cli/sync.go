package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/milvus"
	"aliasctl/manifest"
)

func syncCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "sync",
		Usage: "bring the aliases of a cluster to what the manifest says",
		Description: "Without --apply it shows the plan and changes nothing.\n\n" +
			"In a pull request:   aliasctl sync --dry-run -f aliases.yaml\n" +
			"In a deploy job:     aliasctl sync --apply -f aliases.yaml",
		Flags: flagList(manifestFlags(), stateFlags(), connectionFlags(), applyFlags(), planFlags(), limitFlags(), outputFlags(), []cli.Flag{profileFlag()}),
		Action: func(c *cli.Context) error {
			stop, err := profile(c.String("debug-profile"))
			if err != nil {
				return usagef("", "--debug-profile: %v", err)
			}
			err = newRun(c, s).do(func(r *run) error {
				var err error
				if c.String("plan-out") != "" {
					r.origin = &manifest.Origin{}
				}
				r.manifest, r.golden, err = loadManifest(c, s, manifestsOf(c), r.origin)
				r.options.Manifests = manifest.Names(manifestsOf(c))
				return err
			}, nil)
			if stopped := stop(); stopped != nil {
				s.warn(stopped.Error())
			}
			return err
		},
	}
}

// loadManifest reads the manifests of a command and the golden files that they
// name. origin may be nil.
func loadManifest(c *cli.Context, s *streams, paths []string, origin *manifest.Origin) (*manifest.Manifest, goldenSums, error) {
	vars, err := varsOf(c)
	if err != nil {
		return nil, nil, err
	}
	if err := s.checkLinks(c, "the manifest", manifestFiles(paths)...); err != nil {
		return nil, nil, err
	}
	m, err := manifest.Load(paths, manifest.Options{Stdin: s.in, Vars: vars, LookupEnv: s.lookup, Context: s.reading(), Origin: origin})
	var sums goldenSums
	switch {
	case m != nil:
		s.label, s.managed = m.Cluster, max(1, aliasesOf(m))
	case isBadManifest(err):
		s.label = looseLabel(s.reading(), paths)
	}
	if err == nil {
		sums, err = s.readGolden(c, m)
	}
	if s.reading().Err() != nil {
		return nil, nil, &interruptedError{what: "while reading the manifest; nothing was changed"}
	}
	return m, sums, err
}

// goldenSums are the SHA-256 of golden files, by their paths.
type goldenSums map[string]string

// readGolden reads the golden files that a manifest names: one that is missing
// or broken is a mistake of the manifest, not of the cluster.
func (s *streams) readGolden(c *cli.Context, m *manifest.Manifest) (goldenSums, error) {
	sums := make(goldenSums)
	for _, g := range goldens(m) {
		if err := s.checkLinks(c, "the golden file", g.Path()); err != nil {
			return nil, err
		}
		_, sum, err := milvus.GoldenVectors(s.reading(), g)
		if err != nil {
			return nil, &usageError{what: fmt.Sprintf("%s: golden: %v", g.Pos, err), err: err,
				hint: hintOf(err)}
		}
		sums[g.Path()] = sum
	}
	return sums, nil
}

// reader reads golden files again, to use them, and refuses one that is not what
// it was at first: its digest is part of the plan.
func (sums goldenSums) reader(ctx context.Context) func(*manifest.Golden) ([][]float64, error) {
	return func(g *manifest.Golden) ([][]float64, error) {
		vectors, sum, err := milvus.GoldenVectors(ctx, g)
		if err == nil && sum != sums[g.Path()] {
			err = &milvus.VectorError{File: g.Path(), Reason: "the file was changed during the run"}
		}
		return vectors, err
	}
}

// goldens are the golden files of a manifest, each once.
func goldens(m *manifest.Manifest) []*manifest.Golden {
	if m == nil {
		return nil
	}
	var all []*manifest.Golden
	seen := make(map[string]bool)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			if a.Cutover == nil || a.Cutover.Golden == nil || seen[a.Cutover.Golden.Path()] {
				continue
			}
			seen[a.Cutover.Golden.Path()] = true
			all = append(all, a.Cutover.Golden)
		}
	}
	return all
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
