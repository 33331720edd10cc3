// Package manual lays out what the program says of itself, from its commands and
// flags: the help of a command, docs/reference.md, and the manual page. Package cli
// prints them.
package manual

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/decimal"
	"aliasctl/internal/layout"
)

// helpWidth is the width of a help page: what fits beside a second window.
const helpWidth = 80

// HelpTemplate marks the help of a command. Pages are laid out when a user
// asks for one, not at every start.
const HelpTemplate = "the help of a command"

func printHelp(w io.Writer, template string, data any) {
	if command, ok := data.(*cli.Command); ok && template == HelpTemplate {
		fmt.Fprint(w, Help(command))
		return
	}
	printHelpTemplate(w, template, data)
}

var printHelpTemplate = cli.HelpPrinter

func init() { cli.HelpPrinter = printHelp }

// FullName is "aliasctl state rm". urfave/cli puts the program's name in front
// of a name that has it already.
func FullName(command *cli.Command) string {
	return strings.Replace(command.HelpName, "aliasctl aliasctl", "aliasctl", 1)
}

// calledAs is a command with its arguments.
func calledAs(command *cli.Command) string {
	return strings.TrimSpace(command.Name + " " + command.ArgsUsage)
}

// Help lays out the help of a command for 80 columns. urfave/cli would put
// each flag and its text on one line of any length, and name every repeatable
// flag twice.
func Help(command *cli.Command) string {
	var b strings.Builder
	title := strings.TrimSpace(FullName(command)+" "+command.ArgsUsage) + ": " + command.Usage
	fmt.Fprintln(&b, strings.Join(layout.Wrap(title, helpWidth), "\n    "))
	if command.Description != "" {
		fmt.Fprintf(&b, "\n%s\n", command.Description)
	}
	if len(command.Subcommands) > 0 {
		b.WriteString("\nCommands:\n")
		widest := 14
		for _, sub := range command.Subcommands {
			widest = max(widest, len(calledAs(sub)))
		}
		for _, sub := range command.Subcommands {
			fmt.Fprintf(&b, "  %-*s %s\n", widest, calledAs(sub), sub.Usage)
		}
	}
	for _, group := range groupsOf(command.Flags) {
		fmt.Fprintf(&b, "\n%s:\n", group.title)
		for _, f := range group.flags {
			fmt.Fprintf(&b, "  %s\n", flagTitle(f))
			for _, line := range layout.Wrap(flagText(f), helpWidth-6) {
				fmt.Fprintf(&b, "      %s\n", line)
			}
		}
	}
	return b.String()
}

type flagGroup struct {
	title string
	flags []cli.DocGenerationFlag
}

// groupsOf sorts flags by category; categories and flags stay in the order in
// which the command lists them.
func groupsOf(flags []cli.Flag) []flagGroup {
	var groups []flagGroup
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		visible, _ := f.(cli.VisibleFlag)
		if !ok || slices.Contains(f.Names(), "help") || visible != nil && !visible.IsVisible() {
			continue
		}
		title := "Flags"
		if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() != "" {
			title = c.GetCategory()
		}
		i := slices.IndexFunc(groups, func(g flagGroup) bool { return g.title == title })
		if i < 0 {
			i = len(groups)
			groups = append(groups, flagGroup{title: title})
		}
		groups[i].flags = append(groups[i].flags, doc)
	}
	return groups
}

// flagTitle is `-f, --file FILE`.
func flagTitle(f cli.DocGenerationFlag) string {
	var short, long []string
	for _, name := range f.(cli.Flag).Names() {
		if len(name) == 1 {
			short = append(short, "-"+name)
		} else {
			long = append(long, "--"+name)
		}
	}
	title := strings.Join(append(short, long...), ", ")
	if f.TakesValue() {
		title += " " + placeholder(f)
	}
	return title
}

// placeholder is the word in backquotes of the usage, else the kind of value.
func placeholder(f cli.DocGenerationFlag) string {
	if _, rest, ok := strings.Cut(f.GetUsage(), "`"); ok {
		if word, _, ok := strings.Cut(rest, "`"); ok {
			return word
		}
	}
	switch f.(type) {
	case *cli.DurationFlag:
		return "TIME"
	case decimal.Int:
		return "N"
	default:
		return "VALUE"
	}
}

func flagText(f cli.DocGenerationFlag) string {
	text := strings.ReplaceAll(f.GetUsage(), "`", "")
	value := strings.Trim(f.GetDefaultText(), `"`)
	switch f.(type) {
	case *cli.BoolFlag, *cli.StringSliceFlag:
		return text
	}
	if value == "" || value == "0" || value == "0s" || strings.Contains(text, "(default:") {
		return text
	}
	return text + " (default: " + value + ")"
}
