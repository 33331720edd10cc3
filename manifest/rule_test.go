package manifest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// broken is a manifest for each rule that breaks it, whatever else it breaks.
var broken = map[RuleID]string{
	NotAManifest:       "apiVersion: v1\nkind: Secret\n",
	EmptyManifest:      "# nothing\n",
	BadCharacter:       "version: 1\naliases: {a: b} # \xff\n",
	InvalidYAML:        "version: 1\naliases: {a: b\n",
	YAMLTag:            "version: 1\naliases: {a: !new b}\n",
	YAMLAnchor:         "version: 1\nvars: {v: &v x}\naliases: {}\n---\naliases: {a: *v}\n",
	YAMLMergeKey:       "version: 1\naliases: {<<: {a: b}}\n",
	UnsupportedVersion: "version: 7\naliases: {a: b}\n",
	UnknownField:       "version: 1\nalias: {a: b}\n",
	DuplicateField:     "version: 1\naliases: {a: b}\naliases: {c: d}\n",
	MissingField:       "aliases: {a: b}\n",
	ExclusiveFields:    "version: 1\naliases: {a: {collection: b, canary: {limit: 1}}}\n",
	WrongType:          "version: 1\naliases: {a: [b]}\n",
	InvalidName:        "version: 1\naliases: {a-b: c}\n",
	InvalidValue:       "version: 1\naliases: {}\nretire: [{collection: a, after: soon}]\n",
	DuplicateVariable:  "version: 1\nvars: {v: x, v: y}\naliases: {}\n",
	NestedVariable:     "version: 1\nvars: {v: \"${w}\"}\naliases: {}\n",
	UndefinedVariable:  "version: 1\naliases: {a: \"${v}\"}\n",
	BadReference:       "version: 1\naliases: {a: \"${v\"}\n",
	ClusterMismatch:    "version: 1\ncluster: one\naliases: {}\n---\ncluster: two\naliases: {}\n",
	DuplicateAlias:     "version: 1\naliases: {a: b, a: c}\n",
	DuplicateRetiree:   "version: 1\naliases: {}\nretire: [a, a]\n",
	DuplicateRelease:   "version: 1\naliases: {}\nrelease: [a, a]\n",
	DuplicateProfile:   "version: 1\nprofiles: {p: {protect: true}, p: {protect: true}}\naliases: {}\n",
	DuplicateFieldName: "version: 1\naliases: {a: {collection: b, require: {fields: [id, id]}}}\n",
	UnknownProfile:     "version: 1\naliases: {a: {collection: b, profile: p}}\n",
	ProfileCycle:       "version: 1\nprofiles: {p: {profile: q}, q: {profile: p}}\naliases: {a: {collection: b, profile: p}}\n",
	NameClash:          "version: 1\naliases: {a: b, b: c}\n",
	RetiredAlias:       "version: 1\naliases: {a: b}\nretire: [a]\n",
	RetiredTarget:      "version: 1\naliases: {a: b}\nretire: [b]\n",
	ReleasedAlias:      "version: 1\naliases: {a: b}\nrelease: [a]\n",
	GroupDisagrees:     "version: 1\naliases: {a: {collection: x, group: g}, b: {collection: y, group: g, on_failure: keep}}\n",
	FromIsTarget:       "version: 1\naliases: {a: {collection: b, from: b}}\n",
	IncompleteKeep:     "version: 1\naliases: {a: {collection: b, keep: 2}}\n",
	RenameClash:        "version: 1\naliases: {a: {collection: x, renamed_from: b}, b: y}\n",
	PatternMismatch:    "version: 1\naliases: {a: {collection: b, keep: 2, match: c_*}}\n",
}

// elsewhere are the rules that no text breaks, with the test of each.
var elsewhere = map[RuleID]string{
	UnreadableFile: "below",
	FileTooLarge:   "below",
	UnusedVariable: "testdata/script/validate_formats.txtar",
	GoldenFile:     "testdata/script/validate_formats.txtar",
	EditByHand:     "edit_test.go",
}

// Every rule has a meaning and a manifest that breaks it, and ids are one to one.
func TestEveryRuleCanBeBroken(t *testing.T) {
	var ids []RuleID
	for _, r := range Rules() {
		if r.About == "" || strings.ContainsAny(string(r.ID), " _ABCDEFGHIJKLMNOPQRSTUVWXYZ") || slices.Contains(ids, r.ID) {
			t.Errorf("rule %q: bad id, no meaning, or there twice", r.ID)
		}
		ids = append(ids, r.ID)
		text, ok := broken[r.ID]
		if _, other := elsewhere[r.ID]; ok == other {
			t.Errorf("rule %q has no manifest that breaks it", r.ID)
		}
		if !ok {
			continue
		}
		path := filepath.Join(t.TempDir(), "aliases.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load([]string{path}, Options{})
		problems, ok := AsProblems(err)
		if !ok || !slices.ContainsFunc(problems.List, func(p Problem) bool { return p.Rule == r.ID }) {
			t.Errorf("rule %q is not broken by\n%s%v", r.ID, text, err)
		}
	}
	for _, id := range constants(t) {
		if !slices.Contains(ids, id) {
			t.Errorf("rule %q is not in Rules", id)
		}
	}
}

func TestRulesOfFiles(t *testing.T) {
	large := filepath.Join(t.TempDir(), "aliases.yaml")
	if err := os.WriteFile(large, make([]byte, maxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]RuleID{large: FileTooLarge, large + ".gone": UnreadableFile} {
		_, err := Load([]string{path}, Options{})
		if problems, ok := AsProblems(err); !ok || problems.List[0].Rule != want {
			t.Errorf("%s: %v, want rule %q", path, err, want)
		}
	}
}

// Every problem of every bad manifest of the tests has a rule.
func TestEveryProblemHasARule(t *testing.T) {
	known := make(map[RuleID]bool)
	for _, r := range Rules() {
		known[r.ID] = true
	}
	paths, err := filepath.Glob("../testdata/manifest/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bad manifests: %v", err)
	}
	for _, path := range paths {
		_, err := Load([]string{path}, Options{})
		problems, ok := AsProblems(err)
		if !ok {
			t.Fatalf("%s: %v", path, err)
		}
		for _, p := range problems.List {
			if !known[p.Rule] {
				t.Errorf("%v\nhas the rule %q", p, p.Rule)
			}
		}
	}
}

// constants are the values of all constants of type RuleID.
func constants(t *testing.T) []RuleID {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []RuleID
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "RuleID" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, RuleID(text))
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("only %d rules are found", len(all))
	}
	return all
}
