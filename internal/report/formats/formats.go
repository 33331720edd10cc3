// Package formats finds the printer of a report by the name that `-o` takes.
package formats

import (
	"fmt"
	"io"
	"strings"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/diff"
	"aliasctl/internal/report/gitlab"
	"aliasctl/internal/report/html"
	"aliasctl/internal/report/json"
	"aliasctl/internal/report/markdown"
	"aliasctl/internal/report/slack"
	"aliasctl/internal/report/text"
)

// Format is the name of a printer, as `-o` takes it.
type Format string

// The formats.
const (
	Text     Format = "text"
	Diff     Format = "diff"
	JSON     Format = "json"
	Markdown Format = "markdown"
	HTML     Format = "html"
	// GitLab is the JSON of GitLab's artifacts:reports:terraform: three counts.
	GitLab Format = "gitlab-terraform"
	// Slack is a message with the summary.
	Slack Format = "slack"
	// Dotenv is a file of GitLab's artifacts:reports:dotenv: outputs for later jobs.
	Dotenv Format = "dotenv"
)

// All lists the formats in the order in which help shows them.
func All() []Format { return []Format{Text, Diff, JSON, Markdown, HTML, GitLab, Slack, Dotenv} }

// Whole reports that a report in this format is one document with the results in
// it, to be written once, when everything is known.
func (f Format) Whole() bool { return f != Text && f != Diff }

// Parse finds a format by its name.
func Parse(name string) (Format, error) {
	var names []string
	for _, f := range All() {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", &FormatError{Name: name, Known: names}
}

// FormatError is a format that does not exist.
type FormatError struct {
	Name  string
	Known []string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("no format %q: want one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Texts prints how one text, which has a name, becomes another, as a unified diff.
func Texts(w io.Writer, name, before, after string, s layout.Style) error {
	return diff.Texts(w, name, before, after, s)
}

// Write prints a whole document in one format. The only errors are those of w.
func Write(w io.Writer, f Format, d report.Document, s layout.Style) error {
	switch f {
	case Text:
		return text.Write(w, d, s)
	case Diff:
		return diff.Write(w, d, s)
	case JSON:
		return json.Write(w, d)
	case Markdown:
		return markdown.Write(w, d)
	case HTML:
		return html.Write(w, d)
	case GitLab:
		return gitlab.Terraform(w, d)
	case Slack:
		return slack.Write(w, d)
	case Dotenv:
		return gitlab.Dotenv(w, d)
	}
	return &FormatError{Name: string(f)}
}
