package cli

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/quantity"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

func setCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:      "set",
		Usage:     "bind aliases to other collections in the manifest itself",
		ArgsUsage: "[[DATABASE/]ALIAS=COLLECTION...]",
		Description: "Edits the files in place and prints the diff. Comments, order, quotes and line\n" +
			"ends stay as they are. The result has to be valid, or nothing is written. No\n" +
			"cluster is asked: the last line of an index build can open the pull request.\n\n" +
			"Example:   aliasctl set products=products_v43\n" +
			"           aliasctl set products=products_v43 --retire products_v41 -f prod.yaml",
		Flags: flagList(manifestFlags(o), []cli.Flag{
			&cli.StringSliceFlag{Name: "retire", Action: store(&o.retire), Category: categoryManifest, Usage: "add the collection `NAME` (or DATABASE/NAME) to `retire`; repeatable"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Category: categoryPlan, Usage: "print the diff and write nothing"},
			&cli.BoolFlag{Name: "no-color", Destination: &o.noColor, Category: categoryOutput, Usage: "no colour, also on a terminal" + variablesOf("no-color") + " [$NO_COLOR]"},
		}),
		Action: o.action(s, func(c *cli.Context) error { return set(c, o, s) }),
	}
}

func set(c *cli.Context, o *options, s *streams) error {
	edit, err := editOf(c.Args().Slice(), o.retire)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(o.Manifests, manifest.Nameless); i >= 0 {
		return sync.Usagef("name the file", "-f %s: a stream cannot be edited in place", o.Manifests[i])
	}
	var origin manifest.Origin
	if _, err := sync.Manifest(c.Context, o.alone(s), &origin); err != nil {
		return err
	}
	edited, err := origin.Edit(edit)
	if err != nil {
		return err
	}
	for _, l := range edited.Literal {
		s.warn(fmt.Sprintf("%s: %q had a variable and is written out now", l.Pos, l.Text))
	}
	for _, name := range edited.Unused {
		s.warn(fmt.Sprintf("no manifest uses the variable %q any more: a command with `--var %s=...` is refused", name, name))
	}
	if len(edited.Files) == 0 {
		s.say("aliasctl: nothing to change: the manifest has it all")
		return nil
	}
	for _, f := range edited.Files {
		if err := formats.Texts(s.out, f.Name, s.redact(string(f.Before)), s.redact(string(f.After)), s.style(s.out)); err != nil {
			return fmt.Errorf("cannot write the diff: %w", err)
		}
	}
	if o.dryRun {
		return nil
	}
	return replaceManifests(edited.Files)
}

var byteOrderMark = []byte("\ufeff")

// replaceManifests writes the files that have not changed meanwhile. A file that cannot
// be written is found before the first one is.
func replaceManifests(files []manifest.EditedFile) error {
	marked := make([]bool, len(files)) // which have a byte order mark, that no reader shows
	for i, f := range files {
		now, err := os.ReadFile(f.Name)
		if unmarked, found := bytes.CutPrefix(now, byteOrderMark); found && !bytes.HasPrefix(f.Before, byteOrderMark) {
			now, marked[i] = unmarked, true
		}
		switch {
		case err != nil:
			return &sync.Failure{Code: sync.Failed, What: fmt.Sprintf("cannot edit the manifest, nothing was written: %v", err), Err: err}
		case !bytes.Equal(now, f.Before):
			return &sync.Failure{Code: sync.Failed, What: fmt.Sprintf("%s was changed meanwhile; nothing was written", f.Name), Hint: "run the same command again"}
		}
		if err := atomicfile.Check(f.Name); err != nil {
			return &sync.Failure{Code: sync.Failed, What: fmt.Sprintf("cannot edit the manifest, nothing was written: %v", err), Hint: sync.FailureOf(err).Hint, Err: err}
		}
	}
	for i, f := range files {
		after := f.After
		if marked[i] {
			after = slices.Concat(byteOrderMark, after)
		}
		if err := atomicfile.Write(f.Name, after, 0o644); err != nil {
			return &sync.Failure{Code: sync.Failed, What: fmt.Sprintf("cannot edit the manifest, %s of %d written: %v", quantity.Phrase(i, "file was", "files were"), len(files), err),
				Hint: sync.FailureOf(err).Hint, Err: err}
		}
	}
	return nil
}

// editOf is what is to be edited.
func editOf(words, retire []string) (manifest.Edit, error) {
	var edit manifest.Edit
	for _, word := range words {
		name, collection, ok := strings.Cut(word, "=")
		if !ok || name == "" || collection == "" {
			return edit, sync.Usagef("write `aliasctl set products=products_v43`", "%q is not ALIAS=COLLECTION", word)
		}
		b := manifest.Rebinding{Alias: name, Collection: collection}
		if database, alias, ok := strings.Cut(name, "/"); ok {
			b.Database, b.Alias = database, alias
		}
		edit.Bind = append(edit.Bind, b)
	}
	for _, name := range retire {
		r := manifest.Retirement{Collection: name}
		if database, collection, ok := strings.Cut(name, "/"); ok {
			r.Database, r.Collection = database, collection
		}
		edit.Retire = append(edit.Retire, r)
	}
	if len(edit.Bind)+len(edit.Retire) == 0 {
		return edit, sync.Usagef("write `aliasctl set products=products_v43`, or `--retire NAME`", "there is nothing to set")
	}
	return edit, nil
}
