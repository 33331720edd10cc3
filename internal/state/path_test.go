package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	statefile "aliasctl/internal/state"
)

func TestDefaultPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/prod.yaml", 0o755); err != nil {
		t.Fatal(err)
	}
	makePipe(t, dir+"/pipe")
	for _, tt := range []struct {
		manifests []string
		want      string
	}{
		{nil, "aliases.state.json"},
		{[]string{"aliases.yaml"}, "aliases.state.json"},
		{[]string{"deploy/prod.eu.yaml"}, "deploy/prod.eu.state.json"},
		{[]string{"deploy/prod.eu.yml"}, "deploy/prod.eu.yml.aliasctl-state.json"},
		{[]string{"v1.2/aliases"}, "v1.2/aliases.aliasctl-state.json"},
		{[]string{"aliases.json"}, "aliases.json.aliasctl-state.json"},
		{[]string{dir + "/prod.yaml"}, dir + "/prod.yaml/aliasctl-state.json"},
		{[]string{dir + "/prod.yaml/"}, dir + "/prod.yaml/aliasctl-state.json"},
		{[]string{dir + "/prod.yaml/."}, dir + "/prod.yaml/aliasctl-state.json"},
		{[]string{dir + "/none.yaml"}, dir + "/none.state.json"},
		{[]string{"-"}, ""},
		{[]string{"/dev/fd/63"}, ""},
		{[]string{"/dev/stdin"}, ""},
		{[]string{dir + "/pipe"}, ""},
		{[]string{"a.yaml", "b.yaml"}, ""},
	} {
		if got, err := statefile.DefaultPath(tt.manifests); got != tt.want || err != nil {
			t.Errorf("%q: got %q, %v", tt.manifests, got, err)
		}
	}
}

// No two manifests of one folder, the folder itself among them, have one state,
// however they are named and written.
func TestDefaultPathsDoNotCollide(t *testing.T) {
	t.Chdir(t.TempDir())
	var names []string
	for _, stem := range []string{"aliases", "s", "s.yaml", "s.yml", "s.aliasctl-state", "aliasctl-state", "aliases.state", "s.aliasctl-state.json", ".hidden", "a.b"} {
		for _, extension := range []string{"", ".yaml", ".yml", ".json", ".YAML", ".state.json", ".txt"} {
			names = append(names, stem+extension)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	owner := map[string]string{}
	place := func(manifest, written string) {
		path, err := statefile.DefaultPath([]string{written})
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		path = filepath.Clean(path)
		if other, taken := owner[path]; taken && other != manifest {
			t.Errorf("%s and %s share %s", other, manifest, path)
		}
		owner[path] = manifest
	}
	for _, name := range names {
		place(name, name)
		place(name, "./"+name)
		place(name, ".//"+name)
	}
	for _, written := range []string{".", "./", "./."} {
		place("the folder", written)
	}
	if len(owner) != len(names)+1 {
		t.Errorf("%d states for %d manifests and their folder", len(owner), len(names))
	}
}

// A state where earlier versions kept it is used, or the run is refused with the
// command that decides whose it is: it never begins anew beside its state.
func TestDefaultPathFindsTheStateOfEarlierVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		files    string   // beside the old state
		recorded []string // what it was applied from
		manifest string
		want     string // "" for a dispute
		owner    string
	}{
		"a folder":                               {"d/a.yaml d/b.yaml", nil, "d", "d/aliases.state.json", ""},
		"a folder, written otherwise":            {"d/a.yaml", nil, "./d/", "d/aliases.state.json", ""},
		"a folder with the default manifest":     {"d/a.yaml d/aliases.yaml", nil, "d", "", "d/aliases.yaml"},
		"a folder with aliases.yml":              {"d/a.yaml d/aliases.yml", nil, "d", "", "d/aliases.yml"},
		"a folder, recorded":                     {"d/a.yaml d/aliases.yaml", []string{"a.yaml", "aliases.yaml"}, "d", "d/aliases.state.json", ""},
		"a folder, recorded for the file":        {"d/a.yaml d/aliases.yaml", []string{"aliases.yaml"}, "d", "d/aliasctl-state.json", ""},
		"a folder, recorded for neither":         {"d/a.yaml d/aliases.yaml", []string{"-"}, "d", "", "d/aliases.yaml"},
		"a folder with more files than recorded": {"d/a.yaml d/b.yaml", []string{"a.yaml"}, "d", "d/aliases.state.json", ""},
		"yml":                                    {"d/aliases.yml", nil, "d/aliases.yml", "d/aliases.state.json", ""},
		"json":                                   {"d/aliases.json", nil, "d/aliases.json", "d/aliases.state.json", ""},
		"no extension":                           {"d/aliases", nil, "d/aliases", "d/aliases.state.json", ""},
		"yml beside yaml":                        {"d/aliases.yml d/aliases.yaml", nil, "d/aliases.yml", "", "d/aliases.yaml"},
		"yml beside json":                        {"d/aliases.yml d/aliases.json", nil, "d/aliases.yml", "", "d/aliases.json"},
		"yml beside yaml, recorded":              {"d/aliases.yml d/aliases.yaml", []string{"aliases.yml"}, "d/aliases.yml", "d/aliases.state.json", ""},
		"yml beside yaml, recorded for that":     {"d/aliases.yml d/aliases.yaml", []string{"aliases.yaml"}, "d/aliases.yml", "d/aliases.yml.aliasctl-state.json", ""},
		"yaml keeps its place":                   {"d/aliases.yml d/aliases.yaml", nil, "d/aliases.yaml", "d/aliases.state.json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir("d", 0o755); err != nil {
				t.Fatal(err)
			}
			for file := range strings.FieldsSeq(tt.files) {
				write(t, file, "version: 1\n")
			}
			s := numbered(3)
			s.Manifests = tt.recorded
			save(t, open(t, "d/aliases.state.json"), s)
			got, err := statefile.DefaultPath([]string{tt.manifest})
			var disputed *statefile.DisputedError
			switch {
			case tt.want != "" && (err != nil || got != tt.want):
				t.Fatalf("got %q, %v", got, err)
			case tt.want != "":
				return
			case !errors.As(err, &disputed) || disputed.Owner != tt.owner:
				t.Fatalf("got %q, %v", got, err)
			}
			// Each way out ends the dispute.
			for _, part := range []string{"`mv d/aliases.state.json " + disputed.Path + "`", "`--state d/aliases.state.json`", "`--state " + disputed.Path + "`"} {
				if !strings.Contains(disputed.Hint(), part) {
					t.Errorf("the hint lacks %s: %s", part, disputed.Hint())
				}
			}
			if err := os.Rename("d/aliases.state.json", disputed.Path); err != nil {
				t.Fatal(err)
			}
			if got, err := statefile.DefaultPath([]string{tt.manifest}); err != nil || got != disputed.Path {
				t.Errorf("after the move: %q, %v", got, err)
			}
		})
	}
}

// A link to a manifest whose state is there begins no second one unasked.
func TestDefaultPathOfALink(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"a", "b"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "a/m.yaml", "version: 1\n")
	for link, target := range map[string]string{"b/m.yaml": "../a/m.yaml", "folder": "a"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := statefile.DefaultPath([]string{"b/m.yaml"}); err != nil || got != "b/m.state.json" {
		t.Errorf("without any state: %q, %v", got, err)
	}
	save(t, open(t, "a/m.state.json"), numbered(1))
	var disputed *statefile.DisputedError
	if _, err := statefile.DefaultPath([]string{"b/m.yaml"}); !errors.As(err, &disputed) || disputed.Found != "a/m.state.json" {
		t.Errorf("got %v", err)
	}
	if got, err := statefile.DefaultPath([]string{"folder/m.yaml"}); err != nil || got != "folder/m.state.json" {
		t.Errorf("in a folder that is a link: %q, %v", got, err)
	}
	save(t, open(t, "b/m.state.json"), numbered(1))
	if got, err := statefile.DefaultPath([]string{"b/m.yaml"}); err != nil || got != "b/m.state.json" {
		t.Errorf("with a state of its own: %q, %v", got, err)
	}
}
