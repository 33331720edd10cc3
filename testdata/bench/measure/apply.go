package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	"aliasctl/planner"
	"aliasctl/testdata/bench/bare"
	"aliasctl/testdata/bench/workload"
)

// apply is target 3: switches against a client that re-reads, writes and
// verifies with the same parallelism.
func (b *bench) apply() error {
	for _, delay := range delays {
		switches, parallel := 2000, 8
		if delay >= 20*time.Millisecond {
			switches, parallel = 1000, 16
		}
		s, err := b.scene(switches, 20, 1, delay)
		if err != nil {
			return err
		}
		defer s.close()
		r, err := s.requests(b.rounds, switches, parallel)
		if err != nil {
			return err
		}
		b.compare(3, fmt.Sprintf("%d switches, network %v, --parallel %d, the requests alone", switches, delay, parallel), r, wall, 1.25)
		if r, err = s.switches(b.rounds, parallel); err != nil {
			return err
		}
		b.compare(3, fmt.Sprintf("%d switches, network %v, --parallel %d, time", switches, delay, parallel), r, wall, 1.25)
		b.compare(3, fmt.Sprintf("%d switches, network %v, --parallel %d, processor", switches, delay, parallel), r, cpu, 0)
		if delay == 20*time.Millisecond {
			if err := s.oneAtATime(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scene) switches(rounds, parallel int) (runs, error) {
	return inTurn(rounds,
		func() (cost, error) { return s.afresh("--parallel", strconv.Itoa(parallel)) },
		func() (cost, error) { return s.client(parallel, "back") })
}

// checked is target 10: switches with checks before them and a query after them,
// against an earlier aliasctl.
func (b *bench) checked() error {
	if b.before == "" {
		fmt.Fprintln(os.Stderr, "target 10 is left out: it needs an earlier aliasctl (BEFORE)")
		return nil
	}
	s, err := b.scene(2000, 20, 1, 20*time.Millisecond, "-checked")
	if err != nil {
		return err
	}
	defer s.close()
	var r runs
	for range b.rounds {
		for _, side := range []struct {
			into    *[]cost
			program string
		}{{&r.a, b.before}, {&r.b, b.program("aliasctl")}} {
			took, err := s.afreshBy(side.program)
			if err != nil {
				return err
			}
			*side.into = append(*side.into, took)
			if _, err := s.client(64, "back"); err != nil {
				return err
			}
		}
	}
	b.compare(10, "2,000 switches with checks and canary, network 20ms, an earlier aliasctl against this one", r, wall, 4, atLeast)
	return nil
}

// requests compares the executor with the bare client inside this process: what
// is left is the price of each request, and of deciding about its answer.
func (s *scene) requests(rounds, switches, parallel int) (runs, error) {
	w := workload.Workload{Bindings: switches, Collections: 20, Every: 1}
	desired, err := load(w)
	if err != nil {
		return runs{}, err
	}
	list, state := w.List(), w.State()
	var plan planner.Plan
	apply := inside(func() error {
		c, err := milvus.New(milvus.Config{URI: s.url, Parallel: parallel})
		if err != nil {
			return err
		}
		defer c.Close()
		report, err := executor.Apply(context.Background(), plan, state, c, nowhere{}, executor.Options{Parallel: parallel})
		if err == nil && report.Counts.Applied != switches {
			err = fmt.Errorf("%d of %d switches applied", report.Counts.Applied, switches)
		}
		return err
	})
	c, err := milvus.New(milvus.Config{URI: s.url})
	if err != nil {
		return runs{}, err
	}
	defer c.Close()
	return inTurn(rounds,
		func() (cost, error) {
			live, err := milvus.Read(context.Background(), c, planner.Compare(desired, state, planner.Options{}).Scope())
			if err != nil {
				return cost{}, err
			}
			plan = planner.Compare(desired, state, planner.Options{Now: workload.Epoch}).Plan(live)
			return apply()
		},
		inside(func() error {
			c := bare.New(s.url, parallel)
			defer c.Close()
			return c.Switch(workload.Reversed(list))
		}))
}

// nowhere is where a state is not kept.
type nowhere struct{}

var _ executor.Store = nowhere{}

func (nowhere) Save(context.Context, planner.State) error { return nil }

// oneAtATime compares the default with --parallel 1. It is slow, and with a
// network in it precise: two rounds are enough.
func (s *scene) oneAtATime() error {
	var r runs
	for range 2 {
		for _, side := range []struct {
			into *[]cost
			args []string
		}{{&r.a, []string{"--parallel", "1"}}, {&r.b, nil}} {
			took, err := s.afresh(side.args...)
			if err != nil {
				return err
			}
			*side.into = append(*side.into, took)
			if _, err := s.client(16, "back"); err != nil {
				return err
			}
		}
	}
	s.compare(3, "1000 switches, network 20ms, one at a time against the default", r, wall, 8, atLeast)
	return nil
}
