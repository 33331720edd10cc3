// Measure runs aliasctl and the reference programs in turn and prints how they
// compare, one table row a figure. testdata/bench/run builds everything and
// starts it.
//
//	measure -programs DIR [-rounds N] [TARGET...]
//
// Ratios are of neighbours in time, A B A B: on a shared machine nothing else
// means anything. A row has their median and, as the spread, their quartiles.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

// bench is what every target needs to know.
type bench struct {
	programs string // where the built programs are
	before   string // an earlier aliasctl, "" for none
	dir      string // for files
	rounds   int    // of A and B in turn
	rows     []row
}

// The targets. Those that fill this very process come last: a child of a large
// process inherits its peak memory on Linux.
var targets = []struct {
	number  int
	measure func(*bench) error
}{
	{1, (*bench).offline}, {2, (*bench).noChange}, {3, (*bench).apply}, {4, (*bench).coldStart},
	{7, (*bench).reads}, {8, (*bench).tenants}, {9, (*bench).multiplexed},
	{10, (*bench).checked}, {11, (*bench).printed}, {12, (*bench).manyTenants},
	{5, (*bench).state}, {6, (*bench).rendering},
}

func main() {
	b := &bench{}
	flag.StringVar(&b.programs, "programs", ".", "directory of the programs")
	flag.StringVar(&b.before, "before", "", "an earlier aliasctl, for what is measured against it")
	flag.IntVar(&b.rounds, "rounds", 7, "runs of each side of a ratio")
	flag.Parse()
	var wanted []int
	for _, arg := range flag.Args() {
		n, err := strconv.Atoi(arg)
		if err != nil {
			fail(err)
		}
		wanted = append(wanted, n)
	}
	dir, err := os.MkdirTemp("", "aliasctl-bench-*")
	if err != nil {
		fail(err)
	}
	b.dir = dir
	err = b.run(wanted)
	os.RemoveAll(dir)
	b.print(os.Stdout)
	if err != nil {
		fail(err)
	}
}

func (b *bench) run(wanted []int) error {
	for _, t := range targets {
		if len(wanted) > 0 && !slices.Contains(wanted, t.number) {
			continue
		}
		fmt.Fprintf(os.Stderr, "target %d\n", t.number)
		if err := t.measure(b); err != nil {
			return fmt.Errorf("target %d: %w", t.number, err)
		}
		runtime.GC()
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "measure:", err)
	os.Exit(1)
}

// program is the path of a built program.
func (b *bench) program(name string) string { return filepath.Join(b.programs, name) }
