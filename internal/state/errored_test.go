package state_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"aliasctl/internal/state/local"
	"aliasctl/internal/testkit/faultfs"
)

func TestErroredStateGoesWhereItCan(t *testing.T) {
	broken := errors.New("read-only file system")
	dir, work, temp := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(work)
	t.Setenv("TMPDIR", temp)
	path := filepath.Join(dir, "it's.state.json")
	for _, tt := range []struct {
		readOnly []string
		want     string // a pattern, "" for none
	}{
		{nil, dir + "/errored.it's.state.json"},
		{[]string{dir}, work + "/errored.it's.state.json"},
		{[]string{dir, work}, temp + "/aliasctl-*/errored.it's.state.json"},
		{[]string{dir, work, temp}, ""},
	} {
		fsys := faultfs.On(local.OS)
		fsys.Before = func(op, path string, _ int) error {
			if (op == "create" || op == "mkdir") && slices.Contains(tt.readOnly, path) {
				return broken
			}
			return nil
		}
		f, err := local.OpenFS(path, fsys)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.SaveErrored(numbered(9))
		if tt.want == "" {
			if !errors.Is(err, broken) || strings.Count(err.Error(), broken.Error()) != 3 {
				t.Errorf("nowhere to save: %q, %v", got, err)
			}
			continue
		}
		if ok, _ := filepath.Match(tt.want, got); !ok || err != nil {
			t.Fatalf("got %q, %v, want %q", got, err, tt.want)
		}
		if n := serial(t, open(t, got)); n != 9 {
			t.Errorf("%s has serial %d", got, n)
		}
		// The command that is told to the user does what it says.
		if out, err := exec.Command("sh", "-c", f.Recovery(got)).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", f.Recovery(got), err, out)
		}
		if n := serial(t, f); n != 9 {
			t.Errorf("after %s: serial %d", f.Recovery(got), n)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestErroredStateOfAnotherFileIsKept(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(t.TempDir())
	f := open(t, dir+"/s.json")
	other := sample()
	other.Lineage = uuid.NewString()
	save(t, open(t, dir+"/errored.s.json"), other)
	got, err := f.SaveErrored(numbered(4))
	if err != nil || filepath.Dir(got) == dir || serial(t, open(t, got)) != 4 {
		t.Errorf("saved at %q, %v", got, err)
	}
	if kept, err := open(t, dir+"/errored.s.json").Read(t.Context()); err != nil || !cmp.Equal(kept, other) {
		t.Errorf("the other one is now %+v, %v", kept, err)
	}
	again, err := f.SaveErrored(numbered(5))
	if again != got || err != nil || serial(t, open(t, got)) != 5 {
		t.Errorf("a later one of the same lineage is at %q, %v", again, err)
	}
}

// What was done is kept even when a defect made the state unsound.
func TestErroredStateNeedNotBeSound(t *testing.T) {
	s := sample()
	s.Lineage = ""
	f := open(t, t.TempDir()+"/s.json")
	if err := f.Save(t.Context(), s); err == nil {
		t.Fatal("saved an unsound state")
	}
	path, err := f.SaveErrored(s)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Contains(data, []byte(`"products_v42"`)) {
		t.Errorf("%s holds %s, %v", path, data, err)
	}
}
