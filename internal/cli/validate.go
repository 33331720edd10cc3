package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/layout"
	"aliasctl/internal/quantity"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

func validateCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "validate",
		Usage: "check manifests, offline and without credentials",
		Description: "Reports every problem of every file in one run, as FILE:LINE:COLUMN: error: ...\n\n" +
			"Example:   aliasctl validate -f aliases.yaml --var rev=v42\n" +
			"           aliasctl validate --explain products",
		Flags: flagList(manifestFlags(o), []cli.Flag{
			&cli.StringSliceFlag{Name: "explain", Action: store(&o.explain), Category: categoryOutput,
				Usage: "show each field of `ALIAS` (or DATABASE/ALIAS) and where it comes from: the alias, a profile or the defaults; repeatable"},
		}),
		Action: o.action(s, func(c *cli.Context) error { return validate(c, o, s) }),
	}
}

func validate(c *cli.Context, o *options, s *streams) error {
	var origin manifest.Origin
	m, err := sync.Manifest(c.Context, o.alone(s), &origin)
	if err != nil {
		return err
	}
	if len(o.explain) > 0 {
		return s.explainOrigin(origin, m, o.explain)
	}
	aliases, retirees := 0, 0
	for _, d := range m.Databases {
		aliases += len(d.Aliases)
		retirees += len(d.Retire)
	}
	_, err = fmt.Fprintf(s.out, "valid: %s, %s to retire, %s\n", quantity.Of(aliases, "alias"),
		quantity.Of(retirees, "collection"), quantity.Of(len(m.Databases), "database"))
	return err
}

// explainOrigin shows what holds for the aliases with these names.
func (s *streams) explainOrigin(origin manifest.Origin, m *manifest.Manifest, names []string) error {
	named := func(name, database, alias string) bool { return name == alias || name == database+"/"+alias }
	for _, name := range names {
		known := slices.ContainsFunc(m.Databases, func(d manifest.Database) bool {
			return slices.ContainsFunc(d.Aliases, func(a manifest.Alias) bool { return named(name, d.Name, a.Name) })
		})
		if !known {
			return sync.Usagef("write the name of an alias, or DATABASE/ALIAS", "--explain: the manifest has no alias %q", name)
		}
	}
	explained, err := origin.Explain(func(database, alias string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return named(name, database, alias) })
	})
	if err != nil {
		return err
	}
	return s.explainAliases(explained)
}

// explainAliases prints a table for each alias.
func (s *streams) explainAliases(all []manifest.Explanation) error {
	for i, e := range all {
		if i > 0 {
			if err := s.answer("\n"); err != nil {
				return err
			}
		}
		name := e.Alias
		if e.Database != manifest.DefaultDatabase {
			name = e.Database + "/" + name
		}
		if err := s.answer("%s at %s\n\n", name, e.Pos); err != nil {
			return err
		}
		var rows [][]string
		for _, f := range e.Fields {
			at := ""
			if f.Pos.Line > 0 {
				// The file stands in the title, where it is the same.
				at = strings.TrimPrefix(f.Pos.String(), e.Pos.File+":")
			}
			rows = append(rows, []string{s.safe(f.Name), s.safe(f.Value), s.safe(f.From), s.safe(at)})
		}
		if err := s.explainTable(append([][]string{{"FIELD", "VALUE", "FROM", "AT"}}, rows...)); err != nil {
			return err
		}
	}
	return nil
}

// explainTable prints rows in columns. Where a width is set, long values go on below
// themselves.
func (s *streams) explainTable(rows [][]string) error {
	const value, gap, narrow = 1, 2, 16
	widths := make([]int, 4)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if width := s.style(s.out).Width; width > 0 {
		room := width
		for i, w := range widths {
			if i != value {
				room -= w + gap
			}
		}
		if room < narrow {
			return writeBlocks(s.out, rows[0], rows[1:], width)
		}
		widths[value] = min(widths[value], room)
	}
	var b strings.Builder
	for _, row := range rows {
		lines := layout.Break(row[value], widths[value])
		for i, line := range lines {
			cells := []string{"", line, "", ""}
			if i == 0 {
				cells = []string{row[0], line, row[2], row[3]}
			}
			text := ""
			for j, cell := range cells {
				text += cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+gap)
			}
			b.WriteString(strings.TrimRight(text, " ") + "\n")
		}
	}
	_, err := io.WriteString(s.out, b.String())
	return err
}

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
