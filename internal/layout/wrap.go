package layout

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text between words into lines of at most width characters. A
// longer word stays whole, on a line of its own.
func Wrap(text string, width int) []string { return filled(strings.FieldsSeq(text), width) }

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
