package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/cli/redact"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/text"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/sync"
)

// outputs is where a report goes: standard output in one format, and files.
// All of them show one computation.
type outputs struct {
	format formats.Format
	files  []outputFile
	plan   string // of --plan-out
	chosen bool   // the format, by a flag or a variable
}

type outputFile struct {
	format formats.Format
	path   string
}

// outputs are where the reports a command go.
func (o *options) outputs() (outputs, error) {
	to := outputs{plan: o.PlanOut, chosen: o.outputChosen}
	var err error
	if to.format, err = formats.Parse(o.output); err != nil {
		return to, sync.Usagef(formatHint(), "--output: %v", err)
	}
	for _, v := range o.outputFiles {
		name, path, ok := strings.Cut(v, "=")
		if !ok || path == "" {
			return to, sync.Usagef("write `--output-file json=plan.json`", "--output-file %q is not FORMAT=PATH", v)
		}
		format, err := formats.Parse(name)
		if err != nil {
			return to, sync.Usagef(formatHint(), "--output-file: %v", err)
		}
		to.files = append(to.files, outputFile{format, path})
	}
	return to, nil
}

// paths are the files that are written.
func (o outputs) paths() []string {
	var paths []string
	if o.plan != "" {
		paths = append(paths, o.plan)
	}
	for _, f := range o.files {
		paths = append(paths, f.path)
	}
	return paths
}

// apart refuses files to write that would overwrite each other, the state or
// what the run reads.
//
// A link that leaves its directory is an *atomicfile.LinkError.
func (o outputs) apart(state string, inputs []string) error {
	taken := map[string]string{}
	take := func(path, what string) {
		if path != "" && path != "-" && !stores.IsRemote(path) {
			taken[real(path)] = what
		}
	}
	take(state, "the state")
	if state != "" {
		take(state+".lock", "the lock of the state")
		take(state+".backup", "the backup of the state")
	}
	for _, path := range inputs {
		take(path, "what this run reads")
	}
	for _, path := range o.paths() {
		if _, err := atomicfile.Target(path); err != nil {
			return err
		}
	}
	if what := taken[real(o.plan)]; o.plan != "" && what != "" {
		return sync.Usagef("choose another path", "--plan-out %s would overwrite %s", o.plan, what)
	}
	take(o.plan, "the plan of --plan-out")
	for _, f := range o.files {
		if what := taken[real(f.path)]; what != "" {
			return sync.Usagef("choose another path", "--output-file %s=%s would overwrite %s", f.format, f.path, what)
		}
		take(f.path, "another output file")
	}
	return nil
}

// real is a path without symbolic links, as far as it exists.
func real(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func formatHint() string {
	names := make([]string, 0, len(formats.All()))
	for _, f := range formats.All() {
		names = append(names, string(f))
	}
	return "the formats are " + strings.Join(names, ", ")
}

// write shows a report that will not change any more.
func (o outputs) write(s *streams, d report.Document) error {
	if err := o.answer(s, d); err != nil {
		return err
	}
	return o.writeFiles(s, d)
}

// inEvents reports that the report is an event, and standard output stays empty: of
// --log-format json nobody wants a log with text between its lines, and a pod has
// one log for both.
func (o outputs) inEvents(s *streams) bool { return s.events != nil && !o.chosen }

// answer shows a report on standard output, or as an event.
func (o outputs) answer(s *streams, d report.Document) error {
	if !o.inEvents(s) {
		s.answered = true
		return o.render(s, s.out, o.format, d)
	}
	var text bytes.Buffer
	if err := o.render(s, &text, formats.JSON, d); err != nil {
		return err
	}
	s.events.write(event{Event: "report", Report: text.Bytes()})
	return nil
}

// before shows the plan before it is applied: people and logs see it before
// anything happens. A format that is one document is written at the end. The files
// are tried now, because after the apply it would be too late to find out
// that they cannot be written.
func (o outputs) before(s *streams, r report.Report) error {
	for _, f := range o.files {
		if err := atomicfile.Check(f.path); err != nil {
			return fmt.Errorf("cannot write the output file: %w", err)
		}
	}
	if o.inEvents(s) || o.format.Whole() {
		return nil
	}
	return o.render(s, s.out, o.format, r)
}

// after shows what became of the plan.
func (o outputs) after(s *streams, r report.Report) error {
	var err error
	switch {
	case o.inEvents(s) || o.format.Whole():
		err = o.answer(s, r)
	case len(r.Results) == 0: // nothing was to do, and the plan showed so
	case o.format == formats.Text:
		if _, err = io.WriteString(s.out, "\n"); err == nil {
			err = s.results(s.out, r)
		}
	case s.events != nil: // each result was an event
	default: // a diff has no place for results
		err = s.results(s.err, r)
	}
	if err != nil {
		return fmt.Errorf("cannot write the results: %w", err)
	}
	return o.writeFiles(s, r)
}

func (s *streams) results(w io.Writer, r report.Report) error {
	return text.Results(w, s.redactedDocument(r).(report.Report), s.style(w))
}

func (o outputs) writeFiles(s *streams, d report.Document) error {
	for _, f := range o.files {
		if err := o.writeFile(s, f, d); err != nil {
			return fmt.Errorf("cannot write the output file: %w", err)
		}
	}
	return nil
}

func (o outputs) writeFile(s *streams, f outputFile, d report.Document) error {
	var content bytes.Buffer
	if err := o.render(s, &content, f.format, d); err != nil {
		return err
	}
	write := func() error { return atomicfile.Write(f.path, content.Bytes(), 0o644) }
	if s.isSummary(f.path) {
		write = func() error { return addTo(f.path, content.Bytes()) }
	}
	err := write()
	if err == nil {
		if s.written == nil {
			s.written = make(map[string]bool)
		}
		s.written[f.path] = true
	}
	return err
}

// tellOrigin reports that a report of these tells of its run.
func (o outputs) tellOrigin() bool {
	return tellsOrigin(o.format) || slices.ContainsFunc(o.files, func(f outputFile) bool { return tellsOrigin(f.format) })
}

func tellsOrigin(f formats.Format) bool {
	return f == formats.Markdown || f == formats.HTML || f == formats.Slack
}

// isSummary reports that a path is the summary that steps of a workflow write to, one
// after the other: nothing in it is of an earlier run of ours.
func (s *streams) isSummary(path string) bool {
	summary := s.variable("GITHUB_STEP_SUMMARY")
	return summary != "" && real(summary) == real(path)
}

// addTo appends a text to a file, below a blank line.
func addTo(path string, text []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		text = append([]byte("\n"), text...)
	}
	return appendTo(path, string(text))
}

// appendTo appends a text to a file.
func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (o outputs) render(s *streams, w io.Writer, format formats.Format, d report.Document) error {
	flush := func() error { return nil }
	out := w
	if _, failed := d.(report.Failure); failed || tellsOrigin(format) {
		d = report.With(d, s.origin())
	} else {
		d = report.With(d, report.Origin{})
	}
	if format == formats.JSON { // its digest is that of the plan as it is
		out, flush = s.redactedJSON(w)
	} else {
		d = s.redactedDocument(d)
	}
	err := formats.Write(out, format, d, s.style(w))
	if err == nil {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// redactedDocument is a report without the token, as far as one is known.
func (s *streams) redactedDocument(d report.Document) report.Document {
	if s.redactor == nil {
		return d
	}
	return redact.Document(d, s.redact)
}

// redactedJSON is a writer of JSON without the token, as far as one is known.
func (s *streams) redactedJSON(w io.Writer) (out io.Writer, flush func() error) {
	if s.redactor == nil {
		return w, func() error { return nil }
	}
	return redact.JSON(w, s.redact)
}
