package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xrash/smetrics"

	"aliasctl/internal/safetext"
)

// maxProblems is how many problems of one run are kept and printed. A file of
// a million bad lines must not cost more memory than its decoding does.
const maxProblems = 1000

// RuleID is the rule that a manifest breaks. Suppressions and dashboards outside rely
// on it: an id is never renamed and never gets another meaning.
type RuleID string

// The rules; Rules has what each is about.
const (
	UnreadableFile     RuleID = "unreadable-file"
	FileTooLarge       RuleID = "file-too-large"
	NotAManifest       RuleID = "not-a-manifest"
	EmptyManifest      RuleID = "empty-manifest"
	BadCharacter       RuleID = "bad-character"
	InvalidYAML        RuleID = "invalid-yaml"
	YAMLTag            RuleID = "yaml-tag"
	YAMLAnchor         RuleID = "yaml-anchor"
	YAMLMergeKey       RuleID = "yaml-merge-key"
	UnsupportedVersion RuleID = "unsupported-version"
	UnknownField       RuleID = "unknown-field"
	DuplicateField     RuleID = "duplicate-field"
	MissingField       RuleID = "missing-field"
	ExclusiveFields    RuleID = "exclusive-fields"
	WrongType          RuleID = "wrong-type"
	InvalidName        RuleID = "invalid-name"
	InvalidValue       RuleID = "invalid-value"
	DuplicateVariable  RuleID = "duplicate-variable"
	NestedVariable     RuleID = "nested-variable"
	UndefinedVariable  RuleID = "undefined-variable"
	BadReference       RuleID = "bad-reference"
	UnusedVariable     RuleID = "unused-variable"
	ClusterMismatch    RuleID = "cluster-mismatch"
	DuplicateAlias     RuleID = "duplicate-alias"
	DuplicateRetiree   RuleID = "duplicate-retiree"
	DuplicateRelease   RuleID = "duplicate-release"
	DuplicateProfile   RuleID = "duplicate-profile"
	DuplicateFieldName RuleID = "duplicate-field-name"
	UnknownProfile     RuleID = "unknown-profile"
	ProfileCycle       RuleID = "profile-cycle"
	NameClash          RuleID = "name-clash"
	RetiredAlias       RuleID = "retired-alias"
	RetiredTarget      RuleID = "retired-target"
	ReleasedAlias      RuleID = "released-alias"
	GroupDisagrees     RuleID = "group-disagrees"
	FromIsTarget       RuleID = "from-is-target"
	IncompleteKeep     RuleID = "incomplete-keep"
	PatternMismatch    RuleID = "pattern-mismatch"
	GoldenFile         RuleID = "golden-file"
	EditByHand         RuleID = "edit-by-hand"
	RenameClash        RuleID = "rename-clash"
)

// Rule is a RuleID with its meaning.
type Rule struct {
	ID    RuleID
	About string // what breaks it, in a few words
}

// Rules are all rules, in the order in which the reference lists them. Every problem
// has one of them.
func Rules() []Rule {
	return []Rule{
		{UnreadableFile, "a manifest that is named does not exist or cannot be read"},
		{FileTooLarge, "a file is larger than a manifest may be"},
		{NotAManifest, "a file has neither a version nor aliases"},
		{EmptyManifest, "a file has nothing in it"},
		{BadCharacter, "a file is not UTF-8, or has control characters or line separators"},
		{InvalidYAML, "a file is not well-formed YAML"},
		{YAMLTag, "a YAML tag, which no manifest needs"},
		{YAMLAnchor, "a YAML alias of an anchor in another document"},
		{YAMLMergeKey, "a YAML merge key (`<<`); `profiles` and `defaults` take its place"},
		{UnsupportedVersion, "a version of the format that this program does not read"},
		{UnknownField, "a field that does not exist"},
		{DuplicateField, "a field that is written twice"},
		{MissingField, "a field that is required is not there"},
		{ExclusiveFields, "not exactly one of two fields that exclude each other"},
		{WrongType, "a value or a key of another type than the field takes"},
		{InvalidName, "a name or label that Milvus or a report cannot take"},
		{InvalidValue, "a number, duration, pattern, path or text outside of what the field takes"},
		{DuplicateVariable, "a variable that `vars` defines twice"},
		{NestedVariable, "a variable whose value refers to a variable"},
		{UndefinedVariable, "a variable without a value"},
		{BadReference, "a `${` that begins no `${NAME}`"},
		{UnusedVariable, "a `--var` that no manifest uses"},
		{ClusterMismatch, "documents of one run with different cluster labels"},
		{DuplicateAlias, "an alias that is bound twice"},
		{DuplicateRetiree, "a collection that is retired twice"},
		{DuplicateRelease, "an alias that is released twice"},
		{DuplicateProfile, "two profiles of one name"},
		{DuplicateFieldName, "a field that `require: {fields: [...]}` lists twice"},
		{UnknownProfile, "a profile that the document does not have"},
		{ProfileCycle, "profiles that build on themselves"},
		{NameClash, "an alias that is named like the collection of an alias"},
		{RetiredAlias, "`retire` names an alias, not a collection"},
		{RetiredTarget, "`retire` names a collection that an alias is bound to"},
		{ReleasedAlias, "`release` names an alias that is bound too"},
		{GroupDisagrees, "members of one group with different `on_failure`"},
		{FromIsTarget, "`from` names the collection that the alias is bound to"},
		{IncompleteKeep, "`keep` without `match`, or `match` without `keep`"},
		{PatternMismatch, "`match` does not fit the collection that the alias is bound to, or is not the pattern of its `newest`"},
		{GoldenFile, "a golden file that does not exist or has a bad line"},
		{EditByHand, "`aliasctl set` cannot make this change in the text"},
		{RenameClash, "`renamed_from` names the alias itself, or an old name that is bound, released or renamed elsewhere"},
	}
}

// Problem is one thing that is wrong with a manifest, at its place.
type Problem struct {
	Rule    RuleID
	Pos     Position
	Message string
	Hint    string // what helps, "" when the message is enough
	// Related are the places that Message names, as that of the first of two
	// duplicates.
	Related []Position
}

// String is `FILE:LINE:COLUMN: error: MESSAGE`, followed by an indented second
// line with the hint when there is one. It is safe to print: a file may have any
// name, and a field of it any other.
func (p Problem) String() string {
	text := safetext.Line(fmt.Sprintf("%s: error: %s", p.Pos, p.Message))
	if p.Hint != "" {
		text += "\n    hint: " + safetext.Line(p.Hint)
	}
	return text
}

// same reports that two problems are one.
func (p Problem) same(other Problem) bool {
	return p.Rule == other.Rule && p.Pos == other.Pos && p.Message == other.Message && p.Hint == other.Hint
}

// Problems is everything that is wrong with the manifests of one run. It is
// the error of Load when the files could be read but not be accepted.
type Problems struct {
	List []Problem // in the order of the files, then of lines and columns
	More int       // how many were found beyond those in List
}

// Error is one problem a line, hints on lines of their own.
func (p *Problems) Error() string {
	var b strings.Builder
	for i, problem := range p.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(problem.String())
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "\n... and %d more problems", p.More)
	}
	return b.String()
}

// AsProblems returns the problems that err carries, if it carries any.
func AsProblems(err error) (*Problems, bool) {
	var p *Problems
	return p, errors.As(err, &p)
}

// collector gathers the problems of a run as they are found.
type collector struct {
	found []Problem
	more  int
}

// full reports that a further problem will be counted and not kept, so that what
// is only needed for its text need not be computed.
func (c *collector) full() bool { return len(c.found) >= maxProblems }

func (c *collector) report(rule RuleID, pos Position, hint, format string, args ...any) {
	if c.full() {
		c.more++
		return
	}
	p := Problem{Rule: rule, Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint}
	for _, arg := range args {
		if at, ok := arg.(Position); ok {
			p.Related = append(p.Related, at)
		}
	}
	c.found = append(c.found, p)
}

// err is nil, or a *Problems in the order of files, which are given in the
// order in which they were read.
func (c *collector) err(files []string) error {
	if len(c.found) == 0 {
		return nil
	}
	order := make(map[string]int, len(files))
	for i, f := range files {
		order[f] = i
	}
	slices.SortStableFunc(c.found, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(order[a.Pos.File], order[b.Pos.File]),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	// What an anchor marks is read, and its problems are found, at every use.
	return &Problems{List: slices.CompactFunc(c.found, Problem.same), More: c.more}
}

// quoted shows a value of a manifest in a message: quoted, and cut where it is
// too long to read.
type quoted string

func (q quoted) String() string {
	const most = 80
	if len(q) <= most {
		return strconv.Quote(string(q))
	}
	return strconv.Quote(strings.ToValidUTF8(string(q[:most]), "")) + "..."
}

// fieldHint helps with a field that does not exist: by the field that is
// spelt nearly so, or by all there are.
func fieldHint(name string, fields []field) string {
	const maxLength = 32 // a longer name is no misspelling of ours
	best, nearest := "", 3
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		if len(name) > maxLength {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), f.name, 1, 1, 1); d < nearest {
			best, nearest = f.name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known fields: " + strings.Join(names, ", ")
}

// nearestName is the name that is spelt most like another one, "" when none is near:
// at most two letters apart, and at most a third of the name.
func nearestName(name string, names []string) string {
	const most = 10_000 // bounds the work of a hint
	best, distance := "", min(3, len(name)/3+1)
	for i, other := range names {
		if i == most || len(name) > MaxName {
			break
		}
		if d := len(other) - len(name); d >= distance || -d >= distance {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(other), 1, 1, 1); d < distance {
			best, distance = other, d
		}
	}
	return best
}
