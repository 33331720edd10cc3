package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"aliasctl/internal/milvus"
	"aliasctl/planner"
	"aliasctl/testdata/bench/bare"
	"aliasctl/testdata/bench/workload"
)

// noChange is target 2: a sync that finds nothing to do, against a client that
// sends the same requests. Three rows for each network: the requests alone,
// inside one process; whole processes; and whole processes where the reference
// also decodes what a sync has to decode.
func (b *bench) noChange() error {
	for _, delay := range delays {
		if err := b.noChangeOver(delay); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) noChangeOver(delay time.Duration) error {
	const bindings, collections, parallel = 10_000, 100, 8
	s, err := b.scene(bindings, collections, 0, delay)
	if err != nil {
		return err
	}
	defer s.close()
	if delay == 0 {
		if err := s.countNoChange(2 + collections); err != nil {
			return err
		}
	}
	w := workload.Workload{Bindings: bindings, Collections: collections}
	desired, err := load(w)
	if err != nil {
		return err
	}
	list, state := w.List(), w.State()
	scope := planner.Compare(desired, state, planner.Options{}).Scope()
	r, err := inTurn(b.rounds,
		inside(func() error {
			c, err := milvus.New(milvus.Config{URI: s.url, Parallel: parallel})
			if err != nil {
				return err
			}
			defer c.Close()
			if _, _, err := c.CollectionID(context.Background(), "default", list[0].From); err != nil {
				return err
			}
			_, err = milvus.Read(context.Background(), c, scope)
			return err
		}),
		inside(func() error {
			c := bare.New(s.url, parallel)
			defer c.Close()
			return c.Read(list)
		}))
	if err != nil {
		return err
	}
	b.compare(2, fmt.Sprintf("no change, network %v, the requests alone", delay), r, wall, 1.2)

	aliasctl := func() (cost, error) { return s.sync(s.manifest, s.state, "--parallel", strconv.Itoa(parallel)) }
	client := func() (cost, error) { return s.client(parallel, "read") }
	if r, err = inTurn(b.rounds, aliasctl, client); err != nil {
		return err
	}
	b.compare(2, fmt.Sprintf("no change, network %v, whole process", delay), r, wall, 1.2)
	r, err = inTurn(b.rounds, aliasctl, func() (cost, error) {
		requests, err := client()
		if err != nil {
			return cost{}, err
		}
		decoding, err := command(b.program("decode"), s.manifest, s.state)
		return cost{wall: requests.wall + decoding.wall}, err
	})
	if err != nil {
		return err
	}
	b.compare(2, fmt.Sprintf("no change, network %v, whole process, against requests and decoding", delay), r, wall, 0)
	return nil
}

// tenants is target 8: a sync that finds nothing to do where every alias has a
// collection of its own, at the width that it finds out by itself, against a
// bare client with the most connections that it may use.
func (b *bench) tenants() error {
	const aliases, widest = 10_000, 64
	for _, delay := range []time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond} {
		s, err := b.scene(aliases, aliases, 0, delay)
		if err != nil {
			return err
		}
		r, err := inTurn(b.rounds,
			func() (cost, error) { return s.sync(s.manifest, s.state) },
			func() (cost, error) { return s.client(widest, "read") })
		if err != nil {
			s.close()
			return err
		}
		what := fmt.Sprintf("no change, 10,000 aliases on 10,000 collections, network %v, whole process", delay)
		b.compare(8, what, r, wall, 1.15)
		if b.before != "" {
			r, err = inTurn(b.rounds,
				func() (cost, error) { return s.syncBy(b.before, s.manifest, s.state) },
				func() (cost, error) { return s.sync(s.manifest, s.state) })
		}
		s.close()
		if err != nil {
			return err
		}
		if b.before != "" {
			b.compare(8, what+", an earlier aliasctl against this one", r, wall, 0)
			b.compare(8, what+", processor, an earlier aliasctl against this one", r, cpu, 0)
		}
	}
	return nil
}

// manyTenants is target 12: the memory of target 8 at ten times its size, and
// whether the time grows with it.
func (b *bench) manyTenants() error {
	medians := make(map[int]float64)
	for _, aliases := range []int{10_000, 100_000} {
		s, err := b.scene(aliases, aliases, 0, 0)
		if err != nil {
			return err
		}
		r, err := inTurn(b.rounds,
			func() (cost, error) { return s.sync(s.manifest, s.state) },
			func() (cost, error) { return s.client(64, "read") })
		s.close()
		if err != nil {
			return err
		}
		b.compare(12, fmt.Sprintf("no change, %d aliases on as many collections, whole process", aliases), r, wall, 0)
		medians[aliases] = wall.median(r.a)
		if aliases == 100_000 {
			mib := peak.median(r.a) / (1 << 20)
			b.add(row{target: 12, what: "its peak memory, MiB", ratio: mib, low: mib, high: mib, limit: 160})
		}
	}
	ratio := medians[100_000] / medians[10_000]
	b.add(row{target: 12, what: "ten times the collections", a: seconds(medians[100_000]), b: seconds(medians[10_000]),
		ratio: ratio, low: ratio, high: ratio, limit: 11})
	return nil
}

// countNoChange counts the requests of a sync that finds nothing to do.
func (s *scene) countNoChange(most float64) error {
	before, writes, err := s.counts()
	if err != nil {
		return err
	}
	if _, err := s.sync(s.manifest, s.state); err != nil {
		return err
	}
	after, wrote, err := s.counts()
	if err != nil {
		return err
	}
	if wrote != writes {
		return fmt.Errorf("a sync without changes wrote %d times", wrote-writes)
	}
	requests := float64(after - before)
	s.add(row{target: 2, what: "no change, 10,000 aliases on 100 collections, requests", a: fmt.Sprint(requests),
		ratio: requests, low: requests, high: requests, limit: most})
	return nil
}
