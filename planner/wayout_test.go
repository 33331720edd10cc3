package planner_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dashed writes choices as flags.
func dashed(kind, target string) string {
	switch kind {
	case "file":
		return "-f"
	case "history":
		return "aliasctl history"
	}
	return strings.TrimSpace("--" + kind + " " + target)
}

// How a choice is written is its caller's business: no text of the planner holds a
// flag or the name of the program.
func TestThePlannerNamesNoFlag(t *testing.T) {
	flag := regexp.MustCompile("--[a-z]|`aliasctl|`-[a-z]| -f ")
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
					texts++
					if flag.MatchString(text.Value) {
						t.Errorf("the planner says %s", text.Value)
					}
				}
				return true
			})
		}
	}
	if texts < 100 {
		t.Errorf("%d texts were looked at", texts)
	}
}
