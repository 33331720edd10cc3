package formats_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
)

var update = flag.Bool("update", false, "write the goldens instead of comparing with them")

var goldenDir = filepath.Join("..", "..", "..", "testdata", "plan")

// golden compares got with a file of testdata/plan.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(goldenDir, name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; `go test ./internal/report/formats -update` accepts it):\n%s", name, diff)
	}
}

func written(t *testing.T, f formats.Format, d report.Document, s layout.Style) []byte {
	t.Helper()
	if r, ok := d.(report.Report); ok && r.Digest == "" {
		r.Digest = r.Plan.Digest()
		d = r
	}
	var b bytes.Buffer
	if err := formats.Write(&b, f, d, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestScenariosInEveryFormat(t *testing.T) {
	for _, s := range scenarios() {
		for _, f := range formats.All() {
			t.Run(s.name+"/"+string(f), func(t *testing.T) {
				golden(t, s.name+"."+string(f), withoutStyle(written(t, f, s.report, layout.Style{})))
			})
		}
	}
}

var styleElement = regexp.MustCompile(`(?s)<style>.*</style>`)

// withoutStyle leaves out of a page what is the same in all of them.
func withoutStyle(page []byte) []byte {
	return styleElement.ReplaceAll(page, []byte("<style></style>"))
}

func TestScenariosInColour(t *testing.T) {
	for _, s := range scenarios() {
		switch s.name {
		case "switch-and-retire", "drift-and-conflicts", "apply-failed", "preflight-refused", "group-switched-back":
		default:
			continue
		}
		for _, f := range []formats.Format{formats.Text, formats.Diff} {
			t.Run(s.name+"/"+string(f), func(t *testing.T) {
				golden(t, s.name+".colour."+string(f), written(t, f, s.report, layout.Style{Color: true}))
			})
		}
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourAddsNothingButColour(t *testing.T) {
	for _, s := range scenarios() {
		for _, f := range formats.All() {
			t.Run(s.name+"/"+string(f), func(t *testing.T) {
				plain := written(t, f, s.report, layout.Style{})
				coloured := written(t, f, s.report, layout.Style{Color: true})
				if d := cmp.Diff(string(plain), sgr.ReplaceAllString(string(coloured), "")); d != "" {
					t.Errorf("(-plain +coloured without SGR):\n%s", d)
				}
				if !f.Whole() && bytes.Equal(plain, coloured) {
					t.Error("no colour at all")
				}
			})
		}
	}
}

func TestEveryGoldenBelongsToAScenario(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, s := range scenarios() {
		known[s.name] = true
	}
	for _, s := range driftScenarios() {
		known[s.name] = true
	}
	for _, f := range files {
		if name, _, _ := strings.Cut(filepath.Base(f), "."); !known[name] {
			t.Errorf("%s is left over", f)
		}
	}
}
