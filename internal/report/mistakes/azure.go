package mistakes

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"aliasctl/internal/safetext"
)

// writeAzure writes each mistake as a command of Azure Pipelines, which shows it in the
// summary of the run. A command ends with its line, a property with `;`, and the
// properties with `]`; the agent reads them back from %3B and the like
// (github.com/microsoft/azure-pipelines-task-lib, node/taskcommand.ts).
func writeAzure(w io.Writer, r Result) error {
	b := bufio.NewWriter(w)
	for _, m := range r.Mistakes {
		fmt.Fprintf(b, "##vso[task.logissue type=error;sourcepath=%s;linenumber=%d;columnnumber=%d;code=%s]%s\n",
			azureProperty(m.File), m.Line, m.Column, azureProperty(string(m.Rule)), azureText(m.Text()))
	}
	issue := func(text string) { fmt.Fprintf(b, "##vso[task.logissue type=error]%s\n", azureText(text)) }
	if rest := r.rest(); rest != "" {
		issue(rest)
	}
	if f := r.Failed; f != nil {
		issue(f.text())
	}
	return b.Flush()
}

var (
	azureTextEscapes     = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A")
	azurePropertyEscapes = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", "]", "%5D", ";", "%3B")
)

// azureText is the message of a command. What a log would act upon and the agent has no
// escape for is shown as everywhere else.
func azureText(s string) string { return safetext.Line(azureTextEscapes.Replace(s)) }

// azureProperty is one value between the semicolons.
func azureProperty(s string) string { return safetext.Line(azurePropertyEscapes.Replace(s)) }
