// Package github writes what GitHub Actions reads in a log.
package github

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	"aliasctl/manifest"
)

// Annotations writes the problems of a manifest as commands of GitHub Actions,
// which shows each at its line of the pull request. The only errors are those
// of w. GitHub looks for a file from the root of the repository: place turns the
// name of one into that.
//
// A command ends with its line, and a property with a comma or a colon; GitHub
// reads them back from %0A and the like
// (docs.github.com, "Workflow commands for GitHub Actions").
func Annotations(w io.Writer, problems *manifest.Problems, place func(string) string) error {
	b := bufio.NewWriter(w)
	for _, p := range problems.List {
		message := report.Mistake{Message: p.Message, Hint: p.Hint}.Text()
		fmt.Fprintf(b, "::error file=%s,line=%s,col=%s::%s\n", annotationProperty(place(p.Pos.File)),
			strconv.Itoa(p.Pos.Line), strconv.Itoa(p.Pos.Column), annotationText(message))
	}
	if more := report.MoreMistakes(problems.More); more != "" {
		fmt.Fprintf(b, "::error::%s\n", annotationText(more))
	}
	return b.Flush()
}

var (
	annotationEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes   = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotationText is the message of a command. What a log would act upon and
// GitHub has no escape for is shown as everywhere else.
func annotationText(s string) string { return safetext.Line(annotationEscapes.Replace(s)) }

// annotationProperty is one value between the commas.
func annotationProperty(s string) string { return safetext.Line(propertyEscapes.Replace(s)) }
