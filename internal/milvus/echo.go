package milvus

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"aliasctl/internal/safetext"
)

// echoed is how many characters of a secret in a row give it away.
const echoed = 8

// echo finds parts of a secret in the text of a server, in whatever encoding the
// server has put it: as it is, reversed, in another case, in full width, in hex, in
// base64 and base32 at any offset (so also that of `user:password`), with
// percent signs, HTML entities or backslashes, also one over the other, cut, or split
// by blanks, line breaks and signs.
//
// The text of a server is worth little beside the token. So a part of eight
// characters is enough, and a few innocent words may be lost. Names of a
// cluster are not searched like that: they have to stay what they are.
type echo struct {
	plain  grams // lower case
	digits grams // lower case, letters and digits only
	hex    grams // lower case
	base64 grams // with + and /
	base32 grams // lower case
}

// newEcho is nil for a secret too short to be looked for in parts.
func newEcho(secret string) *echo {
	n := min(echoed, utf8.RuneCountInString(secret))
	if n < 6 {
		return nil
	}
	e := &echo{}
	folded := []rune(strings.ToLower(secret))
	backward := slices.Clone(folded)
	slices.Reverse(backward)
	for _, runes := range [][]rune{folded, backward} {
		e.plain.add(string(runes), n)
		e.digits.add(alphanumerics(string(runes)), echoed)
	}
	bytes := min(echoed, len(secret))
	e.hex.add(hex.EncodeToString([]byte(secret)), 2*bytes)
	for offset := range 3 {
		e.base64.add(inner(base64.RawStdEncoding.EncodeToString(padded(secret, offset)), 6, offset, len(secret)), (8*bytes-4)/6)
	}
	for offset := range 5 {
		text := inner(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(padded(secret, offset)), 5, offset, len(secret))
		e.base32.add(strings.ToLower(text), (8*bytes-4)/5)
	}
	return e
}

// padded is the secret behind so many other bytes.
func padded(secret string, offset int) []byte { return append(make([]byte, offset), secret...) }

// inner are the characters of an encoding with so many bits each that depend on
// the secret alone, which has length bytes behind offset others.
func inner(encoded string, bits, offset, length int) string {
	first := (8*offset + bits - 1) / bits
	last := 8 * (offset + length) / bits
	return encoded[min(first, last):last]
}

func alphanumerics(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// grams are the pieces of one length of some texts.
type grams struct {
	length int // in characters
	set    map[string]bool
}

func (g *grams) add(text string, length int) {
	g.length = length
	runes := []rune(text)
	for i := 0; i+length <= len(runes); i++ {
		if g.set == nil {
			g.set = make(map[string]bool)
		}
		g.set[string(runes[i:i+length])] = true
	}
}

// glyph is a character with its place in the original text.
type glyph struct {
	r          rune
	start, end int
}

// hide puts Redacted in place of every part of the text that gives the secret away.
func (e *echo) hide(s string) string {
	if e == nil || s == "" {
		return s
	}
	view := make([]glyph, 0, len(s))
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		view = append(view, glyph{r, i, i + size})
	}
	const levels = 4 // of encodings, one over the other
	marked := make([]bool, len(s))
	found := false
	for range levels {
		if e.mark(view, marked) {
			found = true
		}
		decoded := decodeOnce(view)
		if len(decoded) == len(view) {
			break
		}
		view = decoded
	}
	if !found {
		return s
	}
	return blanked(s, marked)
}

// mark marks what of the original text gives the secret away in one view of it.
func (e *echo) mark(view []glyph, marked []bool) (found bool) {
	dense := make([]glyph, 0, len(view))
	for _, g := range view {
		if r := folded(g.r); r >= 0 {
			dense = append(dense, glyph{r, g.start, g.end})
		}
	}
	look := func(g grams, glyphs []glyph, form func(rune) rune) {
		if len(g.set) == 0 || len(glyphs) < g.length {
			return
		}
		runes := make([]rune, len(glyphs))
		for i := range glyphs {
			runes[i] = form(glyphs[i].r)
		}
		for i := 0; i+g.length <= len(runes); i++ {
			if !g.set[string(runes[i:i+g.length])] {
				continue
			}
			found = true
			for at := glyphs[i].start; at < glyphs[i+g.length-1].end; at++ {
				marked[at] = true
			}
		}
	}
	alnum := slices.DeleteFunc(slices.Clone(dense), func(g glyph) bool { return !unicode.IsLetter(g.r) && !unicode.IsDigit(g.r) })
	look(e.plain, dense, unicode.ToLower)
	look(e.digits, alnum, unicode.ToLower)
	look(e.hex, alnum, unicode.ToLower)
	look(e.base32, alnum, unicode.ToLower)
	look(e.base64, dense, func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	})
	return found
}

// folded is the plain form of a character, -1 for one that only splits others:
// blanks, control characters, and what is not visible.
func folded(r rune) rune {
	switch {
	case r >= '！' && r <= '～': // full width
		return r - '！' + '!'
	case unicode.IsSpace(r) || !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}

// decodeOnce undoes one level of percent signs, HTML entities, and the backslashes of
// JSON, Go and C.
func decodeOnce(view []glyph) []glyph {
	out := make([]glyph, 0, len(view))
	for i := 0; i < len(view); {
		r, n := escape(view[i:])
		if n == 0 {
			out = append(out, view[i])
			i++
			continue
		}
		out = append(out, glyph{r, view[i].start, view[i+n-1].end})
		i += n
	}
	return out
}

// escape reads one escaped character, and says how many glyphs it has, 0 for none.
func escape(view []glyph) (r rune, n int) {
	const longest = 12
	window := view[:min(len(view), longest)]
	number := func(from, most, base int) (rune, int) {
		end := from
		for end < len(window) && end-from < most && digit(window[end].r, base) {
			end++
		}
		var text strings.Builder
		for _, g := range window[from:end] {
			text.WriteRune(g.r)
		}
		v, err := strconv.ParseUint(text.String(), base, 32)
		if err != nil || v > unicode.MaxRune {
			return 0, 0
		}
		return rune(v), end
	}
	is := func(i int, r ...rune) bool { return i < len(window) && slices.Contains(r, window[i].r) }
	switch {
	case is(0, '%') && is(1, 'u', 'U'):
		return number(2, 4, 16)
	case is(0, '%', '='): // and quoted-printable
		if r, n := number(1, 2, 16); n == 3 {
			return r, n
		}
	case is(0, '&') && is(1, '#'):
		if r, n = 0, 0; is(2, 'x', 'X') {
			r, n = number(3, 7, 16)
		} else {
			r, n = number(2, 8, 10)
		}
		if n > 0 && is(n, ';') {
			n++
		}
		return r, n
	case is(0, '&'):
		var text strings.Builder
		for i, g := range window {
			text.WriteRune(g.r)
			if g.r == ';' {
				if plain := []rune(html.UnescapeString(text.String())); len(plain) == 1 {
					return plain[0], i + 1
				}
				break
			}
		}
	case is(0, '\\') && is(1, 'u', 'U') && is(2, '{'):
		if r, n := number(3, 6, 16); n > 0 && is(n, '}') {
			return r, n + 1
		}
	case is(0, '\\') && is(1, 'u'):
		return number(2, 4, 16)
	case is(0, '\\') && is(1, 'U'):
		return number(2, 8, 16)
	case is(0, '\\') && is(1, 'x'):
		return number(2, 2, 16)
	case is(0, '\\') && is(1, '0', '1', '2', '3'):
		return number(1, 3, 8)
	case is(0, '\\') && len(window) > 1:
		return window[1].r, 2
	}
	return 0, 0
}

func digit(r rune, base int) bool {
	_, err := strconv.ParseUint(string(r), base, 8)
	return err == nil && r < utf8.RuneSelf
}

// blanked puts Redacted in place of what is marked, with what touches it.
func blanked(s string, marked []bool) string {
	touches := func(c byte) bool { return c > ' ' && !strings.ContainsRune(`"'<>(),;`, rune(c)) }
	for i := 1; i < len(s); i++ {
		marked[i] = marked[i] || marked[i-1] && touches(s[i])
	}
	for i := len(s) - 2; i >= 0; i-- {
		marked[i] = marked[i] || marked[i+1] && touches(s[i])
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case !marked[i]:
			b.WriteByte(s[i])
		case i == 0 || !marked[i-1]:
			b.WriteString(Redacted)
		}
	}
	return safetext.Line(b.String())
}
