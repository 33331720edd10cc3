package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/input"
)

// Options are what a manifest depends on beside its text.
type Options struct {
	// Vars are values for ${NAME} that win over all others.
	Vars map[string]string
	// LookupEnv is asked for ALIASCTL_VAR_NAME; nil means that there is no
	// environment. In a program it is os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// Context ends the reading of files and of Stdin; nil means that nothing does.
	Context context.Context
	// Stdin is what the path "-" reads; nil means that there is none.
	Stdin io.Reader
	// Golden looks at each golden file that the manifests name, once by its path; what
	// is wrong with it is a problem of the manifest, with a hint. nil reads none.
	Golden func(*Golden) (hint string, err error)
	// Origin, when it is not nil, is filled with what was read.
	Origin *Origin
}

// Load reads the manifests at the given paths and merges their documents. A
// path is a file, a directory, which stands for its *.yaml and *.yml files in
// the order of their names, or "-" for the standard input. No path at all
// means DefaultPath.
//
// The error is a *Problems with everything that is wrong in all files, paths
// that cannot be read among it, else an *UnusedVarError when a variable of
// opts.Vars is used nowhere. Both are mistakes of the user.
func Load(paths []string, opts Options) (*Manifest, error) {
	l := newLoader(opts)
	ctx := opts.Context
	if ctx == nil {
		ctx = context.Background()
	}
	for _, s := range sourcesOf(paths) {
		if data, err := s.read(ctx, opts.Stdin); err != nil {
			l.refuse(s.name(), err)
		} else {
			opts.Origin.keep(s.name(), data)
			l.add(s.name(), data)
		}
	}
	m, err := l.finish()
	if opts.Origin != nil {
		opts.Origin.Vars = l.variables.origin()
	}
	return m, err
}

// loader takes in one file after the other.
type loader struct {
	collector
	merger    *merger
	variables *variables
	golden    func(*Golden) (hint string, err error)
	files     []string
	wanted    func(database, alias string) bool // what is explained, nil for nothing
	explained []Explanation
}

func newLoader(opts Options) *loader {
	l := &loader{variables: newVariables(opts.Vars, opts.LookupEnv), golden: opts.Golden}
	l.merger = newMerger(&l.collector)
	return l
}

// refuse takes in what cannot be read.
func (l *loader) refuse(file string, err error) {
	l.files = append(l.files, file)
	at := Position{file, 1, 1}
	var path *fs.PathError
	switch {
	case input.IsTooLarge(err):
		l.report(FileTooLarge, at, "split it into several files", "the file is larger than %d MiB", maxBytes>>20)
	case errors.As(err, &path): // its path is the position
		l.report(UnreadableFile, at, "`-f FILE` names the manifest; the default is aliases.yaml", "the manifest cannot be read: %v", path.Err)
	default:
		l.report(UnreadableFile, at, "", "the manifest cannot be read: %v", err)
	}
}

// add takes in the documents of one file.
func (l *loader) add(file string, data []byte) {
	l.files = append(l.files, file)
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	reportAt := func(rule RuleID, line, column int, hint, format string, args ...any) {
		l.report(rule, Position{file, line, column}, hint, format, args...)
	}
	text, ok := checkEncoding(data, reportAt)
	if !ok {
		return
	}
	if line := tagDirective(text); line > 0 {
		reportAt(YAMLTag, line, 1, "a manifest needs no tags", "the directive %%TAG is not supported")
		return
	}
	lines := &lineReader{rest: text}
	dec := yaml.NewDecoder(lines)
	d := &document{loader: l, file: file, lines: lines, repaired: !bytes.Equal(text, data)}
	var node yaml.Node
	for d.first = true; ; d.first = false {
		switch err := decodeNode(dec, &node); {
		case errors.Is(err, io.EOF):
			switch {
			case d.first:
				reportAt(EmptyManifest, 1, 1, "a manifest starts with: version: 1", "the file is empty")
			case !d.filled:
				reportAt(EmptyManifest, 1, 1, "a manifest starts with: version: 1", "every document of the file is empty")
			}
			return
		case err != nil:
			if d.first && !resembles(text) {
				l.refuseForeign(file)
				return
			}
			line, message, hint := syntaxError(text, err, lines.count)
			reportAt(InvalidYAML, line, 1, hint, "%s", message)
			return
		}
		if d.first && !manifestLike(node.Content[0]) {
			l.refuseForeign(file)
			return
		}
		d.read(&node)
	}
}

// refuseForeign takes in a file that is something other than a manifest. What is in
// it is not shown: in a pull request a link may lead to a file with secrets.
func (l *loader) refuseForeign(file string) {
	l.report(NotAManifest, Position{file, 1, 1}, "a manifest starts with: version: 1", "this is not a manifest: it has neither a version nor aliases")
}

// markers are the fields of which a manifest has one at least.
var markers = []string{"version", "aliases", "retire", "release"}

// manifestLike reports that a document is a manifest, perhaps with mistakes. One that
// is empty is, too.
func manifestLike(root *yaml.Node) bool {
	if formOf(root) == null {
		return true
	}
	if root = target(root); root.Kind != yaml.MappingNode {
		return false
	}
	for key, value := range pairs(root) {
		if key.Value == "version" && formOf(target(value)) == number || key.Value != "version" && slices.Contains(markers, key.Value) {
			return true
		}
	}
	return false
}

// resembles is manifestLike for a text that cannot be decoded.
func resembles(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimLeft(line, " \t{\"'")
		for _, field := range markers {
			if rest, ok := bytes.CutPrefix(line, []byte(field)); ok && len(bytes.TrimLeft(rest, "\"' \t")) > 0 && bytes.TrimLeft(rest, "\"' \t")[0] == ':' {
				return true
			}
		}
	}
	return false
}

func (l *loader) finish() (*Manifest, error) {
	l.merger.checkClashes()
	l.checkGolden()
	if err := l.err(l.files); err != nil {
		return nil, err
	}
	if err := l.variables.unused(); err != nil {
		return nil, err
	}
	return &l.merger.manifest, nil
}

// checkGolden lets the golden files be looked at, also those of a manifest that has
// other mistakes.
func (l *loader) checkGolden() {
	if l.golden == nil {
		return
	}
	for _, g := range l.merger.manifest.Golden() {
		if hint, err := l.golden(g); err != nil {
			p := GoldenProblem(g, hint, err)
			l.report(p.Rule, p.Pos, p.Hint, "%s", p.Message)
		}
	}
}

// GoldenProblem is that of a golden file which cannot be used.
func GoldenProblem(g *Golden, hint string, err error) Problem {
	return Problem{Rule: GoldenFile, Pos: g.Pos, Message: fmt.Sprintf("golden: %v", err), Hint: hint}
}
