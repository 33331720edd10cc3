// Package quantity puts numbers and names into sentences: "1 alias", "2 aliases",
// and `"a", "b"`.
package quantity

import (
	"strconv"
	"strings"
)

// Of is n with its noun, which is given in the singular: "1 switch", "0 switches".
func Of(n int, noun string) string { return Phrase(n, noun, plural(noun)) }

// Noun is the noun alone, in the form that n asks for.
func Noun(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return plural(noun)
}

// Phrase is n with more than a noun: "1 step is", "2 steps are".
func Phrase(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// plural follows the rules of spelling; no noun here is irregular.
func plural(noun string) string {
	for _, hiss := range []string{"s", "x", "ch", "sh"} {
		if strings.HasSuffix(noun, hiss) {
			return noun + "es"
		}
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.ContainsAny(stem[max(0, len(stem)-1):], "aeiou") {
		return stem + "ies"
	}
	return noun + "s"
}

// Quoted is a list of names in quotation marks, "" for none.
func Quoted(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}
