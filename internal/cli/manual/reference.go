package manual

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/sync"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Reference is every command with its flags and the exit codes, as Markdown:
// the generated part of docs/reference.md and the body of the manual page, so
// that both hold what the program takes.
func Reference(app *cli.App) string {
	var b strings.Builder
	b.WriteString("## Commands\n\n")
	for _, command := range app.Commands {
		if command.Name == "help" {
			continue
		}
		referenceOf(&b, command)
		for _, sub := range command.Subcommands {
			referenceOf(&b, sub)
		}
	}
	b.WriteString("## Exit codes\n\n| code | meaning |\n| --- | --- |\n")
	for _, e := range sync.Codes {
		fmt.Fprintf(&b, "| %d | %s |\n", e.Code, markdownText(e.Meaning))
	}
	b.WriteString("\nA dry run exits as the apply would: 3 before 2.\n")
	return b.String()
}

// Rules are the kinds of conflicts and the rules of manifests, as Markdown: the end of the generated part of
// docs/reference.md.
func Rules() string {
	var b strings.Builder
	b.WriteString("## Kinds of conflicts\n\nWhat JSON has as `kind` of a conflict. A word is never renamed.\n\n| kind | what the planner refuses to decide |\n| --- | --- |\n")
	for _, k := range planner.ConflictKinds() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", k.Kind, ruleText(k.About))
	}
	b.WriteString("\n## Rules of manifests\n\nWhat `validate -o FORMAT`, events and the `errors` of JSON name as `rule`. An id is\nnever renamed.\n\n| rule | what breaks it |\n| --- | --- |\n")
	for _, r := range manifest.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.ID, ruleText(r.About))
	}
	return b.String()
}

func referenceOf(b *strings.Builder, command *cli.Command) {
	fmt.Fprintf(b, "### %s\n\n%s.\n\n", strings.TrimSpace(FullName(command)+" "+command.ArgsUsage), sentence(markdownText(command.Usage)))
	for paragraph := range strings.SplitSeq(command.Description, "\n\n") {
		if paragraph == "" {
			continue
		}
		if strings.Contains(paragraph, "   aliasctl ") { // examples, a line each
			fmt.Fprintf(b, "```\n%s\n```\n\n", paragraph)
		} else {
			fmt.Fprintf(b, "%s\n\n", markdownText(paragraph))
		}
	}
	for _, group := range groupsOf(command.Flags) {
		fmt.Fprintf(b, "**%s**\n\n", group.title)
		for _, f := range group.flags {
			fmt.Fprintf(b, "- `%s`: %s\n", flagTitle(f), markdownText(flagText(f)))
		}
		b.WriteByte('\n')
	}
}

// ruleText is text of ours, in which what stands between backticks is code.
func ruleText(s string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = markdownText(parts[i])
	}
	return strings.Join(parts, "`")
}

// markdownText escapes what Markdown reads as its own: without it,
// "[$ALIASCTL_URI] (default: auto)" is a link and the default is lost.
func markdownText(s string) string { return markdownEscapes.Replace(s) }

var markdownEscapes = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `>`, `\>`, `|`, `\|`)

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
