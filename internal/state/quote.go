package state

import (
	"strings"
	"unicode"
)

// Quote makes one word of s for a POSIX shell.
func Quote(s string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Excerpt is the beginning of a text from outside, in printable characters.
func Excerpt(text string, most int) string {
	end := ""
	if len(text) > most {
		text, end = text[:most], "..."
	}
	return strings.Map(printable, strings.ToValidUTF8(text, "")) + end
}

// printable is for strings.Map: what a terminal would act upon becomes "?".
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}
