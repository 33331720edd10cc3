package layout

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text between words into lines of at most width characters. A
// longer word stays whole, on a line of its own. A command between backquotes can be
// copied: it stays in one line, or is continued as a shell continues it.
func Wrap(text string, width int) []string { return filled(words(text, width), width) }

// words are the pieces of a text that stay whole: words and commands. A command that is
// wider than width is several, each but the last with a backslash at its end, and none
// ends within quotes, where a shell would keep the backslash. YAML is no command.
func words(text string, width int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for piece := range phrases(strings.Fields(text), "`") {
			parts := []string{piece}
			switch wide := utf8.RuneCountInString(piece) > width; {
			case wide && strings.Contains(piece, ": "): // YAML
				parts = strings.Fields(piece)
			case wide && strings.Contains(piece, " "):
				parts = filled(phrases(strings.Fields(piece), "'"), width-len(continued))
				for i := range parts[:len(parts)-1] {
					parts[i] += continued
				}
			}
			for _, part := range parts {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// continued ends a line of a command that goes on in the next one.
const continued = ` \`

// phrases are the fields of a text, those between two marks in one piece.
func phrases(fields []string, mark string) iter.Seq[string] {
	end := func(fields []string) int {
		marks := 0
		for i, field := range fields {
			if marks += strings.Count(field, mark); marks%2 == 0 {
				return i + 1
			}
		}
		return 1 // nothing ends it
	}
	return func(yield func(string) bool) {
		for len(fields) > 0 {
			n := end(fields)
			if !yield(strings.Join(fields[:n], " ")) {
				return
			}
			fields = fields[n:]
		}
	}
}

// Break is Wrap with longer words broken, too: no line is wider than width.
func Break(text string, width int) []string {
	return filled(func(yield func(string) bool) {
		for word := range strings.FieldsSeq(text) {
			for runes := []rune(word); len(runes) > 0; {
				head := runes[:min(len(runes), width)]
				if runes = runes[len(head):]; !yield(string(head)) {
					return
				}
			}
		}
	}, width)
}

// filled puts words into lines; no words are one empty line.
func filled(words iter.Seq[string], width int) []string {
	var lines []string
	line, columns := "", 0
	for word := range words {
		n := utf8.RuneCountInString(word)
		switch {
		case columns == 0:
			line, columns = word, n
		case columns+1+n <= width:
			line, columns = line+" "+word, columns+1+n
		default:
			lines = append(lines, line)
			line, columns = word, n
		}
	}
	return append(lines, line)
}
