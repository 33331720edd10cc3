package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// nobody is the user of the image, as of every distroless "nonroot" one.
const nobody = "65532"

// sealed runs a shell command as the container of examples/kubernetes does: without
// root, capabilities, HOME or a writable file system. Only $KEPT can be written to.
const sealed = `
mount -t tmpfs -o mode=0755 tmpfs "$KEPT" && chown ` + nobody + `:` + nobody + ` "$KEPT" || exit 125
cut -d' ' -f5 /proc/self/mountinfo | while read -r at; do
  case $at in /proc*|/sys*|/dev*|"$KEPT") ;; *) mount -o remount,bind,ro "$at" 2>/dev/null ;; esac
done
exec setpriv --reuid ` + nobody + ` --regid ` + nobody + ` --clear-groups --no-new-privs --bounding-set=-all sh -c "$COMMAND"`

// What the image has is enough: the program as user 65532, and nothing else that
// can be written to but a volume with the state.
func TestTheImageNeedsNoRootAndNoWritableFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can take its rights away: the program is not run as user " + nobody)
	}
	for _, tool := range []string{"unshare", "setpriv", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the program is not run as user %s", tool, nobody)
		}
	}
	dir, err := os.MkdirTemp("", "aliasctl-sealed-*")
	program.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	program.Must(t, os.Chmod(dir, 0o755))
	kept := filepath.Join(dir, "kept")
	program.Must(t, os.Mkdir(kept, 0o755))
	binary, err := exec.LookPath("aliasctl")
	program.Must(t, err)
	content, err := os.ReadFile(binary)
	program.Must(t, err)
	program.Must(t, os.WriteFile(filepath.Join(dir, "aliasctl"), content, 0o755))
	program.Must(t, os.WriteFile(filepath.Join(dir, "aliases.yaml"), []byte("version: 1\naliases: {products: products_v1}\n"), 0o644))
	seed := filepath.Join(dir, "cluster.yaml")
	program.Must(t, os.WriteFile(seed, []byte("databases: {default: {collections: [products_v1]}}\n"), 0o644))

	server := program.NewChild(dir, "aliasctl", "dev", "--listen", "127.0.0.1:0", "--seed", seed)
	program.Must(t, server.Start())
	t.Cleanup(server.Kill)
	address := regexp.MustCompile(`at (http://\S+)\n`)
	server.Prints(func(written string) bool { return address.MatchString(written) })
	uri := address.FindStringSubmatch(server.Stdout.String())
	if uri == nil {
		t.Fatalf("dev does not serve:\n%s%s", &server.Stdout, &server.Stderr)
	}
	in := func(command string) (string, error) {
		unshare := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", sealed)
		unshare.Dir = dir
		unshare.Env = program.Environment("KEPT="+kept, "COMMAND="+command, "MILVUS_URI="+uri[1])
		out, err := unshare.CombinedOutput()
		if unshare.ProcessState.ExitCode() == 125 {
			t.Skipf("no file system can be mounted here: the program is not run as user %s: %s", nobody, out)
		}
		return string(out), err
	}
	if out, err := in(`touch "$KEPT/x" && id -u && for at in . /tmp /var/tmp "$HOME"; do touch "$at/x" && echo "$at can be written to"; done; true`); err != nil ||
		!strings.Contains(out, nobody) || strings.Contains(out, "can be written to") {
		t.Fatalf("it is not sealed: %v\n%s", err, out)
	}
	out, err := in(`./aliasctl doctor -f aliases.yaml --state "$KEPT/s.json" && ./aliasctl sync --dry-run -f aliases.yaml --state "$KEPT/s.json" &&
		./aliasctl sync --apply -f aliases.yaml --state "$KEPT/s.json" && ./aliasctl sync -f aliases.yaml --state "$KEPT/s.json" &&
		./aliasctl drift -f aliases.yaml --state "$KEPT/s.json" && ./aliasctl version`)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Applied: 1 applied", "Nothing to do", "no drift"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not print %q:\n%s", want, out)
		}
	}
	// A state that cannot be kept is refused before anything is changed.
	if out, err := in(`./aliasctl sync --apply -f aliases.yaml --state ./s.json`); err == nil || !strings.Contains(out, "read-only") {
		t.Errorf("a state on a read-only file system: %v\n%s", err, out)
	}
}
