package state_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	from := open(t, t.TempDir()+"/s.json")
	to := func() statefile.Location { return object(t, store.location("s.json"), longLease) }
	if _, err := statefile.Migrate(t.Context(), from, to()); !statefile.IsAbsent(err) {
		t.Errorf("nothing: %v", err)
	}
	save(t, from, numbered(3))
	if s, err := statefile.Migrate(t.Context(), from, to()); err != nil || s.Serial != 3 || stateAt(t, to()) != 3 {
		t.Errorf("to an empty place: serial %d, %v", s.Serial, err)
	}
	var occupied *statefile.OccupiedError
	if _, err := statefile.Migrate(t.Context(), from, to()); !errors.As(err, &occupied) || !occupied.Equal || !strings.Contains(err.Error(), "serial 3 and the same content") {
		t.Errorf("to one of the same serial: %v", err)
	}
	save(t, from, numbered(4))
	if _, err := statefile.Migrate(t.Context(), from, to()); err != nil || stateAt(t, to()) != 4 {
		t.Errorf("to an older one: %v", err)
	}
	other := numbered(9)
	other.Lineage = uuid.NewString()
	save(t, from, other)
	if _, err := statefile.Migrate(t.Context(), from, to()); !errors.As(err, &occupied) || !strings.HasSuffix(err.Error(), "of another lineage") {
		t.Errorf("to another lineage: %v", err)
	}
	// And back to a file.
	back := open(t, t.TempDir()+"/s.json")
	if _, err := statefile.Migrate(t.Context(), to(), back); err != nil || serial(t, back) != 4 {
		t.Errorf("back: %v", err)
	}
	store.put("s.json", []byte("{"))
	if _, err := statefile.Migrate(t.Context(), from, to()); !statefile.IsCorrupt(err) {
		t.Errorf("to a damaged one: %v", err)
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	store := newFakeStore(t)
	for name, fresh := range map[string]func(t *testing.T) statefile.Location{
		"file":   func(t *testing.T) statefile.Location { return open(t, t.TempDir()+"/s.json") },
		"object": func(t *testing.T) statefile.Location { return object(t, store.location(uuid.NewString()), longLease) },
	} {
		t.Run(name, func(t *testing.T) {
			to := fresh(t)
			push := func(serial uint64, lineage string, force bool) error {
				s := numbered(serial)
				if lineage != "" {
					s.Lineage = lineage
				}
				_, err := statefile.Push(t.Context(), to, s, force)
				return err
			}
			if err := push(5, "", false); err != nil {
				t.Fatalf("a first one: %v", err)
			}
			if err := push(5, "", false); err != nil {
				t.Errorf("the same once more: %v", err)
			}
			// What another run has made of the state before, under the same serial.
			rival := numbered(5)
			rival.Bindings = rival.Bindings[:1]
			if changed, err := statefile.Push(t.Context(), to, rival, false); changed || !statefile.IsPushRefused(err) ||
				!strings.HasSuffix(err.Error(), "is not older: both have serial 5, and their content differs") {
				t.Errorf("the same serial with other content: %t, %v", changed, err)
			}
			if stateAt(t, to) != 5 {
				t.Error("a refused state was written")
			}
			if err := push(6, "", false); err != nil {
				t.Errorf("a newer one: %v", err)
			}
			if err := push(5, "", false); !statefile.IsPushRefused(err) || !strings.HasSuffix(err.Error(), "is newer: it has serial 6, the other one 5") {
				t.Errorf("an older one: %v", err)
			}
			stranger := uuid.NewString()
			if err := push(7, stranger, false); !statefile.IsPushRefused(err) || !strings.HasSuffix(err.Error(), `its lineage is "`+lineage+`"`) {
				t.Errorf("another lineage: %v", err)
			}
			if stateAt(t, to) != 6 {
				t.Error("a refused state was written")
			}
			if err := push(1, stranger, true); err != nil {
				t.Errorf("by force: %v", err)
			}
			if s, err := to.Read(t.Context()); err != nil || s.Serial != 1 || s.Lineage != stranger {
				t.Errorf("after force: %+v, %v", s, err)
			}
			// What is damaged is replaced by force only.
			if file, ok := to.(*local.File); ok {
				if err := os.WriteFile(file.Path(), []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
			} else {
				key, _, _ := strings.Cut(strings.TrimPrefix(to.Path(), "s3://states/"), "?")
				store.put(key, []byte("{"))
			}
			if err := push(2, "", false); !statefile.IsCorrupt(err) {
				t.Errorf("on a damaged one: %v", err)
			}
			if err := push(2, "", true); err != nil || stateAt(t, to) != 2 {
				t.Errorf("on a damaged one by force: %v", err)
			}
		})
	}
}
