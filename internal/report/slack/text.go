package slack

import (
	"strings"
	"unicode/utf8"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// Names and messages come from a server or a pull request, and Slack acts upon text: it
// notifies <!channel>, makes links, bold and :emoji:. None of that happens inside code,
// and the three characters that begin it outside are written as entities
// (api.slack.com/reference/surfaces/formatting).

const mostName = 200

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escaped(s string) string { return entities.Replace(s) }

// code is a name as code, "" for none. A backtick ends code and has no escape.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + escaped(strings.ReplaceAll(report.Elided(safetext.Line(s), mostName), "`", "'")) + "`"
}

// prose is a sentence on one line. What the sentence shows as code, between backticks,
// stays so; a word with a character that Slack acts upon becomes code.
func prose(s string) string {
	parts := report.Sentence(s)
	if len(parts) == 1 { // its backticks, if any, are not in pairs
		parts[0] = strings.ReplaceAll(parts[0], "`", "'")
	}
	for i, part := range parts {
		if i%2 == 1 {
			parts[i] = code(part)
			continue
		}
		words := strings.Split(part, " ")
		for j, word := range words {
			core := strings.TrimLeft(word, `("'`)
			before := word[:len(word)-len(core)]
			core = strings.TrimRight(core, `)"',.;:!?`)
			after := word[len(before)+len(core):]
			switch {
			case strings.Contains(after, "::"), core == "": // `::` begins a command
				words[j] = code(word)
			case strings.ContainsAny(core, "*_~@#\\:"):
				words[j] = before + code(core) + after
			default:
				words[j] = before + escaped(core) + after
			}
		}
		parts[i] = strings.Join(words, " ")
	}
	return strings.TrimSpace(strings.Join(parts, ""))
}

// cut shortens a text to a number of characters, and ends no entity in its middle.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	s = string([]rune(s)[:most-4])
	if i := strings.LastIndexByte(s, '&'); i >= 0 && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	if strings.Count(s, "`")%2 == 1 {
		s += "`"
	}
	return s + "..."
}
