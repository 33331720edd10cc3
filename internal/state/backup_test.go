package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

// A damaged state that is replaced by force does not become the backup while
// there is a whole one: that is the last way back.
func TestABackupIsNotReplacedByDamage(t *testing.T) {
	for name, damaged := range map[string]string{
		"cut": `{"version": 1,`, "empty": "", "another program's": `{"serial": 4}`, "no text": "\x00\xff",
		"of a later version": `{"version": 99}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.json")
			f := open(t, path)
			save(t, f, numbered(1))
			save(t, f, numbered(2))
			write(t, path, damaged)
			if changed, err := state.Push(t.Context(), f, numbered(3), true); err != nil || !changed {
				t.Fatalf("push: %v, %v", changed, err)
			}
			if _, serial, ok := local.Backup(path); !ok || serial != 1 {
				t.Errorf("the backup has serial %d, %v", serial, ok)
			}
			// The next save makes a new one, of what was pushed.
			save(t, f, numbered(4))
			if _, serial, ok := local.Backup(path); !ok || serial != 3 {
				t.Errorf("after the next save the backup has serial %d, %v", serial, ok)
			}
			// Without a whole backup what is replaced is kept, whatever it is.
			write(t, path, damaged)
			write(t, path+".backup", "{")
			if _, err := state.Push(t.Context(), f, numbered(5), true); err != nil {
				t.Fatal(err)
			}
			if kept, err := os.ReadFile(path + ".backup"); err != nil || string(kept) != damaged {
				t.Errorf("the backup holds %q, %v", kept, err)
			}
		})
	}
}

// A byte order mark is no damage: some editors and shells write one.
func TestAStateMayBeginWithAByteOrderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.json")
	f := open(t, path)
	save(t, f, numbered(7))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "\ufeff"+string(text))
	if got := serial(t, f); got != 7 {
		t.Errorf("read serial %d", got)
	}
	save(t, f, numbered(8))
	// The place of a mistake behind it is the one that an editor shows, which
	// hides the mark.
	write(t, path, "\ufeff{\"version\": x}")
	var corrupt *state.CorruptError
	if _, err := f.Read(t.Context()); !errors.As(err, &corrupt) || corrupt.Line != 1 || corrupt.Offset != len(`{"version": `) {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
