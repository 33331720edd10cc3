package render

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Clean makes s safe to show on a terminal and on one line: whatever is not
// printable (control characters, escape sequences, line breaks, marks that
// reverse the direction of text, bytes that are not UTF-8) is shown as a Go
// escape. A server's message must not be able to forge a line of a plan.
func Clean(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			const hex = "0123456789abcdef"
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

// printable is the common case, without an allocation: printable ASCII.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
