package gitlab

import (
	"fmt"
	"io"
	"strings"

	"aliasctl/internal/report"
)

// Dotenv writes the outputs of a document as a file of artifacts:reports:dotenv, whose
// variables GitLab gives to later jobs. GitLab refuses an empty line and a comment, takes
// quotes as part of a value, and names have letters, digits and underscores
// (docs.gitlab.com, "artifacts:reports:dotenv"). The only errors are those of w.
func Dotenv(w io.Writer, d report.Document) error {
	var b strings.Builder
	for _, o := range report.Outputs(d) {
		b.WriteString(DotenvLine(o))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// DotenvLine is the line of one output. The variable has a prefix: it reaches every
// later job, and is stronger there than a variable of the job's own.
func DotenvLine(o report.Output) string {
	return fmt.Sprintf("ALIASCTL_%s=%s\n", strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_")), o.Value)
}
