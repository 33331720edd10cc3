package emulator

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// Request is a request as the emulator understood it.
type Request struct {
	N          int64  `json:"n"` // its number, from 1, in the order of arrival
	Method     string `json:"method"`
	Path       string `json:"path"`
	Route      string `json:"route,omitempty"` // "aliases/alter", "v1/collections/drop"; "" for an unknown path
	Database   string `json:"database,omitempty"`
	Alias      string `json:"alias,omitempty"`
	Collection string `json:"collection,omitempty"`
	Writes     bool   `json:"writes,omitempty"` // the call is one that changes something
}

// requestLog keeps what was asked, when somebody wants to know.
type requestLog struct {
	count, writes atomic.Int64

	mu    sync.Mutex
	limit int
	kept  []Request
	to    *json.Encoder
}

// Record keeps the last limit requests from now on; 0 keeps none and forgets
// those that were kept.
func (e *Emulator) Record(limit int) {
	l := &e.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit, l.kept = limit, nil
	e.script.active.Store(true)
}

// Requests returns the recorded requests in the order of their numbers.
func (e *Emulator) Requests() []Request {
	l := &e.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := slices.Clone(l.kept)
	slices.SortFunc(kept, func(a, b Request) int { return cmp.Compare(a.N, b.N) })
	return kept[max(0, len(kept)-l.limit):]
}

// LogTo writes each request as one line of JSON before it has an effect.
func (e *Emulator) LogTo(w io.Writer) {
	l := &e.script.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = json.NewEncoder(w)
	e.script.active.Store(true)
}

// Counts returns how many requests there were since the start, and how many
// of them were calls that change something. It needs no Record.
func (e *Emulator) Counts() (requests, writes int64) {
	return e.script.log.count.Load(), e.script.log.writes.Load()
}

// arrived gives a request its number.
func (l *requestLog) arrived(r *route) int64 {
	if r != nil && r.writes {
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
