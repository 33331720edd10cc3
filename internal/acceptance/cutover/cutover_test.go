// Package cutover switches aliases under readers on several proxies and counts
// what they notice.
package cutover

import (
	"net/http"
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
	"aliasctl/planner"
)

// The tests of this file are the proof under readers: while aliases are
// switched, readers query and search through them without a pause, each on a
// connection of its own, through proxies that hear of a change late.
//
//	go test ./internal/acceptance/cutover -v
//
// The aliases are one that stands alone and a group of three. Every rebuild is
// a generation: a collection for each alias, with one row that says which
// generation it is.
const (
	loneAlias  = "products"
	longestLag = 10 * time.Millisecond
)

var (
	groupAliases  = []string{"docs_dense", "docs_meta", "docs_sparse"}
	servedAliases = append([]string{loneAlias}, groupAliases...)

	// proxyLags are those of the proxies; a drain has to outlast the longest.
	proxyLags = []time.Duration{0, time.Millisecond, 3 * time.Millisecond, longestLag}
)

// TestCutoverIsNotNoticed makes a thousand switches: every generation goes
// live, every third one goes back and forth once, and the old one is retired
// in the run that left it, after a drain.
func TestCutoverIsNotNoticed(t *testing.T) {
	s := serveReaders(t, emulator.V26, planner.ByAlter)
	traffic := s.readThroughAll(2)
	enough := 1000
	if program.Raced {
		enough = 250 // everything is that much slower
	}
	for generation := 2; s.switches < enough; generation++ {
		s.rebuild(generation)
		if generation%3 == 0 {
			s.cutover(generation)
			s.cutover(generation - 1)
		}
		s.replace(generation, 3*longestLag/2)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.failed() > 0 || saw.reads == 0 {
		t.Errorf("%d of %d reads failed, the first: %s", saw.failed(), saw.reads, saw.first)
	}
	if s.retired == 0 {
		t.Error("nothing was retired")
	}
}

// TestCutoverByRecreateIsNoticed is the proof that the readers would see a gap
// if there was one.
func TestCutoverByRecreateIsNoticed(t *testing.T) {
	s := serveReaders(t, emulator.V26, planner.ByRecreate)
	s.rebuild(2)
	traffic := s.readThroughAll(2)
	for i := 0; s.switches < 100 || traffic.gaps.Load() == 0 && s.switches < 4000; i++ {
		s.cutover(2 - i%2)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.gaps == 0 {
		t.Error("no reader saw the gap of a switch by drop and create")
	}
	if saw.gone+saw.others > 0 {
		t.Errorf("reads failed for another reason, the first failure: %s", saw.first)
	}
}

// TestCutoverNeedsTheDrain drops what was just left: proxies that have not
// heard of the switch yet still answer from it.
func TestCutoverNeedsTheDrain(t *testing.T) {
	const lag = 10 * longestLag
	for _, c := range []struct {
		name  string
		drain time.Duration
		fails bool
	}{
		{"none", 0, true},
		{"longer than the lag", 3 * lag / 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveReaders(t, emulator.V26, planner.ByAlter)
			s.slowest.SetLag(lag)
			traffic := s.readThroughAll(2)
			for generation := 2; generation <= 6 || c.fails && traffic.gone.Load() == 0 && generation < 100; generation++ {
				s.rebuild(generation)
				s.replace(generation, c.drain)
			}
			saw := traffic.end()
			t.Logf("drain %v, longest lag %v: %v; %v", c.drain, lag, s, saw)
			if (saw.gone > 0) != c.fails {
				t.Errorf("%d reads met a dropped collection", saw.gone)
			}
			if saw.gaps+saw.others > 0 {
				t.Errorf("reads failed for another reason, the first failure: %s", saw.first)
			}
		})
	}
}

// TestCutoverOnAServerThatExpiresFirst is Milvus before 2.6.6: a proxy may keep
// the old collection until it is dropped, and hears of that in time.
func TestCutoverOnAServerThatExpiresFirst(t *testing.T) {
	s := serveReaders(t, emulator.V25, planner.ByAlter)
	traffic := s.readThroughAll(2)
	for generation := 2; generation <= 12; generation++ {
		s.rebuild(generation)
		if generation%4 > 0 {
			s.replace(generation, 0)
			continue
		}
		s.cutover(generation)
		for start := time.Now(); traffic.forgotten.Load() == 0; time.Sleep(longestLag) {
			if time.Since(start) > 10*time.Second {
				t.Fatal("no proxy kept the old collection: this proves nothing")
			}
		}
		s.cutover(generation - 1)
		s.replace(generation, 0)
	}
	saw := traffic.end()
	t.Logf("%v; %v", s, saw)
	if saw.failed() > 0 || saw.reads == 0 {
		t.Errorf("%d of %d reads failed, the first: %s", saw.failed(), saw.reads, saw.first)
	}
}

// TestCutoverOfAGroupNeverEndsMixed lets a member of the group fail, with and
// without its effect, while readers join what the members answer.
func TestCutoverOfAGroupNeverEndsMixed(t *testing.T) {
	s := serveReaders(t, emulator.V26, planner.ByAlter)
	s.rebuild(2)
	traffic := s.readThroughAll(2)
	faults := []testkit.Fault{
		{Kind: testkit.Code, Code: 65535, Message: "etcdserver: too many operations in txn request"},
		{Kind: testkit.BadGateway, When: testkit.After},
		{Kind: testkit.Code, Status: http.StatusForbidden, Code: 65535, Message: "PrivilegeCreateAlias: permission deny"},
		{Kind: testkit.Reset, When: testkit.Before},
	}
	whole, back := 0, 0
	for round := range 60 {
		from, to := 1+round%2, 2-round%2
		fault := faults[round%len(faults)]
		fault.Match = testkit.Match{Route: "aliases/alter", Alias: groupAliases[round%len(groupAliases)], Nth: 1}
		s.cluster.AddFault(fault)
		report := s.apply(to, nil, executor.Options{Settle: 50 * time.Millisecond})
		s.cluster.ClearFaults()

		side := s.at(groupAliases[0])
		for _, alias := range groupAliases {
			if s.at(alias) != side {
				t.Fatalf("round %d, %s of %s: the group ended mixed: %+v", round, fault.Kind, fault.Alias, report.Results)
			}
		}
		switch {
		case side == to && report.Counts.Complete():
			whole++
		case side == from && !report.Counts.Complete() && report.VerificationFailed:
			back++
		default:
			t.Errorf("round %d, %s of %s: from generation %d to %d, the group ended in %d, and the run said %+v",
				round, fault.Kind, fault.Alias, from, to, side, report)
		}
		s.cutover(to)
	}
	saw := traffic.end()
	t.Logf("of 60 cutovers with a fault %d were whole, %d went back, 0 ended mixed; %v; %v", whole, back, s, saw)
	if whole == 0 || back == 0 {
		t.Error("one of the two ends was never seen: this proves little")
	}
	if saw.failed() > 0 || saw.reads == 0 {
		t.Errorf("%d of %d reads failed, the first: %s", saw.failed(), saw.reads, saw.first)
	}
}
