package examples

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/acceptance/program"
)

// commandStart is where a shell takes a word for a command.
var commandStart = regexp.MustCompile(`(?:^|[;|&(){]\s+|\$\()(?:aliasctl|go run \.)\s+`)

// commandLines are the words behind `aliasctl` or `go run .` in scripts and in
// the indented lines of comments, in which commands stand.
func commandLines(text string) [][]string {
	var found [][]string
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if !strings.HasPrefix(comment, "   ") {
				continue
			}
			line = strings.TrimSpace(comment)
		}
		line = strings.TrimPrefix(strings.TrimPrefix(line, "- "), "$ ")
		for _, at := range commandStart.FindAllStringIndex(line, -1) {
			if rest := line[at[1]:]; !strings.HasPrefix(rest, `"$`) { // the words are somewhere else
				found = append(found, untilOperator(rest))
			}
		}
	}
	return found
}

// untilOperator are the words of one command.
func untilOperator(rest string) []string {
	words := strings.Fields(rest)
	end := slices.IndexFunc(words, func(word string) bool {
		return regexp.MustCompile(`^([|&;#<>)]+|[0-9]>.*)$`).MatchString(word)
	})
	if end >= 0 {
		words = words[:end]
	}
	return words
}

// argumentsIn are the values of `args`, of a container and of the action.
func argumentsIn(node *yaml.Node) [][]string {
	var found [][]string
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == "args" {
			switch child.Kind {
			case yaml.ScalarNode:
				found = append(found, strings.Fields(child.Value))
			case yaml.SequenceNode:
				var words []string
				for _, word := range child.Content {
					words = append(words, word.Value)
				}
				found = append(found, words)
			}
		}
		found = append(found, argumentsIn(child)...)
	}
	return found
}

// helpPages are what `aliasctl COMMAND --help` prints, by command.
type helpPages map[string]string

func (h helpPages) of(t *testing.T, command ...string) string {
	t.Helper()
	name := strings.Join(command, " ")
	if _, known := h[name]; !known {
		help := exec.Command("aliasctl", append(slices.Clone(command), "--help")...)
		help.Env = program.Environment()
		page, err := help.CombinedOutput()
		if err != nil {
			page = nil // there is no such command
		}
		h[name] = string(page)
	}
	return h[name]
}

var flagOfHelp = regexp.MustCompile(`(?m)^  (?:(-\w), )?(--[a-z-]+)( \S.*)?$`)

// problem reports what is wrong with the words behind `aliasctl`.
func (h helpPages) problem(t *testing.T, words []string) string {
	command := words[:1]
	page := h.of(t, command...)
	if strings.Contains(page, "\nCommands:\n") && len(words) > 1 {
		command = words[:2]
		page = h.of(t, command...)
	}
	if page == "" {
		return "there is no such command"
	}
	takesValue := map[string]bool{}
	for _, flag := range flagOfHelp.FindAllStringSubmatch(page, -1) {
		takesValue[flag[1]], takesValue[flag[2]] = flag[3] != "", flag[3] != ""
	}
	title, _, _ := strings.Cut(page, ":")
	arguments := len(strings.Fields(title)) - 1 - len(command)
	for rest := words[len(command):]; len(rest) > 0; rest = rest[1:] {
		name, _, assigned := strings.Cut(rest[0], "=")
		value, known := takesValue[name]
		switch {
		case !strings.HasPrefix(name, "-") || name == "-":
			arguments--
		case !known:
			return "there is no flag " + name
		case value && !assigned && len(rest) == 1:
			return name + " has no value"
		case value && !assigned:
			rest = rest[1:]
		}
	}
	if arguments < 0 {
		return "too many words"
	}
	return ""
}
