package main

import (
	"path/filepath"
	"time"
)

// reads is target 7: how much the emulator serves, with the client on the same
// machine.
func (b *bench) reads() error {
	dir, err := b.generate(10_000, 100, 0)
	if err != nil {
		return err
	}
	var rates, perCPU []float64
	for range b.rounds {
		s, err := b.serve(filepath.Join(dir, "cluster.yaml"), 0)
		if err != nil {
			return err
		}
		const lasting = 2 * time.Second
		_, err = command(b.program("client"), "-uri", s.url, "-parallel", "16", "-for", lasting.String(), "load", filepath.Join(dir, "bindings.txt"))
		requests, _, countErr := s.counts()
		took := s.close()
		if err != nil {
			return err
		}
		if countErr != nil {
			return countErr
		}
		rates = append(rates, float64(requests)/lasting.Seconds())
		perCPU = append(perCPU, 2*float64(requests)/took.Seconds())
	}
	low, middle, high := quartiles(rates)
	b.add(row{target: 7, what: "reads a second, client on the same processors", ratio: middle, low: low, high: high})
	low, middle, high = quartiles(perCPU)
	b.add(row{target: 7, what: "reads in 2 seconds of processor time of the emulator", ratio: middle, low: low, high: high, limit: 20_000, least: true})
	return nil
}
