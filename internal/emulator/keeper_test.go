package emulator

import (
	"aliasctl/internal/atomicfile"
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const blueGreen = `
databases:
  default:
    collections: [products_v1, products_v2]
    aliases: {products: products_v1}
`

func open(t *testing.T, seed string) *Emulator {
	t.Helper()
	e, err := Open(seed, V26)
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

func TestOpenGoesOnWhereTheLastEnded(t *testing.T) {
	seed := seedFile(t, blueGreen)
	first := open(t, seed)
	must(t, first.AlterAlias(DefaultDatabase, "products", "products_v2"))
	must(t, first.DropCollection(DefaultDatabase, "products_v1"))
	must(t, first.CreateDatabase("archive"))
	must(t, first.MakeZombie("archive", "legacy", "old"))
	ids := first.Collections(DefaultDatabase)
	must(t, first.Close())

	second := open(t, seed)
	if diff := cmp.Diff(map[string]string{"products": "products_v2"}, second.Bindings(DefaultDatabase)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(ids, second.Collections(DefaultDatabase)); diff != "" {
		t.Error(diff)
	}
	var taken *Failure
	must(t, second.CreateCollection("archive", "new"))
	if err := second.CreateAlias("archive", "legacy", "new"); !errors.As(err, &taken) || taken.Code != codeAliasExists {
		t.Errorf("the zombie is gone: %v", err)
	}
}

// As on real servers, all ids of one run carry the millisecond in which the
// server started, and a restart goes on with greater ones.
func TestIdsAscendAcrossRestarts(t *testing.T) {
	seed := seedFile(t, blueGreen)
	var last int64
	started := map[int64]bool{}
	for run := range 3 {
		e := open(t, seed)
		var of []int64
		for i := range 3 {
			name := fmt.Sprintf("c_%d_%d", run, 9-i)
			must(t, e.CreateCollection(DefaultDatabase, name))
			of = append(of, e.Collections(DefaultDatabase)[name])
		}
		must(t, e.Close())
		for _, id := range of {
			if id <= last || id <= 1<<53 || id>>18 != of[0]>>18 {
				t.Errorf("run %d: ids %d after %d", run, of, last)
			}
			last = id
		}
		started[of[0]>>18] = true
	}
	if len(started) != 3 {
		t.Errorf("three runs started in %d milliseconds", len(started))
	}
}

func TestIdsAreNeverReused(t *testing.T) {
	seed := seedFile(t, blueGreen)
	seen := map[int64]bool{}
	for range 3 {
		e, err := Open(seed, V26)
		must(t, err)
		for range 3 {
			must(t, e.CreateCollection(DefaultDatabase, "again"))
			id := e.Collections(DefaultDatabase)["again"]
			if seen[id] {
				t.Fatalf("id %d twice", id)
			}
			seen[id] = true
			must(t, e.DropCollection(DefaultDatabase, "again"))
		}
		must(t, e.Close())
	}
	// Nor does a cluster that starts over share one with its predecessor.
	must(t, os.Remove(CopyPath(seed)))
	if id := open(t, seed).Collections(DefaultDatabase)["products_v1"]; seen[id] {
		t.Errorf("id %d twice", id)
	}
}

func TestOpenWithoutASeedUsesTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, open(t, "").CreateCollection(DefaultDatabase, "products_v1"))
	if _, err := os.Stat(".aliasctl/embedded.json"); err != nil {
		t.Error(err)
	}
	if open(t, "").Collections(DefaultDatabase)["products_v1"] == 0 {
		t.Error("the collection is gone")
	}
	ignored, err := os.ReadFile(".aliasctl/.gitignore")
	if must(t, err); string(ignored) != "*\n" {
		t.Errorf("got %q", ignored)
	}
}

func TestProcessesShareOneCluster(t *testing.T) {
	seed := seedFile(t, blueGreen)
	const writers, each = 4, 15
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			e, err := Open(seed, V26) // a lock and files of its own, as in another process
			if err != nil {
				t.Error(err)
				return
			}
			defer e.Close()
			for i := range each {
				alias := fmt.Sprintf("alias_%d_%d", w, i)
				if err := e.CreateAlias(DefaultDatabase, alias, "products_v1"); err != nil {
					t.Error(err)
				}
				if e.Bindings(DefaultDatabase)[alias] != "products_v1" {
					t.Errorf("%s is not seen by its own creator", alias)
				}
			}
		})
	}
	onlooker := open(t, seed)
	work.Wait()
	if got, want := len(onlooker.Bindings(DefaultDatabase)), writers*each+1; got != want {
		t.Errorf("%d aliases, want %d", got, want)
	}
}

// TestKillLosesNothingThatWasAnswered kills a process that changes the cluster
// without a pause; the test binary is that process too.
func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	if seed := os.Getenv("EMULATOR_TEST_SEED"); seed != "" {
		e := open(t, seed)
		for i := 0; ; i++ {
			alias := fmt.Sprintf("alias_%d", i)
			must(t, e.CreateAlias(DefaultDatabase, alias, "products_v1"))
			fmt.Println(alias)
		}
	}
	seed := seedFile(t, blueGreen)
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "EMULATOR_TEST_SEED="+seed)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var answered []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if answered = append(answered, lines.Text()); len(answered) == 25 {
			must(t, child.Process.Kill())
		}
	}
	child.Wait()
	bindings := open(t, seed).Bindings(DefaultDatabase)
	for _, alias := range answered {
		if bindings[alias] == "" {
			t.Errorf("%s is lost", alias)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(CopyPath(seed)), "*.tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestAnEditedSeedIsNotGuessedAbout(t *testing.T) {
	seed := seedFile(t, blueGreen)
	must(t, open(t, seed).DropAlias(DefaultDatabase, "products"))

	must(t, os.WriteFile(seed, []byte("# a comment is no change"+blueGreen), 0o600))
	open(t, seed)

	must(t, os.WriteFile(seed, []byte(blueGreen+"  archive:\n"), 0o600))
	_, err := Open(seed, V26)
	var changed *SeedChangedError
	if !errors.As(err, &changed) || changed.Seed != seed || changed.Copy != CopyPath(seed) {
		t.Fatalf("got %v", err)
	}
	must(t, os.Remove(changed.Copy))
	if open(t, seed).Collections("archive") == nil {
		t.Error("did not start over from the seed")
	}
}

func TestABrokenCopyIsLeftAlone(t *testing.T) {
	for _, content := range []string{"", "{", `{"version":99}`} {
		seed := seedFile(t, blueGreen)
		open(t, seed)
		must(t, os.WriteFile(CopyPath(seed), []byte(content), 0o600))
		_, err := Open(seed, V26)
		var broken *CopyError
		if !errors.As(err, &broken) || broken.Path != CopyPath(seed) {
			t.Errorf("%q: got %v", content, err)
		}
		if now, err := os.ReadFile(CopyPath(seed)); err != nil || string(now) != content {
			t.Errorf("%q became %q, %v", content, now, err)
		}
	}
}

func TestWhatCannotBeSavedDidNotHappen(t *testing.T) {
	e := open(t, seedFile(t, blueGreen))
	full := errors.New("no space left on device")
	e.keeper.replace = func(string, []byte, atomicfile.Options) error { return full }
	var unsaved *CopyError
	if err := e.DropAlias(DefaultDatabase, "products"); !errors.As(err, &unsaved) || !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	if e.Bindings(DefaultDatabase)["products"] != "products_v1" {
		t.Error("the alias is gone")
	}
}

func TestOpenTellsAMissingSeed(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "nope.yaml"), V26); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
