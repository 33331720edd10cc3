package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/layout"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report"
	"aliasctl/internal/report/mistakes"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

func validateCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "validate",
		Usage: "check manifests, offline and without credentials",
		Description: "Reports every problem of every file in one run, as FILE:LINE:COLUMN: error: ...\n\n" +
			"With another format than text they are a document on standard output too, for an\n" +
			"editor, a code host or a dashboard. docs/reference.md lists their rules.\n\n" +
			"Example:   aliasctl validate -f aliases.yaml --var rev=v42\n" +
			"           aliasctl validate -o sarif > aliases.sarif\n" +
			"           aliasctl validate --explain products",
		Flags: flagList(manifestFlags(o), []cli.Flag{
			&cli.StringSliceFlag{Name: "explain", Action: store(&o.explain), Category: categoryOutput,
				Usage: "show each field of `ALIAS` (or DATABASE/ALIAS) and where it comes from: the alias, a profile or the defaults; repeatable"},
			formatFlag(o, mistakeFormats()...),
		}),
		Action: o.action(s, func(c *cli.Context) error { return validate(c, o, s) }),
	}
}

func validate(c *cli.Context, o *options, s *streams) error {
	if err := o.oneOf(mistakeFormats()...); err != nil {
		return err
	}
	s.document = o.output != "text"
	if s.document && len(o.explain) > 0 {
		return sync.Usagef("leave one of them out", "--explain and --output %s exclude each other", o.output)
	}
	var origin manifest.Origin
	m, err := sync.Manifest(c.Context, o.alone(s), &origin)
	result := mistakes.Result{Program: version()}
	switch {
	case err != nil && !s.document:
		return err
	case err != nil:
		s.describe(&result, err, o)
	case len(o.explain) > 0:
		return s.explainOrigin(origin, m, o.explain)
	default:
		result.Databases = len(m.Databases)
		for _, d := range m.Databases {
			result.Aliases += len(d.Aliases)
			result.Retire += len(d.Retire)
		}
	}
	if !s.document {
		_, err := fmt.Fprintf(s.out, "valid: %s, %s to retire, %s\n", quantity.Of(result.Aliases, "alias"),
			quantity.Of(result.Retire, "collection"), quantity.Of(result.Databases, "database"))
		return err
	}
	for _, f := range origin.Files {
		result.Files = append(result.Files, s.redact(s.inRepository(f.Name)))
	}
	if wrong := mistakes.Write(s.out, mistakes.Format(o.output), result); wrong != nil {
		return fmt.Errorf("cannot write the report: %w", wrong)
	}
	return err
}

// mistakeFormats are the formats of validate.
func mistakeFormats() []string {
	names := []string{"text"}
	for _, f := range mistakes.All() {
		names = append(names, string(f))
	}
	return names
}

// describe puts into a result why manifests cannot be used.
func (s *streams) describe(r *mistakes.Result, err error, o *options) {
	if problems, bad := manifest.AsProblems(err); bad {
		r.Mistakes, r.More = s.mistakes(problems), problems.More
		return
	}
	failed := sync.FailureOf(err)
	if unused, ok := errors.AsType[*manifest.UnusedVarError](err); ok {
		// It is of the command line; code hosts show a mistake in a file alone.
		at := manifest.Position{File: cmp.Or(o.Manifests...), Line: 1, Column: 1}
		at.File = cmp.Or(at.File, manifest.DefaultPath)
		r.Mistakes = s.mistakes(&manifest.Problems{List: []manifest.Problem{{Rule: manifest.UnusedVariable, Pos: at, Message: unused.Error(), Hint: failed.Hint}}})
		return
	}
	r.Failed = &mistakes.Failure{What: s.redact(failed.What), Hint: s.redact(failed.Hint), Code: int(failed.Code)}
}

// mistakes are problems for machines, with paths from the root of the repository.
func (s *streams) mistakes(p *manifest.Problems) []report.Mistake {
	return report.NewMistakes(p.List, s.inRepository, s.redact)
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
