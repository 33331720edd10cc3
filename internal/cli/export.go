package cli

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/urfave/cli/v2"

	"aliasctl/manifest"
)

func exportCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write a manifest of what the cluster has",
		Description: "Reads only. The output is ready to commit: the first apply of it adopts what is\n" +
			"there and changes nothing in the cluster.\n\n" +
			"Example:   aliasctl export --match 'products*' > aliases.yaml\n" +
			"           aliasctl export --all-databases | aliasctl sync --dry-run -f -",
		Flags: flagList([]cli.Flag{
			&cli.StringSliceFlag{Name: "database", Usage: "export the database `NAME` (default: default); repeatable"},
			&cli.BoolFlag{Name: "all-databases", Usage: "export every database"},
			&cli.StringFlag{Name: "match", Usage: "export the aliases that match `PATTERN` alone, with * and ?"},
		}, connectionFlags()),
		Action: func(c *cli.Context) error { return export(c, s) },
	}
}

func export(c *cli.Context, s *streams) error {
	databases := c.StringSlice("database")
	if len(databases) > 0 && c.Bool("all-databases") {
		return usagef("", "--database and --all-databases exclude each other")
	}
	pattern := c.String("match")
	if _, err := path.Match(pattern, ""); err != nil {
		return usagef("write `--match 'products*'`", "--match %q: %v", pattern, err)
	}
	if c.String("uri") == "" {
		return usagef("give --uri, or set MILVUS_URI", "the cluster has no address")
	}
	conn, err := connect(c, s, false)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader, err := conn.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	signals := s.watchSignals(func() {})
	defer signals.stop()
	failed := func(err error) error {
		return &failedError{what: fmt.Sprintf("cannot read the cluster: %v", err), hint: hintOf(err), err: err}
	}
	named := len(databases) > 0
	if len(databases) == 0 {
		databases = []string{manifest.DefaultDatabase}
	}
	if c.Bool("all-databases") {
		if databases, err = reader.ListDatabases(signals.soft); err != nil {
			return failed(err)
		}
		named = true
	}
	slices.Sort(databases)
	var m manifest.Manifest
	for _, name := range slices.Compact(databases) {
		bindings, err := reader.Bindings(signals.soft, name)
		if err != nil {
			return failed(err)
		}
		d := manifest.Database{Name: name, Named: named || name != manifest.DefaultDatabase}
		for _, alias := range slices.Sorted(maps.Keys(bindings)) {
			if ok, _ := path.Match(pattern, alias); ok || pattern == "" {
				d.Aliases = append(d.Aliases, manifest.Alias{Name: alias, Collection: bindings[alias]})
			}
		}
		if len(d.Aliases) > 0 {
			m.Databases = append(m.Databases, d)
		}
	}
	if len(m.Databases) == 0 {
		return &failedError{what: "there is no alias to export", hint: "check --database and --match, and whether the token may see aliases: `aliasctl doctor`"}
	}
	if err := manifest.Encode(s.out, &m); err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	return nil
}
