package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// multiplexed is target 9: 10,000 reads over many connections of HTTP/1.1,
// against the same over one connection of HTTP/2 without TLS, which Milvus
// speaks from 2.6 on. It decides whether aliasctl should speak it: from 1.3 on.
func (b *bench) multiplexed() error {
	const aliases = 10_000
	dir, err := b.generate(aliases, aliases, 0)
	if err != nil {
		return err
	}
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		s, err := b.serve(filepath.Join(dir, "cluster.yaml"), delay, "-h2c")
		if err != nil {
			return err
		}
		for _, parallel := range []int{16, 64, 250} {
			read := func(more ...string) func() (cost, error) {
				args := append([]string{"-uri", s.url, "-parallel", strconv.Itoa(parallel)}, more...)
				return func() (cost, error) {
					return command(b.program("client"), append(args, "read", filepath.Join(dir, "bindings.txt"))...)
				}
			}
			r, err := inTurn(b.rounds, read(), read("-h2c"))
			if err != nil {
				s.close()
				return err
			}
			what := fmt.Sprintf("10,000 reads by %d connections against one of HTTP/2, network %v", parallel, delay)
			b.compare(9, what+", time", r, wall, 0)
			b.compare(9, what+", processor of the client", r, cpu, 0)
		}
		s.close()
	}
	return nil
}
