package manifest

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"
)

// Options are what a manifest depends on beside its text.
type Options struct {
	// Vars are values for ${NAME} that win over all others.
	Vars map[string]string
	// LookupEnv is asked for ALIASCTL_VAR_NAME; nil means that there is no
	// environment. In a program it is os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// Stdin is what the path "-" reads; nil means that there is none.
	Stdin io.Reader
}

// Load reads the manifests at the given paths and merges their documents. A
// path is a file, a directory, which stands for its *.yaml and *.yml files in
// the order of their names, or "-" for the standard input. No path at all
// means DefaultPath.
//
// The error is a *SourceError when a path cannot be read, else a *Problems
// with everything that is wrong in all files, else an *UnusedVarError when a
// variable of opts.Vars is used nowhere. All three are mistakes of the user.
func Load(paths []string, opts Options) (*Manifest, error) {
	files, err := sourceFiles(paths)
	if err != nil {
		return nil, err
	}
	l := newLoader(opts)
	for _, path := range files {
		name := path
		if path == StdinPath {
			name = StdinName
		}
		data, err := readSource(path, opts.Stdin)
		switch {
		case errors.Is(err, errTooLarge):
			l.refuse(name)
		case err != nil:
			return nil, &SourceError{path, err}
		default:
			l.add(name, data)
		}
	}
	return l.finish()
}

// Parse is Load for one manifest in memory. name stands for the file in
// positions.
func Parse(name string, data []byte, opts Options) (*Manifest, error) {
	l := newLoader(opts)
	if len(data) > maxBytes {
		l.refuse(name)
	} else {
		l.add(name, data)
	}
	return l.finish()
}

// loader takes in one file after the other.
type loader struct {
	collector
	merger    *merger
	variables *variables
	files     []string
}

func newLoader(opts Options) *loader {
	l := &loader{variables: newVariables(opts.Vars, opts.LookupEnv)}
	l.merger = newMerger(&l.collector)
	return l
}

// refuse takes in a file that is too large to be read.
func (l *loader) refuse(file string) {
	l.files = append(l.files, file)
	l.report(Position{file, 1, 1}, "split it into several files", "the file is larger than %d MiB", maxBytes>>20)
}

// add takes in the documents of one file.
func (l *loader) add(file string, data []byte) {
	l.files = append(l.files, file)
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	reportAt := func(line, column int, hint, format string, args ...any) {
		l.report(Position{file, line, column}, hint, format, args...)
	}
	text, ok := checkEncoding(data, reportAt)
	if !ok {
		return
	}
	if line := tagDirective(text); line > 0 {
		reportAt(line, 1, "a manifest needs no tags", "the directive %%TAG is not supported")
		return
	}
	lines := &lineReader{rest: text}
	dec := yaml.NewDecoder(lines)
	d := &document{loader: l, file: file, lines: lines, repaired: !bytes.Equal(text, data)}
	var node yaml.Node
	for d.first = true; ; d.first = false {
		switch err := decodeNode(dec, &node); {
		case errors.Is(err, io.EOF):
			if d.first {
				reportAt(1, 1, "a manifest starts with: version: 1", "the file is empty")
			}
			return
		case err != nil:
			line, message, hint := syntaxError(text, err, lines.count)
			reportAt(line, 1, hint, "%s", message)
			return
		}
		d.read(&node)
	}
}

func (l *loader) finish() (*Manifest, error) {
	l.merger.checkClashes()
	if err := l.err(l.files); err != nil {
		return nil, err
	}
	if err := l.variables.unused(); err != nil {
		return nil, err
	}
	return &l.merger.manifest, nil
}
