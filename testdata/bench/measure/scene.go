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
func (b *bench) scene(bindings, collections, every int, delay time.Duration) (*scene, error) {
	dir, err := b.generate(bindings, collections, every)
	if err != nil {
		return nil, err
	}
	still, err := b.generate(bindings, collections, 0)
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
	args := []string{"sync", "--apply", "--yes", "-f", manifest, "--state", state, "--uri", s.url}
	return command(s.program("aliasctl"), append(args, more...)...)
}

// afresh is sync from the state after the adoption.
func (s *scene) afresh(more ...string) (cost, error) {
	data, err := os.ReadFile(s.state)
	if err == nil {
		err = os.WriteFile(s.work, data, 0o600)
	}
	if err != nil {
		return cost{}, err
	}
	return s.sync(s.manifest, s.work, more...)
}

func (s *scene) client(parallel int, job string) (cost, error) {
	return command(s.program("client"), "-uri", s.url, "-parallel", strconv.Itoa(parallel), job, s.bindings)
}

var delays = []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 80 * time.Millisecond}
