package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rooms and the rooms that each may know. Imports point one way:
//
//	cli -> sync -> report, milvus, state, emulator -> executor -> planner -> manifest
var mayImport = map[string][]string{
	"aliasctl":              {"internal/cli"},
	"aliasctl/internal/cli": {"internal/cli/decimal", "internal/cli/manual", "internal/cli/process", "internal/cli/redact", "internal/sync", "internal/planfile", "internal/layout", "internal/report", "internal/report/formats", "internal/report/text", "internal/report/github", "internal/report/gitlab", "internal/report/mistakes", "internal/report/progress", "internal/milvus", "internal/state", "internal/state/stores", "internal/emulator", "internal/atomicfile", "executor", "planner", "planner/drift", "manifest"},
	// What the program has of its process, takes out of its answers and says of itself.
	"aliasctl/internal/cli/process": {},
	"aliasctl/internal/cli/redact":  {"internal/report"},
	"aliasctl/internal/cli/decimal": {},
	"aliasctl/internal/cli/manual":  {"internal/cli/decimal", "internal/sync", "internal/layout", "manifest", "planner"},
	"aliasctl/internal/sync":        {"internal/planfile", "internal/report", "internal/report/formats", "internal/milvus", "internal/state", "internal/state/local", "internal/state/stores", "internal/emulator", "internal/atomicfile", "executor", "planner", "planner/drift", "planner/proof", "planner/rollback", "planner/saved", "manifest"},
	"aliasctl/internal/planfile":    {"planner", "planner/saved", "manifest"},
	"aliasctl/internal/layout":      {},
	"aliasctl/internal/report":      {"executor", "planner", "planner/drift", "planner/proof", "manifest"},
	// One a printer, and the one that knows them all. A diff has lines of text above it.
	"aliasctl/internal/report/text":     {"internal/report", "internal/layout", "planner"},
	"aliasctl/internal/report/diff":     {"internal/report", "internal/report/text", "internal/layout", "planner"},
	"aliasctl/internal/report/json":     {"internal/report", "executor", "planner", "planner/drift", "manifest"},
	"aliasctl/internal/report/markdown": {"internal/report", "planner"},
	"aliasctl/internal/report/html":     {"internal/report"},
	"aliasctl/internal/report/gitlab":   {"internal/report", "planner"},
	"aliasctl/internal/report/slack":    {"internal/report"},
	"aliasctl/internal/report/formats":  {"internal/report", "internal/report/text", "internal/report/diff", "internal/report/json", "internal/report/markdown", "internal/report/html", "internal/report/gitlab", "internal/report/slack", "internal/layout"},
	// What else an apply and a workflow read of a run.
	"aliasctl/internal/report/progress": {"internal/report", "executor", "planner"},
	"aliasctl/internal/report/github":   {"internal/report", "manifest"},
	"aliasctl/internal/report/mistakes": {"internal/report", "manifest"},
	"aliasctl/internal/milvus":          {"internal/input", "executor", "planner", "manifest"},
	"aliasctl/internal/state":           {"internal/input", "executor", "planner", "manifest"},
	// One a kind of store, and the one that knows them all.
	"aliasctl/internal/state/local":     {"internal/atomicfile", "internal/state", "planner"},
	"aliasctl/internal/state/s3":        {"internal/state"},
	"aliasctl/internal/state/gs":        {"internal/state"},
	"aliasctl/internal/state/azblob":    {"internal/state"},
	"aliasctl/internal/state/git":       {"internal/state"},
	"aliasctl/internal/state/httpstate": {"internal/state"},
	"aliasctl/internal/state/stores":    {"internal/state", "internal/state/local", "internal/state/s3", "internal/state/gs", "internal/state/azblob", "internal/state/git", "internal/state/httpstate"},
	// For tests: what every kind of store has to keep.
	"aliasctl/internal/state/contract": {"internal/state", "internal/state/stores", "internal/testkit/weather", "planner"},
	"aliasctl/internal/atomicfile":     {"internal/input"},
	// For tests: faults before a cluster, and a file system that fails.
	"aliasctl/internal/testkit":         {"internal/emulator"},
	"aliasctl/internal/testkit/faultfs": {"internal/state/local"},
	// For tests: object stores.
	"aliasctl/internal/testkit/gateway": {},
	// For tests: what goes wrong between a run and its store.
	"aliasctl/internal/testkit/weather": {},
	// For tests: a git server.
	"aliasctl/internal/testkit/gitserver": {},
	// For tests: a server of states at an URL.
	"aliasctl/internal/testkit/stateserver": {},
	// For tests: the real program, a cluster that it works on, and scripts about both.
	"aliasctl/internal/acceptance/program": {"internal/cli", "executor", "planner"},
	"aliasctl/internal/acceptance/script":  {"internal/acceptance/program", "internal/testkit", "internal/emulator"},
	"aliasctl/internal/acceptance/scene":   {"internal/acceptance/program", "internal/testkit", "internal/state", "internal/state/stores", "internal/emulator", "executor", "planner", "manifest"},
	"aliasctl/internal/emulator":           {"internal/atomicfile", "internal/emulator/filter"},
	"aliasctl/internal/emulator/filter":    {},
	"aliasctl/executor":                    {"planner", "manifest"},
	"aliasctl/planner":                     {"planner/truth", "manifest", "internal/quantity"},
	// The table, and what is asked of a plan or a state that is there.
	"aliasctl/planner/truth":    {},
	"aliasctl/planner/proof":    {"planner", "planner/truth", "internal/quantity"},
	"aliasctl/planner/saved":    {"planner", "manifest", "internal/quantity"},
	"aliasctl/planner/drift":    {"planner", "manifest"},
	"aliasctl/planner/rollback": {"planner", "manifest"},
	"aliasctl/manifest":         {},
}

// leaves know no other room, and every room but the planner may know them.
var leaves = []string{"internal/atomicfile", "internal/input", "internal/quantity", "internal/safetext", "internal/throttle"}

// What the planner must not see: files, sockets, cancellation, logs, chance.
var impure = []string{"os", "io", "net", "net/http", "context", "log", "log/slog", "math/rand", "math/rand/v2", "sync", "runtime"}

// inPlanner reports whether a room is the planner or one of its own.
func inPlanner(room string) bool { return strings.HasPrefix(room+"/", "aliasctl/planner/") }

func TestImportsPointOneWay(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || path != "." && strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		room := "aliasctl"
		if dir := filepath.ToSlash(filepath.Dir(path)); dir != "." {
			room += "/" + dir
		}
		allowed, known := mayImport[room]
		leaf := slices.Contains(leaves, strings.TrimPrefix(room, "aliasctl/"))
		if !known && !leaf {
			t.Errorf("%s: the room %s is not in the house: add it to mayImport with what it may know", path, room)
			return nil
		}
		seen[room] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(name, "aliasctl/"); ok && !slices.Contains(allowed, own) && !(slices.Contains(leaves, own) && !inPlanner(room) && !leaf) {
				t.Errorf("%s imports %s, which %s must not know", path, name, room)
			}
			if name == "github.com/google/go-cmp/cmp" {
				t.Errorf("%s imports go-cmp, which is for tests only", path)
			}
			if inPlanner(room) && slices.Contains(impure, name) {
				t.Errorf("%s imports %s: the planner is pure", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range mayImport {
		if !seen[room] {
			t.Errorf("the room %s is in mayImport and not in the house", room)
		}
	}
}

// Whoever looks for a room finds it in the table of docs/architecture.md: by its path,
// or by its name in the row of the rooms beside it.
func TestTheTableHasEveryRoom(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(string(text), "\n")
	rooms := slices.Clone(leaves)
	for room := range mayImport {
		if path, inside := strings.CutPrefix(room, "aliasctl/"); inside {
			rooms = append(rooms, path)
		}
	}
	for _, path := range rooms {
		above, name := filepath.Split(path)
		named := func(row string) bool {
			return strings.HasPrefix(row, "| `"+path+"/`") ||
				strings.HasPrefix(row, "| `"+above+"*/`") && strings.Contains(row, "`"+name+"`") ||
				slices.Contains(leaves, path) && strings.HasPrefix(row, "| `internal/atomicfile/`") && strings.Contains(row, "`"+name+"/`") ||
				(strings.HasPrefix(path, "internal/testkit/") || strings.HasPrefix(path, "internal/acceptance/")) && strings.HasPrefix(row, "| `"+above+"`")
		}
		if !slices.ContainsFunc(rows, named) {
			t.Errorf("docs/architecture.md has no row for the room %s", path)
		}
	}
}

// The planner is given the time; it never looks at a clock.
func TestPlannerHasNoClock(t *testing.T) {
	files, err := filepath.Glob("planner/*.go")
	rooms, _ := filepath.Glob("planner/*/*.go")
	if err != nil || len(files) == 0 || len(rooms) == 0 {
		t.Fatalf("no files of the planner: %v", err)
	}
	files = append(files, rooms...)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, name := range uses(t, path, "time") {
			if slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"}, name) {
				t.Errorf("%s uses time.%s", path, name)
			}
		}
	}
}

// uses lists what a file selects from a package.
func uses(t *testing.T, path, pkg string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
				names = append(names, sel.Sel.Name)
			}
		}
		return true
	})
	return names
}

// These four are chosen for good (CONTRIBUTING.md).
func TestTheLibrariesThatStay(t *testing.T) {
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"gopkg.in/yaml.v3", "github.com/google/go-cmp", "github.com/urfave/cli/v2", "github.com/sergi/go-diff"} {
		if !regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(path) + ` v\S+$`).Match(module) {
			t.Errorf("go.mod does not require %s", path)
		}
	}
	err = filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, "testdata/kubernetes/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // a test has broken files on purpose
		}
		for _, spec := range file.Imports {
			if strings.Contains(spec.Path.Value, "yaml") && spec.Path.Value != `"gopkg.in/yaml.v3"` && strings.Contains(spec.Path.Value, ".") {
				t.Errorf("%s imports %s: YAML is read by gopkg.in/yaml.v3", path, spec.Path.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
