package sync

import (
	"context"
	"maps"
	"path"
	"slices"

	"aliasctl/manifest"
)

// Wanted reports what Export writes.
type Wanted struct {
	Databases []string // none for the default one
	All       bool     // every database
	Match     string   // the aliases alone that match, as path.Match has it
}

// Export is a manifest of what the cluster has. It reads only.
func Export(ctx context.Context, o Options, w Wanted) (*manifest.Manifest, error) {
	databases := w.Databases
	if len(databases) > 0 && w.All {
		return nil, Usagef("", "--database and --all-databases exclude each other")
	}
	if _, err := path.Match(w.Match, ""); err != nil {
		return nil, Usagef("write `--match 'products*'`", "--match %q: %v", w.Match, err)
	}
	if o.Cluster.URI == "" {
		return nil, Usagef("give --uri, or set MILVUS_URI", "the cluster has no address")
	}
	r := newRun(ctx, o)
	defer r.close()
	var err error
	if r.conn, err = r.connect(false); err != nil {
		return nil, err
	}
	reader, err := r.conn.reader()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	unread := func(err error) (*manifest.Manifest, error) {
		return nil, failed(hintOf(err), "cannot read the cluster: %v", err)
	}
	named := len(databases) > 0
	if len(databases) == 0 {
		databases = []string{manifest.DefaultDatabase}
	}
	if w.All {
		if databases, err = reader.ListDatabases(r.soft); err != nil {
			return unread(err)
		}
		named = true
	}
	slices.Sort(databases)
	var m manifest.Manifest
	for _, name := range slices.Compact(databases) {
		bindings, err := reader.Bindings(r.soft, name)
		if err != nil {
			return unread(err)
		}
		d := manifest.Database{Name: name, Named: named || name != manifest.DefaultDatabase}
		for _, alias := range slices.Sorted(maps.Keys(bindings)) {
			if ok, _ := path.Match(w.Match, alias); ok || w.Match == "" {
				d.Aliases = append(d.Aliases, manifest.Alias{Name: alias, Collection: bindings[alias]})
			}
		}
		if len(d.Aliases) > 0 {
			m.Databases = append(m.Databases, d)
		}
	}
	if len(m.Databases) == 0 {
		return nil, failed("check --database and --match, and whether the token may see aliases: `aliasctl doctor`", "there is no alias to export")
	}
	return &m, nil
}
