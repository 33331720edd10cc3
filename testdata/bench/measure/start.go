package main

import "os"

// coldStart is target 4: a command that does nothing, and the size of the
// program.
func (b *bench) coldStart() error {
	r, err := inTurn(40*b.rounds,
		func() (cost, error) { return command(b.program("aliasctl"), "version") },
		func() (cost, error) { return command(b.program("hello")) })
	if err != nil {
		return err
	}
	b.compare(4, "`aliasctl version` against a hello world of its size, time", r, wall, 1.5)
	info, err := os.Stat(b.program("aliasctl"))
	if err != nil {
		return err
	}
	size := float64(info.Size()) / (1 << 20)
	b.add(row{target: 4, what: "size of the static, stripped program, MiB", ratio: size, low: size, high: size, limit: 16})
	return nil
}
