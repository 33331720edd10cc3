// Package safetext makes foreign text safe to print. A name, a path, a label, a
// server's message or a field of a state comes from someone who may want to
// forge a line of a report, drive a terminal, or command the CI runner that reads the
// log. Everything foreign passes through Line on its way to people, and through JSON on
// its way to machines whose output people and runners see too.
//
// Every package that prints calls it.
package safetext

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line makes s safe to show within one line of a terminal or of a CI log. It writes
// as Go escapes:
//
//   - what is not printable: control characters, terminal escapes, line breaks of
//     any kind, marks that reverse or hide text, bytes that are not UTF-8;
//   - what no reader can see, such as variation selectors and filler letters;
//   - what a runner takes for a command, wherever a line may break: `##[` of GitHub
//     and Azure, `##vso[`, `##teamcity[`, `::` before a word of GitHub, and the
//     section markers of GitLab.
//
// Text without any of these comes back as it is. Line(Line(s)) is Line(s).
func Line(s string) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			writeByte(&b, s[i])
		case r == '#' && i > 0 && s[i-1] == '#', r == ':' && command(s, i):
			writeByte(&b, s[i])
		case r < utf8.RuneSelf && r >= ' ' && r <= '~', r >= utf8.RuneSelf && visible(r):
			b.WriteString(s[i : i+size])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

// writeByte writes a byte as \xNN.
func writeByte(b *strings.Builder, c byte) {
	const hex = "0123456789abcdef"
	b.WriteString(`\x`)
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// harmless is the common case: printable ASCII without the signs that commands
// begin with.
func harmless(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' || c > '~':
			return false
		case c == '#' && i > 0 && s[i-1] == '#', c == ':' && command(s, i):
			return false
		}
	}
	return true
}

// visible reports that a reader sees r, or at least a blank of known width.
func visible(r rune) bool {
	return strconv.IsPrint(r) && r != '\u2800' && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// command reports that the colon at i begins what a runner may act upon: `::` and a
// word, as in `::add-mask::`, or the time of a `section_start:`. A command counts at
// the beginning of a line only, but a printer may break a line anywhere, and what
// is printed next may complete a word: so `::` at the end counts as well. The colons
// of an IPv6 address in brackets do not, and those of `git::https://` do not: no
// command of a runner is called `https://`.
//
// The rule of GitHub is ActionCommand.TryParseV2 of github.com/actions/runner, that of
// GitLab docs.gitlab.com, "Custom collapsible sections".
func command(s string, i int) bool {
	rest := s[i+1:]
	if strings.HasSuffix(s[:i], "section_start") || strings.HasSuffix(s[:i], "section_end") {
		return true
	}
	if rest == "" || rest[0] != ':' {
		return false
	}
	if rest = rest[1:]; rest != "" && !letter(rest[0]) {
		return false
	}
	for _, scheme := range []string{"https://", "http://", "ssh://", "file://"} {
		if strings.HasPrefix(rest, scheme) {
			return false
		}
	}
	return !inAddress(s, i)
}

func letter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// inAddress reports that the colon at i is within `[...]` with nothing but an IPv6
// address in it.
func inAddress(s string, i int) bool {
	const longest = 40
	inside := func(r rune) bool { return unicode.Is(unicode.ASCII_Hex_Digit, r) || r == ':' || r == '.' }
	open := i
	for open > 0 && i-open < longest && inside(rune(s[open-1])) {
		open--
	}
	end := i
	for end < len(s) && end-i < longest && inside(rune(s[end])) {
		end++
	}
	return open > 0 && s[open-1] == '[' && end < len(s) && (s[end] == ']' || s[end] == '%') && strings.Count(s[open:end], "::") == 1
}

// JSON makes encoded JSON safe to show: it means the same to whoever decodes it,
// and holds nothing that a terminal or a runner acts upon. encoding/json escapes
// the ASCII control characters itself.
func JSON(encoded []byte) []byte {
	at := nextInJSON(encoded)
	if at < 0 {
		return encoded
	}
	out := make([]byte, 0, len(encoded)+16)
	for ; at >= 0; at = nextInJSON(encoded) {
		out = append(out, encoded[:at]...)
		r, size := utf8.DecodeRune(encoded[at:])
		if r == '#' { // the first stays: it may be escaped already by what follows
			out = append(out, '#')
			at++
			r, size = utf8.DecodeRune(encoded[at:])
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = append(out, '\\', 'u')
			out = append(out, hex4(unit)...)
		}
		encoded = encoded[at+size:]
	}
	return append(out, encoded...)
}

// nextInJSON is the place of the next character to escape, -1 for none. Of `##` it
// is the first. Within JSON both occur in strings only.
func nextInJSON(encoded []byte) int {
	for i := 0; i < len(encoded); i++ {
		switch c := encoded[i]; {
		case c == '#':
			if i+1 < len(encoded) && encoded[i+1] == '#' {
				return i
			}
		case c == 0x7f:
			return i
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(encoded[i:])
			if !visible(r) || r == utf8.RuneError && size == 1 {
				return i
			}
			i += size - 1
		}
	}
	return -1
}

func hex4(unit uint16) []byte {
	return bytes.ToLower([]byte(strconv.FormatUint(0x10000|uint64(unit), 16)[1:]))
}
