package manifest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the most bytes that Milvus allows in the name of an alias, a
// collection or a database unless its administrator changed the limit
// (milvus-rest section 4).
const MaxName = 255

const nameHint = "a name has letters a-z and A-Z, digits and _, and does not start with a digit"

// rule is what a text must be like. check returns why the text breaks the rule
// and what helps, or "" and "".
type rule struct {
	noun  string // what the text is, as messages call it
	check func(string) (why, hint string)
}

var (
	aliasName      = rule{"alias name", checkName}
	collectionName = rule{"collection name", checkName}
	databaseName   = rule{"database name", checkName}
	variableName   = rule{"variable name", checkName}
	clusterLabel   = rule{"cluster label", checkLabel}
)

// checkName is Milvus' rule for every name: `^[A-Za-z_][A-Za-z0-9_]{0,254}$`.
// A variable's name obeys it too, because it is part of the name of an
// environment variable.
func checkName(s string) (why, hint string) {
	if why, hint = checkAround(s); why != "" {
		return why, hint
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		case '0' <= c && c <= '9':
			return fmt.Sprintf("character 1 (%q) is a digit", c), nameHint
		default:
			r, _ := utf8.DecodeRuneInString(s[i:])
			return fmt.Sprintf("character %d (%q) is not allowed", i+1, r), nameHint
		}
	}
	if len(s) > MaxName {
		return fmt.Sprintf("it is %d characters long", len(s)), fmt.Sprintf("at most %d are allowed", MaxName)
	}
	return "", ""
}

// checkLabel is the rule for free text that stands on one line.
func checkLabel(s string) (why, hint string) {
	if why, hint = checkAround(s); why != "" {
		return why, hint
	}
	for i, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Sprintf("character %d (%q) is not printable", utf8.RuneCountInString(s[:i])+1, r), ""
		}
	}
	if len(s) > MaxName {
		return fmt.Sprintf("it is %d bytes long", len(s)), fmt.Sprintf("at most %d are allowed", MaxName)
	}
	return "", ""
}

// checkAround refuses what Milvus 2.2 to 2.4 would trim before it validates
// and not before it stores (milvus-rest section 4).
func checkAround(s string) (why, hint string) {
	switch {
	case s == "":
		return "it is empty", ""
	case strings.TrimSpace(s) != s:
		return "there are blanks around it", "remove the blanks before and after it"
	}
	return "", ""
}
