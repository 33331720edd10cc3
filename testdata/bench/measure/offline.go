package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// generate writes the files of a workload and returns their directory.
func (b *bench) generate(bindings, collections, every int, more ...string) (string, error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("%d-%d-%d%s", bindings, collections, every, strings.Join(more, "")))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	args := append(more, "-bindings", strconv.Itoa(bindings), "-collections", strconv.Itoa(collections), "-every", strconv.Itoa(every), dir)
	_, err := command(b.program("generate"), args...)
	return dir, err
}

// offline is target 1: parse and plan without a cluster, against a program
// that only decodes. Every hundredth alias moves.
func (b *bench) offline() error {
	medians := make(map[int]float64)
	for _, n := range []int{100_000, 1_000_000} {
		dir, err := b.generate(n, n/10, 100)
		if err != nil {
			return err
		}
		manifest, state := filepath.Join(dir, "aliases.yaml"), filepath.Join(dir, "aliases.state.json")
		r, err := inTurn(b.rounds,
			func() (cost, error) {
				return command(b.program("aliasctl"), "sync", "--dry-run", "--offline", "-f", manifest, "--state", state)
			},
			func() (cost, error) { return command(b.program("decode"), manifest, state) })
		if err != nil {
			return err
		}
		b.compare(1, fmt.Sprintf("parse and plan %d, time", n), r, wall, 2)
		b.compare(1, fmt.Sprintf("parse and plan %d, processor", n), r, cpu, 0)
		b.compare(1, fmt.Sprintf("parse and plan %d, peak memory", n), r, peak, 1.5)
		medians[n] = wall.median(r.a)
	}
	ratio := medians[1_000_000] / medians[100_000]
	b.add(row{target: 1, what: "ten times the bindings", a: seconds(medians[1_000_000]), b: seconds(medians[100_000]),
		ratio: ratio, low: ratio, high: ratio, limit: 11})
	return nil
}

// printed is target 11: parse, plan and print switches of all aliases, in each
// format, against a program that only decodes.
func (b *bench) printed() error {
	largest := make(map[int]float64)
	for _, n := range []int{100_000, 1_000_000} {
		dir, err := b.generate(n, n/10, 1)
		if err != nil {
			return err
		}
		manifest, state := filepath.Join(dir, "aliases.yaml"), filepath.Join(dir, "aliases.state.json")
		for _, format := range []string{"json", "text", "markdown", "html"} {
			if n > 100_000 && format != "json" {
				continue
			}
			r, err := inTurn(b.rounds,
				func() (cost, error) {
					return command(b.program("aliasctl"), "sync", "--dry-run", "--offline", "-o", format, "-f", manifest, "--state", state)
				},
				func() (cost, error) { return command(b.program("decode"), manifest, state) })
			if err != nil {
				return err
			}
			b.compare(11, fmt.Sprintf("%d switches as %s, time", n, format), r, wall, 2)
			b.compare(11, fmt.Sprintf("%d switches as %s, processor", n, format), r, cpu, 0)
			b.compare(11, fmt.Sprintf("%d switches as %s, peak memory", n, format), r, peak, 1.15)
			if format == "json" {
				largest[n] = wall.median(r.a)
			}
		}
	}
	ratio := largest[1_000_000] / largest[100_000]
	b.add(row{target: 11, what: "ten times the switches, as json", a: seconds(largest[1_000_000]), b: seconds(largest[100_000]),
		ratio: ratio, low: ratio, high: ratio, limit: 10.5})
	return nil
}
