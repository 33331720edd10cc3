package main

import "os"

// coldStart is target 4: a command that does nothing, and the size of the
// program.
func (b *bench) coldStart() error {
	for _, reference := range []struct {
		program, what string
		limit         float64
	}{
		{"hello", "`aliasctl version` against a hello world of its size", 2.5},
		{"linked", "the same against one that links its libraries too", 1.5},
	} {
		r, err := inTurn(30*b.rounds,
			func() (cost, error) { return command(b.program("aliasctl"), "version") },
			func() (cost, error) { return command(b.program(reference.program)) })
		if err != nil {
			return err
		}
		b.compare(4, reference.what, r, wall, reference.limit)
	}
	info, err := os.Stat(b.program("aliasctl"))
	if err != nil {
		return err
	}
	size := float64(info.Size()) / (1 << 20)
	b.add(row{target: 4, what: "size of the static, stripped program, MiB", ratio: size, low: size, high: size, limit: 22})
	return nil
}
