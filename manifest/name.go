package manifest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxName is the most bytes that Milvus allows in the name of an alias, a
// collection or a database unless its administrator changed the limit
// (milvus-rest section 4).
const MaxName = 255

const nameHint = "a name has letters a-z and A-Z, digits and _, and does not start with a digit"

// rule is what a text must be like.
type rule struct {
	name bool   // the text is a name
	noun string // what the text is, as messages call it
	fits func(string) bool
	// fault reports why a text that does not fit breaks the rule, and what helps.
	fault   func(string) (why, hint string)
	example string   // for where the noun alone does not show how it is written
	words   []string // all that fit, when they are few
	// schema is what of the rule JSON Schema can express.
	schema constraint
}

// id is the rule that a text breaks which is not like this.
func (r rule) id() RuleID {
	if r.name {
		return InvalidName
	}
	return InvalidValue
}

var (
	aliasName      = nameRule("alias name")
	collectionName = nameRule("collection name")
	databaseName   = nameRule("database name")
	variableName   = nameRule("variable name")
	groupName      = nameRule("group name")
	fieldName      = nameRule("field name")
	profileName    = nameRule("profile name")
	clusterLabel   = rule{name: true, noun: "cluster label", fits: isClusterLabel, fault: clusterLabelFault, schema: constraint{
		plain: `[A-Za-z0-9_./:-](?:[A-Za-z0-9_./: -]{0,62}[A-Za-z0-9_./:-])?`, around: `[A-Za-z0-9_./: -]`,
	}}
)

func nameRule(noun string) rule {
	return rule{name: true, noun: noun, fits: isName, fault: nameFault, schema: constraint{
		plain: `[A-Za-z_][A-Za-z0-9_]{0,254}`, around: `[A-Za-z0-9_]`,
	}}
}

// isName is Milvus' rule for every name: `^[A-Za-z_][A-Za-z0-9_]{0,254}$`. A
// variable's name obeys it too, because it is part of the name of an
// environment variable.
func isName(s string) bool {
	return 0 < len(s) && len(s) <= MaxName && goodBytes(s) == len(s)
}

// goodBytes is how many bytes at the beginning of s may stand in a name.
func goodBytes(s string) int {
	i := 0
	for i < len(s) && nameByte(s[i], i) {
		i++
	}
	return i
}

// nameByte reports whether c may stand at place i of a name.
func nameByte(c byte, i int) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || '0' <= c && c <= '9' && i > 0
}

func nameFault(s string) (why, hint string) {
	if why, hint = edgeFault(s); why != "" {
		return why, hint
	}
	good := goodBytes(s)
	if good == len(s) {
		return fmt.Sprintf("it is %d characters long", len(s)), fmt.Sprintf("at most %d are allowed", MaxName)
	}
	r, _ := utf8.DecodeRuneInString(s[good:])
	if good == 0 && nameByte(s[0], 1) {
		return fmt.Sprintf("character 1 (%q) is a digit", r), nameHint
	}
	return fmt.Sprintf("character %d (%q) is not allowed", good+1, r), nameHint
}

// maxClusterLabel keeps a label on the line of a report on which it stands.
const maxClusterLabel = 64

func isClusterLabel(s string) bool {
	why, _ := clusterLabelFault(s)
	return why == ""
}

// clusterLabelFault refuses what a report, a shell or a CI runner could take for
// something else than a label. A label heads every report, and whoever opens a pull
// request chooses it.
func clusterLabelFault(s string) (why, hint string) {
	if why, hint = edgeFault(s); why != "" {
		return why, hint
	}
	for i, r := range s {
		if !(r < utf8.RuneSelf && (nameByte(byte(r), 1) || strings.ContainsRune("-./: ", r))) {
			return fmt.Sprintf("character %d (%q) is not allowed", utf8.RuneCountInString(s[:i])+1, r),
				"a label has letters a-z and A-Z, digits, blanks and - _ . / :"
		}
	}
	if len(s) > maxClusterLabel {
		return fmt.Sprintf("it is %d characters long", len(s)), fmt.Sprintf("at most %d are allowed", maxClusterLabel)
	}
	return "", ""
}

// isLabel is the rule for free text that stands on one line.
func isLabel(s string) bool {
	why, _ := labelFault(s)
	return why == ""
}

func labelFault(s string) (why, hint string) {
	if why, hint = lineFault(s); why != "" {
		return why, hint
	}
	if len(s) > MaxName {
		return fmt.Sprintf("it is %d bytes long", len(s)), fmt.Sprintf("at most %d are allowed", MaxName)
	}
	return "", ""
}

// lineFault refuses what is not one printable line without blanks around it.
func lineFault(s string) (why, hint string) {
	if why, hint = edgeFault(s); why != "" {
		return why, hint
	}
	return printableFault(s, "")
}

// edgeFault refuses what Milvus 2.2 to 2.4 would trim before it validates and
// not before it stores (milvus-rest section 4).
func edgeFault(s string) (why, hint string) {
	switch {
	case s == "":
		return "it is empty", ""
	case strings.TrimSpace(s) != s:
		return "there are blanks around it", "remove the blanks before and after it"
	}
	return "", ""
}
