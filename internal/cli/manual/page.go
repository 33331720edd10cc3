package manual

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Page is the manual page as Markdown.
func Page(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%% aliasctl 1\n\n# NAME\n\naliasctl - %s\n\n", app.Usage)
	b.WriteString("# SYNOPSIS\n\n**aliasctl** *COMMAND* [*FLAGS*]\n\n")
	b.WriteString("# EXAMPLES\n\nIn a pull request, show what an apply would do:\n\n" +
		"```\naliasctl sync --dry-run -f aliases.yaml --uri https://milvus.example:19530\n```\n\n" +
		"In the deploy job, carry it out:\n\n" +
		"```\naliasctl sync --apply -f aliases.yaml --uri https://milvus.example:19530\n```\n\n" +
		"Go back to the bindings before the last apply:\n\n" +
		"```\naliasctl rollback --apply -f aliases.yaml --uri https://milvus.example:19530\n```\n\n")
	for line := range strings.Lines(Reference(app)) {
		switch {
		case strings.HasPrefix(line, "## "):
			line = "# " + strings.ToUpper(line[3:])
		case strings.HasPrefix(line, "### "):
			line = line[1:]
		}
		b.WriteString(line)
	}
	return b.String()
}
