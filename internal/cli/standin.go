package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// standIns writes, for each --output-file that a failed run was asked for and has
// not written, a short report of the failure. What stood there before is of another
// manifest or another time, or a stranger has committed it: a pipeline that posts
// what it finds would show what does not hold. Standard output gets one too where it
// was to be a document: whoever parses it finds the error, not an empty file.
//
// It runs at the end of every run that failed, also of one whose command line could
// not be read, so it takes the files from the words of the command line.
func (s *streams) standIns(args []string, code int, err error) {
	if err == nil || len(args) < 2 || code == int(sync.Pending) {
		return
	}
	asked := slices.DeleteFunc(askedFiles(args), func(f outputFile) bool { return s.written[f.path] })
	format, document := s.askedDocument(args)
	document = document && !s.answered
	if len(asked) == 0 && !document {
		return
	}
	failure := s.failureOf(args[1], code, err)
	if document {
		_ = outputs{}.render(s, s.out, format, failure) // it was told on standard error
	}
	for _, f := range asked {
		if why := s.standIn(f, args, failure); why != nil {
			s.warn(fmt.Sprintf("the output file %q is not of this run: %v", f.path, why))
		}
	}
}

// askedDocument is the format of a report that is one document, where the command
// line asks for one on standard output.
func (s *streams) askedDocument(args []string) (formats.Format, bool) {
	if !slices.Contains([]string{"sync", "rollback", "drift", "show"}, args[1]) {
		return "", false
	}
	name := s.variable("ALIASCTL_OUTPUT")
	for flag, value := range flagWords(args) {
		if flag == "o" || flag == "output" {
			name = value
		}
	}
	format, err := formats.Parse(name)
	return format, err == nil && format.Whole()
}

// flagWords are the flags of a command line with their values, as far as its words
// can be read.
func flagWords(args []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i, word := range args {
			if word == "--" {
				return
			}
			name, value, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if !strings.HasPrefix(word, "-") {
				continue
			}
			if !joined && i+1 < len(args) {
				value = args[i+1]
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// askedFiles are the values of --output-file that have the right form.
func askedFiles(args []string) []outputFile {
	var files []outputFile
	for name, value := range flagWords(args) {
		if name != "output-file" {
			continue
		}
		kind, path, ok := strings.Cut(value, "=")
		if format, err := formats.Parse(kind); err == nil && ok && path != "" {
			files = append(files, outputFile{format, path})
		}
	}
	return files
}

func (s *streams) failureOf(command string, code int, err error) report.Failure {
	if s.label == "" { // nothing was read yet
		s.label = sync.LooseLabel(context.Background(), s.namedWords().manifests)
	}
	failed := sync.FailureOf(err)
	f := report.Failure{
		Command: command, What: failed.What, Hint: failed.Hint, Details: failed.Lines, Code: code,
		Cluster: planner.Cluster{Label: s.label}, Origin: s.origin(), Drift: command == "drift",
	}
	for _, c := range sync.Codes {
		if int(c.Code) == code {
			f.Meaning = strings.ReplaceAll(c.Meaning, "`", "")
		}
	}
	if problems, bad := manifest.AsProblems(err); bad {
		f.What, f.Hint = "the manifest cannot be used", "mend the lines that are named; `aliasctl validate` checks them"
		f.Details, f.Mistakes, f.More = nil, s.mistakes(problems), problems.More
		for _, p := range problems.List {
			f.Details = append(f.Details, strings.ReplaceAll(p.String(), "\n    hint:", "; hint:"))
		}
	}
	return f
}

// standIn writes a failure in place of one report. A link there that a report would
// not have followed is replaced itself: what it leads to must not be posted either.
func (s *streams) standIn(f outputFile, args []string, failure report.Failure) error {
	if s.precious(f.path, args) {
		return errors.New("it may be something that this run reads, and is left as it is")
	}
	if err := s.unlink(f.path, slices.Contains(args, "--follow-links")); err != nil {
		return err
	}
	return outputs{}.writeFile(s, f, failure)
}

// unlink removes a link that no report follows. What is behind a directory that is
// such a link is not ours to touch.
func (s *streams) unlink(path string, follow bool) error {
	leaves := func(path string) bool { return sync.CheckLinks(s.lookup, follow, "the output", path) != nil }
	_, out := atomicfile.Target(path)
	if out == nil && leaves(path) {
		out = &atomicfile.LinkError{Path: path, Target: real(path)}
	}
	if out == nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 || leaves(filepath.Dir(path)) {
		return out
	}
	return os.Remove(path)
}

// precious reports that a path may be that of a manifest, a golden file, a seed, a state
// or of anything else that the command line names. A run that ended before it knew
// all that it reads does not write there.
func (s *streams) precious(path string, args []string) bool {
	for _, ending := range []string{".yaml", ".yml", ".jsonl", ".state.json", "aliasctl-state.json", ".lock", ".backup"} {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	target := real(path)
	is := func(name string) bool {
		name = strings.TrimPrefix(name, statefile.Embedded)
		if name == "" || stores.IsRemote(name) {
			return false
		}
		return slices.Contains([]string{real(name), real(name + ".lock"), real(name + ".backup")}, target)
	}
	outputs := askedFiles(args)
	for _, word := range args[1:] {
		_, value, joined := strings.Cut(word, "=")
		if joined && slices.ContainsFunc(outputs, func(f outputFile) bool { return strings.HasSuffix(word, string(f.format)+"="+f.path) }) {
			continue
		}
		if is(word) || is(value) {
			return true
		}
	}
	for _, v := range variables {
		if slices.ContainsFunc(v.names, func(name string) bool { return is(s.variable(name)) }) {
			return true
		}
	}
	return slices.ContainsFunc(s.reads, is)
}
