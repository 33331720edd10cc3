package manifest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata/manifest anew")

// Every bad manifest of testdata/manifest, a file or a directory, has beside
// it what is printed about it.
func TestBadManifests(t *testing.T) {
	t.Chdir(filepath.Join("..", "testdata", "manifest"))
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := e.Name()
		if filepath.Ext(path) == ".golden" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			_, err := Load([]string{path}, Options{})
			problems, ok := AsProblems(err)
			if !ok {
				t.Fatalf("Load(%q) = %v, want problems", path, err)
			}
			got := problems.Error() + "\n"
			golden := strings.TrimSuffix(path, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("no %s; run the tests of this package with -update and read what it says", golden)
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("problems of %s (-want +got):\n%s", path, diff)
			}
		})
	}
}
