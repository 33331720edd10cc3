package main

import (
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// scene is a workload on a server, with a state that belongs to it.
type scene struct {
	*bench
	*server
	manifest, bindings string
	state              string // as it was after every alias was adopted
	work               string // the state that a run may change
}

// scene serves a workload behind a network of that delay.
func (b *bench) scene(bindings, collections, every int, delay time.Duration, more ...string) (*scene, error) {
	dir, err := b.generate(bindings, collections, every, more...)
	if err != nil {
		return nil, err
	}
	still, err := b.generate(bindings, collections, 0, more...)
	if err != nil {
		return nil, err
	}
	s := &scene{bench: b, manifest: filepath.Join(dir, "aliases.yaml"), bindings: filepath.Join(dir, "bindings.txt"),
		state: filepath.Join(dir, "adopted.state.json"), work: filepath.Join(dir, "work.state.json")}
	if s.server, err = b.serve(filepath.Join(dir, "cluster.yaml"), delay); err != nil {
		return nil, err
	}
	os.Remove(s.state)
	if _, err := s.sync(filepath.Join(still, "aliases.yaml"), s.state); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// sync applies a manifest.
func (s *scene) sync(manifest, state string, more ...string) (cost, error) {
	return s.syncBy(s.program("aliasctl"), manifest, state, more...)
}

// syncBy applies a manifest with a program.
func (s *scene) syncBy(program, manifest, state string, more ...string) (cost, error) {
	args := []string{"sync", "--apply", "--yes", "-f", manifest, "--state", state, "--uri", s.url}
	return command(program, append(args, more...)...)
}

// afresh is sync from the state after the adoption.
func (s *scene) afresh(more ...string) (cost, error) {
	return s.afreshBy(s.program("aliasctl"), more...)
}

func (s *scene) afreshBy(program string, more ...string) (cost, error) {
	data, err := os.ReadFile(s.state)
	if err == nil {
		err = os.WriteFile(s.work, data, 0o600)
	}
	if err != nil {
		return cost{}, err
	}
	return s.syncBy(program, s.manifest, s.work, more...)
}

func (s *scene) client(parallel int, job string) (cost, error) {
	return command(s.program("client"), "-uri", s.url, "-parallel", strconv.Itoa(parallel), job, s.bindings)
}

var delays = []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 80 * time.Millisecond}
