package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// program is the command line of the server.
func (s Server) program() ([]string, error) {
	if s.installed != nil {
		return s.starter()
	}
	made, err := s.made()
	if err != nil || s.tool != "" {
		return []string{made}, err
	}
	return []string{"node", filepath.Join(made, "node_modules", s.name, cmp.Or(s.script, "bin/"+s.name+".js"))}, nil
}

// starter is the script that starts a server of installed programs.
func (s Server) starter() ([]string, error) {
	for _, name := range s.installed {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("%s is not installed: Debian has it in %s", name, s.packages)
		}
	}
	source, err := s.module()
	return []string{filepath.Join(source, "start")}, err
}

// Installed is the folder with the npm packages of testdata/NAME, installed once
// for each version of its package-lock.json.
func Installed(name string) (string, error) { return Server{name: name}.made() }

// Built is the program of the Go package tool, which the module testdata/NAME pins, built
// once for each version of it.
func Built(name, tool string) (string, error) { return Server{name: name, tool: tool}.made() }

// made is the server, built or installed once for each version of it.
func (s Server) made() (string, error) {
	source, err := s.module()
	if err != nil {
		return "", err
	}
	lock := "go.sum"
	if s.tool == "" {
		lock = "package-lock.json"
	}
	sums, err := os.ReadFile(filepath.Join(source, lock))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "aliasctl-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(sums, runtime.Version()...))
	built := filepath.Join(dir, s.name+"-"+hex.EncodeToString(sum[:8]))
	make := s.build
	if s.tool == "" {
		make = s.install
	}
	// Of two packages that are tested at once, one builds.
	only := flock.New(built + ".lock")
	if err := only.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = only.Unlock() }()
	if _, err := os.Stat(built); err == nil {
		return built, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	if err := make(ctx, source, built+".new"); err != nil {
		return "", err
	}
	return built, os.Rename(built+".new", built)
}

func (s Server) build(ctx context.Context, source, built string) error {
	fmt.Fprintf(os.Stderr, "building %s to test with: some minutes, once\n", s.name)
	build := exec.CommandContext(ctx, "go", "build", "-C", source, "-trimpath", "-ldflags=-s -w", "-o", built, s.tool)
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("it cannot be built: %w: %s", err, out)
	}
	return nil
}

func (s Server) install(ctx context.Context, source, built string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm is not installed")
	}
	_ = os.RemoveAll(built)
	if err := os.MkdirAll(built, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(built, name), text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = built
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm cannot install it: %w: %s", err, out)
	}
	return nil
}

// module finds the server's module from the folder of any test.
func (s Server) module() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		source := filepath.Join(dir, "testdata", s.name)
		if _, err := os.Stat(source); err == nil {
			return source, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("there is no testdata/%s above", s.name)
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
