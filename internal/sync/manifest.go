package sync

import (
	"cmp"
	"context"
	"regexp"
	stdsync "sync"

	"aliasctl/internal/input"
	"aliasctl/internal/milvus"
	"aliasctl/manifest"
)

// Manifest reads the manifests and the golden files that they name, as a Plan does.
// origin, when it is not nil, is filled with what was read.
func Manifest(ctx context.Context, o Options, origin *manifest.Origin) (*manifest.Manifest, error) {
	r := newRun(ctx, o)
	err := r.loadManifest(origin)
	return r.manifest, err
}

// loadManifest reads the manifests of a run and the golden files that they name.
// origin may be nil.
func (r *run) loadManifest(origin *manifest.Origin) error {
	if err := r.checkLinks("the manifest", ManifestFiles(r.Manifests)...); err != nil {
		return err
	}
	golden := goldenFiles{run: r, sums: make(goldenSums)}
	m, err := manifest.Load(r.Manifests, manifest.Options{
		Stdin: r.Stdin, Vars: r.Vars, LookupEnv: r.LookupEnv, Context: r.soft, Golden: golden.read, Origin: origin,
	})
	switch {
	case m != nil:
		r.Console.Label(m.Cluster)
		r.manifest, r.managed = m, max(1, aliasesOf(m))
	case is[*manifest.Problems](err), is[*manifest.UnusedVarError](err):
		r.Console.Label(LooseLabel(r.soft, r.Manifests))
	}
	if err == nil {
		r.golden, err = golden.sums, golden.refused
	}
	if r.soft.Err() != nil {
		return interrupted("while reading the manifest; nothing was changed")
	}
	return err
}

// goldenSums are the SHA-256 of golden files, by their paths.
type goldenSums map[string]string

// goldenFiles are those that a run has read: one that is missing or broken is a
// mistake of the manifest, not of the cluster.
type goldenFiles struct {
	run     *run
	sums    goldenSums
	refused error // why a file was not read although it may be right
}

func (f *goldenFiles) read(g *manifest.Golden) (hint string, err error) {
	if f.refused = cmp.Or(f.refused, f.run.checkLinks("the golden file", g.Path())); f.refused != nil {
		return "", nil
	}
	_, sum, err := milvus.GoldenQueries(f.run.soft, g)
	if err != nil {
		return hintOf(err), err
	}
	f.sums[g.Path()] = sum
	return "", nil
}

// readGolden reads the golden files of a manifest that was reviewed. The error is a
// *manifest.Problems with all that are missing or broken, or why one is refused.
func (r *run) readGolden(m *manifest.Manifest) (goldenSums, error) {
	golden := goldenFiles{run: r, sums: make(goldenSums)}
	var problems manifest.Problems
	for _, g := range m.Golden() {
		if hint, err := golden.read(g); err != nil {
			problems.List = append(problems.List, manifest.GoldenProblem(g, hint, err))
		}
	}
	if golden.refused != nil {
		return nil, golden.refused
	}
	if len(problems.List) > 0 {
		return nil, &problems
	}
	return golden.sums, nil
}

// reader reads golden files again, to use them, and refuses one that is not what
// it was at first: its digest is part of the plan.
func (sums goldenSums) reader(ctx context.Context) func(*manifest.Golden) ([]milvus.GoldenQuery, error) {
	return func(g *manifest.Golden) ([]milvus.GoldenQuery, error) {
		queries, sum, err := milvus.GoldenQueries(ctx, g)
		if err == nil && sum != sums[g.Path()] {
			err = &milvus.VectorError{File: g.Path(), Reason: "the file was changed during the run"}
		}
		return queries, err
	}
}

// namesDefault reports whether the manifest spells the default database out.
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

// LooseLabel is the label of the first manifest that has one on a line of its own.
// It is for a manifest that cannot be used: the comment of its failure has to be
// the one of its plan.
func LooseLabel(ctx context.Context, paths []string) string {
	for _, path := range ManifestFiles(paths) {
		text, err := input.Read(ctx, path, 1<<20)
		if err != nil {
			continue
		}
		if m := labelLine().FindSubmatch(text); m != nil {
			return string(m[1])
		}
	}
	return ""
}

var labelLine = stdsync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^cluster:[ \t]*["']?([A-Za-z0-9_./:-][A-Za-z0-9_./: -]{0,62}?)["']?[ \t\r]*(?:#.*)?$`)
})

// aliasesOf is how many aliases a manifest binds; it may be nil.
func aliasesOf(m *manifest.Manifest) int {
	n := 0
	if m != nil {
		for _, d := range m.Databases {
			n += len(d.Aliases)
		}
	}
	return n
}
