// Package mistakes writes what is wrong with manifests in the formats that pipelines,
// editors and code hosts read. `aliasctl validate -o FORMAT` prints through it.
package mistakes

import (
	"fmt"
	"io"

	"aliasctl/internal/report"
)

// Format is the name of a format, as `-o` takes it.
type Format string

// The formats.
const (
	JSON        Format = "json"
	SARIF       Format = "sarif"       // of OASIS, version 2.1.0
	CodeQuality Format = "codequality" // of GitLab's artifacts:reports:codequality
	JUnit       Format = "junit"
	Azure       Format = "azure" // commands in the log of Azure Pipelines
)

// All lists the formats in the order in which help shows them.
func All() []Format { return []Format{JSON, SARIF, CodeQuality, JUnit, Azure} }

// Result is what the check of some manifests came to.
type Result struct {
	Program string   // the version of the program
	Files   []string // what was checked, from the root of the repository
	// Mistakes are in the order of the files, and More is how many there are
	// beyond those.
	Mistakes []report.Mistake
	More     int
	// Failed is why the manifests could not be checked, nil where they were.
	Failed *Failure
	// Aliases, Retire and Databases are how many a valid manifest has.
	Aliases, Retire, Databases int
}

// Failure is a check that did not come to an end.
type Failure struct {
	What, Hint string
	Code       int // the exit code
}

// Valid reports that there is nothing wrong.
func (r Result) Valid() bool { return r.Failed == nil && len(r.Mistakes) == 0 && r.More == 0 }

// Write writes a result. The only errors are those of w, and of a format that is not
// one of All.
func Write(w io.Writer, f Format, r Result) error {
	switch f {
	case JSON:
		return writeJSON(w, r)
	case SARIF:
		return writeSARIF(w, r)
	case CodeQuality:
		return writeCodeQuality(w, r)
	case JUnit:
		return writeJUnit(w, r)
	case Azure:
		return writeAzure(w, r)
	}
	return fmt.Errorf("no format %q", f)
}

// rest is the sentence about what is left out, "" for nothing.
func (r Result) rest() string { return report.MoreMistakes(r.More) }

// text is the failure with its hint on a line of its own.
func (f Failure) text() string { return report.Mistake{Message: f.What, Hint: f.Hint}.Text() }

// first is the first file that was checked.
func (r Result) first() string {
	if len(r.Files) == 0 {
		return "aliases.yaml"
	}
	return r.Files[0]
}
