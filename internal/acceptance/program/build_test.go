package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The go command is to look at each folder of source, and at none that runs write to.
func TestResultsFollowTheSource(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# test log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := followSource(list, root); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# test log\n") {
		t.Errorf("what the tests opened is gone: %.100s", text)
	}
	for _, folder := range []string{"", "planner", "internal/cli", "testdata/script/every-version"} {
		if !strings.Contains(string(text), "\nopen "+filepath.Join(root, folder)+"\n") {
			t.Errorf("the folder %q is not in the list", folder)
		}
	}
	if strings.Contains(string(text), filepath.Join(root, ".git")) {
		t.Error("the list has .git")
	}
}
