package state_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/stores"
	s3 "aliasctl/internal/testkit/gateway"
	"aliasctl/planner"
)

// TestMain lets tests start this binary again as another process: what it
// does there is named by the first argument.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": s3.User, "AWS_SECRET_ACCESS_KEY": s3.Secret, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "child-save":
			saveForever(os.Args[2])
		case "child-lease":
			leaseAndWait(os.Args[2])
		case "child-lock":
			lockAndWait(os.Args[2])
		case "child-count":
			countUnderLock(os.Args[2])
		}
	}
	os.Exit(m.Run())
}

func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

func open(t testing.TB, path string) *local.File {
	t.Helper()
	f, err := local.OpenFS(path, local.OS)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func save(t testing.TB, f *local.File, s planner.State) {
	t.Helper()
	if err := f.Save(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// serial reads the state at path and returns its serial; the whole of it must
// be what numbered(serial) is.
func serial(t testing.TB, f *local.File) uint64 {
	t.Helper()
	s, err := f.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbered(s.Serial), s); diff != "" {
		t.Fatalf("state %d is not whole (-want +got):\n%s", s.Serial, diff)
	}
	return s.Serial
}

// numbered is a state that differs from that of every other serial in its
// whole length.
func numbered(serial uint64) planner.State {
	s := sample()
	s.Serial = serial
	for i := range 200 {
		s.Bindings = append(s.Bindings, planner.Binding{
			Database: "tenants", Alias: "tenant_" + string(rune('a'+i/26)) + string(rune('a'+i%26)),
			Collection: strings.Repeat("x", int(serial%7)) + "v" + time.Unix(int64(serial), 0).UTC().Format("20060102150405"), Since: noon})
	}
	return s
}

// names lists a folder.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestSaveThenRead(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir+"/aliases.state.json")
	save(t, f, numbered(1))
	save(t, f, numbered(2))
	if got := serial(t, f); got != 2 {
		t.Errorf("read serial %d", got)
	}
	if diff := cmp.Diff([]string{"aliases.state.json", "aliases.state.json.backup"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
}

// A new state is its owner's; one that is replaced keeps its mode, and so does
// its backup, also where that has to be a copy.
func TestModeOfAState(t *testing.T) {
	for _, umask := range []int{0o022, 0o777, 0} {
		for _, before := range []fs.FileMode{0, 0o600, 0o640, 0o666} { // 0: there is none
			for _, fsys := range []local.FS{local.OS, noLinks{local.OS}} {
				path, want := t.TempDir()+"/s.json", fs.FileMode(0o600)
				if before != 0 {
					want = before
					if err := os.WriteFile(path, []byte(sampleText), 0o600); err != nil {
						t.Fatal(err)
					}
					if err := os.Chmod(path, before); err != nil {
						t.Fatal(err)
					}
				}
				f, err := local.OpenFS(path, fsys)
				if err != nil {
					t.Fatal(err)
				}
				old := setUmask(umask)
				err = errors.Join(f.Save(t.Context(), numbered(1)), f.Save(t.Context(), numbered(2)))
				setUmask(old)
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{path, path + ".backup"} {
					if info, err := os.Stat(name); err != nil || info.Mode() != want {
						t.Errorf("umask %04o, mode before %v, %T: %s has %v, %v", umask, before, fsys, name, info.Mode(), err)
					}
				}
			}
		}
	}
}

func TestAbsentIsNotCorruptAndNotTooNew(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir+"/s.json")
	_, err := f.Read(t.Context())
	if !statefile.IsAbsent(err) || !errors.Is(err, fs.ErrNotExist) || statefile.IsCorrupt(err) || statefile.IsTooNew(err) {
		t.Errorf("got %T: %v", err, err)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("reading made %v", got)
	}
}

func TestADamagedStateIsLeftAsItIs(t *testing.T) {
	for _, text := range []string{"{", `{"version": 99}`, strings.Replace(sampleText, "1", "3", 1)} {
		dir := t.TempDir()
		path := dir + "/s.json"
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(path)
		if _, err := open(t, path).Read(t.Context()); !statefile.IsCorrupt(err) && !statefile.IsTooNew(err) {
			t.Errorf("got %T: %v", err, err)
		}
		after, err := os.Stat(path)
		data, _ := os.ReadFile(path)
		if err != nil || string(data) != text || !os.SameFile(before, after) || after.Mode() != before.Mode() {
			t.Errorf("reading changed it: %v, %q", err, data)
		}
		if diff := cmp.Diff([]string{"s.json"}, names(t, dir)); diff != "" {
			t.Errorf("left in the folder:\n%s", diff)
		}
	}
}

// A pipe would block an open for ever; a rename would replace a device.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/dir", 0o755); err != nil {
		t.Fatal(err)
	}
	makePipe(t, dir+"/pipe")
	if err := os.Symlink("/dev/null", dir+"/null"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"dir": "it is a directory", "pipe": "it is not a regular file", "null": "it is not a regular file"} {
		f := open(t, filepath.Join(dir, name))
		_, err := f.Read(t.Context())
		if err == nil || !strings.Contains(err.Error(), "cannot read state") || !strings.Contains(err.Error(), want) {
			t.Errorf("read %s: %v", name, err)
		}
		if statefile.IsAbsent(err) || statefile.IsCorrupt(err) {
			t.Errorf("read %s: taken for another case: %T", name, err)
		}
		if name == "null" { // a link: it is refused before what it leads to is looked at
			want = "out of its directory"
		}
		if err := f.Save(t.Context(), sample()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("save %s: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"dir", "null", "pipe"}, names(t, dir)); diff != "" {
		t.Errorf("left in the folder:\n%s", diff)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Errorf("/dev/null is %v, %v", info, err)
	}
}

func TestASymbolicLinkIsWrittenThrough(t *testing.T) {
	for _, first := range []bool{true, false} {
		dir := t.TempDir()
		for _, sub := range []string{"repo", "repo/volume"} {
			if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for link, target := range map[string]string{"repo/s.json": "volume/link.json", "repo/volume/link.json": dir + "/repo/volume/real.json"} {
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		if !first {
			save(t, open(t, dir+"/repo/volume/real.json"), numbered(1))
		}
		f := open(t, dir+"/repo/s.json")
		if _, err := f.Read(t.Context()); statefile.IsAbsent(err) != first {
			t.Errorf("first run %v: %v", first, err)
		}
		save(t, f, numbered(2))
		if got := serial(t, open(t, dir+"/repo/volume/real.json")); got != 2 {
			t.Errorf("the target has serial %d", got)
		}
		if info, err := os.Lstat(dir + "/repo/s.json"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is now %v, %v", info.Mode(), err)
		}
	}
	loop := t.TempDir() + "/loop"
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := open(t, loop).Save(t.Context(), sample()); err == nil || !strings.Contains(err.Error(), "too many levels of symbolic links") {
		t.Errorf("a loop of links: %v", err)
	}
}

func TestALocationThatIsNoPathIsRefused(t *testing.T) {
	for location, want := range map[string]string{
		"ftp://token@host/prod.state.json": `no store for scheme "ftp"; use s3://, `,
		"":                                 "it is empty",
	} {
		_, err := stores.Open(location)
		var unsupported *statefile.UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "token") {
			t.Errorf("%q: %v", location, err)
		}
	}
}

func TestSaveToNoDirectory(t *testing.T) {
	err := open(t, t.TempDir()+"/missing/s.json").Save(t.Context(), sample())
	var failed *statefile.SaveError
	if !errors.As(err, &failed) || !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), "no such file or directory; the old state is untouched") {
		t.Errorf("got %v", err)
	}
}

func TestNewStatesHaveALineageOfTheirOwn(t *testing.T) {
	cluster := planner.Cluster{URI: "http://milvus:19530", Label: "prod"}
	a, b := statefile.New(cluster), statefile.New(cluster)
	if uuid.Validate(a.Lineage) != nil || a.Lineage == b.Lineage {
		t.Errorf("lineages %q and %q", a.Lineage, b.Lineage)
	}
	if a.Cluster != cluster || a.Serial != 0 {
		t.Errorf("got %+v", a)
	}
	f := open(t, t.TempDir()+"/s.json")
	save(t, f, a)
	if got, err := f.Read(t.Context()); err != nil || !cmp.Equal(a, got) {
		t.Errorf("read %+v, %v", got, err)
	}
}

// Looking whether it can be written leaves nothing, and follows links as a save
// does.
func TestWritableLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link.json": "real/s.json", "lost.json": "missing/s.json"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, ok := range map[string]bool{"s.json": true, "link.json": true, "lost.json": false, "missing/s.json": false, "link.json/s.json": false} {
		if err := open(t, filepath.Join(dir, name)).Writable(); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for folder, want := range map[string]int{dir: 3, filepath.Join(dir, "real"): 0} {
		if left, err := os.ReadDir(folder); err != nil || len(left) != want {
			t.Errorf("%s: %v, %v", folder, left, err)
		}
	}
}
