package testkit

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"aliasctl/internal/emulator"
)

// Request is a request as a server of the cluster's version understands it.
type Request struct {
	N      int64  `json:"n"` // its number, from 1, in the order of arrival
	Method string `json:"method"`
	Path   string `json:"path"`
	emulator.Call
}

// requestLog keeps what was asked, for tests that look.
type requestLog struct {
	count, writes atomic.Int64

	mu    sync.Mutex
	limit int
	kept  []Request
	to    *json.Encoder
}

// Record keeps the last limit requests from now on; 0 keeps none and forgets
// those that were kept.
func (f *Faults) Record(limit int) {
	l := &f.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit, l.kept = limit, nil
	f.script.active.Store(true)
}

// Requests returns the recorded requests in the order of their numbers.
func (f *Faults) Requests() []Request {
	l := &f.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := slices.Clone(l.kept)
	slices.SortFunc(kept, func(a, b Request) int { return cmp.Compare(a.N, b.N) })
	return kept[max(0, len(kept)-l.limit):]
}

// LogTo writes each request as one line of JSON before it has an effect.
func (f *Faults) LogTo(w io.Writer) {
	l := &f.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = json.NewEncoder(w)
	f.script.active.Store(true)
}

// Counts returns how many requests there were since the start, and how many
// of them were calls that change something. It needs no Record.
func (f *Faults) Counts() (requests, writes int64) {
	return f.script.log.count.Load(), f.script.log.writes.Load()
}

// arrived gives a request its number.
func (l *requestLog) arrived(writes bool) int64 {
	if writes {
		l.writes.Add(1)
	}
	return l.count.Add(1)
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to != nil {
		l.to.Encode(r)
	}
	if l.limit == 0 {
		return
	}
	if l.kept = append(l.kept, r); len(l.kept) >= 2*l.limit {
		l.kept = slices.Clone(l.kept[len(l.kept)-l.limit:])
	}
}
