package planner_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"aliasctl/planner"
)

// Every kind is in the list that the reference is made from.
func TestEveryKindOfConflictIsExplained(t *testing.T) {
	explained := make(map[string]bool)
	for _, k := range planner.ConflictKinds() {
		if explained[string(k.Kind)] || k.About == "" {
			t.Errorf("%s: %q", k.Kind, k.About)
		}
		explained[string(k.Kind)] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "conflict.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "ConflictKind" {
			return true
		}
		if kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err != nil || !explained[kind] {
			t.Errorf("%s is not in the list of ConflictKinds, with what it means in one line", spec.Names[0].Name)
		}
		kinds++
		return true
	})
	if kinds == 0 || kinds != len(explained) {
		t.Errorf("%d kinds, %d explained", kinds, len(explained))
	}
}
