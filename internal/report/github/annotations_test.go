package github_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"aliasctl/internal/report/github"
	"aliasctl/manifest"
)

func annotated(t interface{ Fatalf(string, ...any) }, problems *manifest.Problems) string {
	var b strings.Builder
	if err := github.Annotations(&b, problems, func(path string) string { return path }); err != nil {
		t.Fatalf("%v", err)
	}
	return b.String()
}

func TestAnnotations(t *testing.T) {
	at := func(file string, line, column int) manifest.Position {
		return manifest.Position{File: file, Line: line, Column: column}
	}
	got := annotated(t, &manifest.Problems{
		List: []manifest.Problem{
			{Pos: at("deploy/aliases.yaml", 4, 3), Message: `unknown field "alias"`, Hint: `did you mean "aliases"?`},
			{Pos: at("a,b:c%.yaml", 1, 1), Message: "100% wrong: ::error::forged\r\n::warning::forged, too"},
			{Pos: at("-", 12, 1), Message: "\x1b[31mred\x1b[0m"},
		},
		More: 17,
	})
	want := `::error file=deploy/aliases.yaml,line=4,col=3::unknown field "alias"%0Ahint: did you mean "aliases"?
::error file=a%2Cb%3Ac%25.yaml,line=1,col=1::100%25 wrong: \x3a:error\x3a:forged%0D%0A\x3a:warning\x3a:forged, too
::error file=-,line=12,col=1::\x1b[31mred\x1b[0m
::error::... and 17 problems more
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAnnotationsReadBackAsTheyWere reads the commands as the runner of GitHub
// does: one a line, properties between commas, escapes undone at the end.
func TestAnnotationsReadBackAsTheyWere(t *testing.T) {
	text := rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"a", "é", "%", "%0A", "\r", "\n", ":", "::", ",", "=", "::error::", "file=", " "})),
		func(s []string) string { return strings.Join(s, "") })
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%", `\x3a`, ":")
	rapid.Check(t, func(t *rapid.T) {
		p := manifest.Problem{Message: text.Draw(t, "message"), Pos: manifest.Position{File: text.Draw(t, "file"), Line: 3, Column: 7}}
		line, ok := strings.CutSuffix(annotated(t, &manifest.Problems{List: []manifest.Problem{p}}), "\n")
		if !ok || strings.ContainsFunc(line, unicode.IsControl) {
			t.Fatalf("not one line: %q", line)
		}
		properties, message, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
		parts := strings.Split(properties, ",")
		if d := cmp.Diff([]string{"line=3", "col=7"}, parts[1:]); d != "" {
			t.Fatalf("properties (-want +got):\n%s", d)
		}
		if file := unescape.Replace(strings.TrimPrefix(parts[0], "file=")); file != p.Pos.File {
			t.Fatalf("file %q came back as %q", p.Pos.File, file)
		}
		if got := unescape.Replace(message); got != p.Message {
			t.Fatalf("message %q came back as %q", p.Message, got)
		}
	})
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnnotationsReturnTheErrorOfTheWriter(t *testing.T) {
	problems := &manifest.Problems{List: []manifest.Problem{{Message: "bad"}}}
	if err := github.Annotations(full{}, problems, func(path string) string { return path }); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
