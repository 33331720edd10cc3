package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/term"

	"aliasctl/internal/emulator"
	"aliasctl/internal/layout"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report"
	"aliasctl/internal/report/github"
	"aliasctl/internal/safetext"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

// streams is the only voice of the program: stdout is the answer, stderr is
// the conversation. Once the token is known, nothing that holds it gets out.
type streams struct {
	in       io.Reader
	out, err io.Writer
	lookup   func(string) (string, bool)
	redactor *milvus.Redactor
	noColor  bool
	args     []string        // the command line
	owned    bool            // the process ends when Main returns
	events   *eventLog       // of --log-format json: then stderr has nothing else
	found    report.Document // the last plan, or drift, for the outputs of a pipeline
	written  map[string]bool // the output files that are of this run
	reads    []string        // what the run reads and keeps, as far as it is known
	made     *report.Origin  // of the reports, once it is known
	label    string          // of the cluster, as far as it is known
	document bool            // standard output is for one document
	answered bool            // which was written
}

// Secret keeps the token out of everything that is shown from now on.
func (s *streams) Secret(token string) { s.redactor = milvus.NewRedactor(token) }

// Label keeps the label of the cluster for a failure.
func (s *streams) Label(label string) { s.label = label }

// variable is an environment variable; blank counts as unset.
func (s *streams) variable(name string) string {
	value, _ := s.lookup(name)
	return strings.TrimSpace(value)
}

func (s *streams) redact(text string) string {
	if s.redactor == nil {
		return text
	}
	return s.redactor.Redact(text)
}

// safe is a foreign value as it may be printed: without the token, on one line,
// and without anything that a terminal or a CI runner acts upon.
func (s *streams) safe(text string) string { return safetext.Line(s.redact(text)) }

// safeArgs makes the texts among the arguments of a format safe. What is of
// another type is a number, a time or the like.
func (s *streams) safeArgs(args []any) []any {
	safe := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			safe[i] = s.safe(arg)
		case error:
			safe[i] = s.safe(arg.Error())
		case fmt.Stringer:
			safe[i] = s.safe(arg.String())
		default:
			safe[i] = arg
		}
	}
	return safe
}

// answer prints to standard output. Its arguments may be foreign, the format is
// not.
func (s *streams) answer(format string, args ...any) error {
	_, err := io.WriteString(s.out, fit(fmt.Sprintf(format, s.safeArgs(args)...), s.style(s.out).Width))
	return err
}

// answerJSON prints a value to standard output, indented.
func (s *streams) answerJSON(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(safetext.JSON(text), '\n'))
	return err
}

// line writes one line of the conversation, which is safe already.
func (s *streams) line(text string) { fmt.Fprintln(s.err, fit(text, s.style(s.err).Width)) }

// say writes a line of the conversation. Its arguments may be foreign, the format
// is not.
func (s *streams) say(format string, args ...any) {
	if text := fmt.Sprintf(format, s.safeArgs(args)...); s.events != nil {
		s.events.write(event{Event: "message", Text: text})
	} else {
		s.line(text)
	}
}

// sayStack writes the lines of a stack.
func (s *streams) sayStack(stack []byte) {
	for line := range strings.Lines(string(stack)) {
		s.say("%s", strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    "))
	}
}

func (s *streams) warn(text string) {
	if s.events != nil {
		s.events.write(event{Event: "warning", Text: s.safe(text)})
		return
	}
	s.line("aliasctl: warning: " + s.safe(text))
}

// fail ends a command: it says why it failed, and returns the exit code.
func (s *streams) fail(err error) (code int) {
	if err == nil {
		return int(sync.OK)
	}
	failed := sync.FailureOf(err)
	if failed.Code != sync.Pending { // which is an answer
		s.explain(err, failed)
	}
	return int(failed.Code)
}

// explain prints a failure by the grammar `error: WHAT: WHY`, `hint: what helps`.
// Manifest problems have their own form, which editors and CI systems find.
func (s *streams) explain(err error, failed *sync.Failure) {
	problems, bad := manifest.AsProblems(err)
	switch {
	case s.events != nil:
		if bad {
			s.annotate(problems)
			for _, m := range s.mistakes(problems) {
				s.events.write(event{Event: "problem", Text: m.Message, Hint: m.Hint, Place: &m.Place, Rule: m.Rule})
			}
		}
		for i, line := range failed.Lines {
			failed.Lines[i] = s.redact(line)
		}
		s.events.write(event{Event: "error", Text: s.redact(failed.What), Hint: s.redact(failed.Hint), Details: failed.Lines})
		return
	case errors.As(err, new(*emulator.SeedError)):
		s.line(s.redact(err.Error())) // lines of FILE:LINE:COLUMN, like those of a manifest
		return
	case bad:
		s.line(s.redact(problems.Error()))
		s.annotate(problems)
		return
	}
	s.say("aliasctl: error: %s", err)
	for _, line := range failed.Lines {
		s.say("  - %s", line)
	}
	if failed.Hint != "" {
		s.say("aliasctl: hint: %s", failed.Hint)
	}
}

// annotate writes problems as commands of a workflow, where this is one. GitHub reads
// them from both streams; a document, and a log of events, have nothing between their
// lines.
func (s *streams) annotate(problems *manifest.Problems) {
	to := s.out
	switch {
	case !s.inGitHubActions(), s.document && s.events != nil:
		return
	case s.document:
		to = s.err
	}
	_ = github.Annotations(to, problems, s.inRepository) // the problems themselves were told
}

// narrowest is the least width that anything is laid out for.
const narrowest = 40

// style is how text goes to a writer: colour only on a terminal, and never
// against NO_COLOR or --no-color; a width on a terminal, or where COLUMNS has one
// for the streams (never for a file).
func (s *streams) style(w io.Writer) layout.Style {
	style := layout.Style{}
	if w == s.out || w == s.err {
		if n, err := strconv.Atoi(s.variable("COLUMNS")); err == nil && n > 0 {
			style.Width = max(n, narrowest)
		}
	}
	if !isTerminal(w) {
		return style
	}
	if f, ok := w.(descriptor); ok && style.Width == 0 {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			style.Width = width
		}
	}
	if sync.InCI(s.lookup) { // a runner may give a terminal, and its log is read as text
		return style
	}
	_, set := s.lookup("NO_COLOR")
	style.Color = !s.noColor && !(set && s.variable("NO_COLOR") != "") && s.variable("TERM") != "dumb"
	return style
}

// asksPeople reports whether a person can answer a question.
func (s *streams) asksPeople() bool {
	return isTerminal(s.in) && isTerminal(s.err) && s.variable("CI") == ""
}

// descriptor is a stream that may be a terminal: an *os.File or a *pipe.
type descriptor interface{ Fd() uintptr }

func isTerminal(stream any) bool {
	f, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(f.Fd()))
}
