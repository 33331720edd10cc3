// Package program builds aliasctl for the tests of the real binary, and runs
// it. A package of such tests has a TestMain that calls Main.
package program

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// Main is the TestMain of a package whose tests run the program. It builds the
// program as a user would, puts it first in PATH and runs the tests in the
// root of the repository, where testdata and examples are. Under the race
// detector the program has it too. `go test` runs the tests again when the program
// has changed.
func Main(m *testing.M) {
	root, remove, err := prepare()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer remove()
	m.Run()
	if list := flag.Lookup("test.testlogfile").Value.String(); list != "" {
		if err := followSource(list, root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func prepare() (root string, remove func(), err error) {
	if root, err = Root(); err != nil {
		return "", nil, err
	}
	if err := os.Chdir(root); err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "aliasctl-program-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	if err := build(filepath.Join(dir, "aliasctl")); err != nil {
		remove()
		return "", nil, err
	}
	return root, remove, os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// followSource writes the folders of the repository into the list that the go command
// keeps of what a test has opened. It takes a result from its cache while nothing on it
// has changed, and what building the program opens does not get there by itself, nor does
// a relative path, since the tests run in another folder than they began in. The lines
// are as in cmd/go/internal/test (computeTestInputsID of Go 1.26); without them a test
// of the program may be "(cached)" although the program has changed.
func followSource(list, root string) error {
	file, err := os.OpenFile(list, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return err
		case strings.HasPrefix(entry.Name(), ".") && path != root:
			return filepath.SkipDir
		}
		_, err = fmt.Fprintf(file, "open %s\n", path)
		return err
	})
	return errors.Join(err, file.Close())
}

// build uses `go run`, which keeps what it links in the build cache: go build
// would link once for each package of tests.
func build(path string) error {
	args := []string{"run", "-buildvcs=false", "-exec", "cp"}
	if Raced {
		args = append(args, "-race")
		// A program under the detector waits a second at its end, by default.
		if err := os.Setenv("GORACE", strings.TrimPrefix(QuickRace, "GORACE=")); err != nil {
			return err
		}
	}
	if said, err := exec.Command("go", append(args, ".", path)...).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the program: %w\n%s", err, said)
	}
	return nil
}

// Root is the folder of the repository: the one with go.mod, at or above the
// working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no folder with go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// Environment is what the program sees of the machine in a test: where programs
// are, and no more. A binary with the race detector waits a second before it
// ends, by default.
func Environment(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), QuickRace}, more...)
}

// BuildEnvironment is what go needs besides to build the program in a test: its caches,
// and the flags of these tests, so that nothing is compiled twice. The work tree may
// belong to another user, whose history go refuses to read.
func BuildEnvironment() []string {
	environment := []string{"HOME=" + os.Getenv("HOME"), "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -buildvcs=false")}
	for _, name := range []string{"CGO_ENABLED", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY"} {
		if value, set := os.LookupEnv(name); set {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

// QuickRace makes a program under the race detector end at once.
const QuickRace = "GORACE=atexit_sleep_ms=0"

// Raced reports whether the race detector is at work.
var Raced = built("-race") == "true"

// built is a setting that this test binary was built with.
func built(setting string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == setting {
			return s.Value
		}
	}
	return ""
}
