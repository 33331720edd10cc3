package testkit

import (
	"net/http"
	"time"
)

// outage is a server that answers no request, from one request on until it is
// over.
type outage struct {
	kind Kind          // Frozen or Restarted
	over chan struct{} // closed at its end
}

// fail begins the outage of a fault. One that is on already goes on.
func (s *script) fail(f *Fault) *outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outage == nil {
		begun := &outage{kind: f.Kind, over: make(chan struct{})}
		s.outage = begun
		if f.Delay > 0 {
			time.AfterFunc(f.Delay, func() { s.recover(begun) })
		}
	}
	return s.outage
}

// recover ends an outage, nil for any that is on. Requests whose client left a
// frozen server happen now; it returns how many.
func (s *script) recover(what *outage) int {
	s.mu.Lock()
	on := s.outage
	if on == nil || what != nil && what != on {
		s.mu.Unlock()
		return 0
	}
	s.outage = nil
	close(on.over)
	s.mu.Unlock()
	return s.land(func(l landing) bool { return l.during == on })
}

// current is the outage that a request meets on its arrival, nil for none.
func (s *script) current() *outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outage
}

// endure is what an outage does to a request. It reports whether the request
// is carried out as usual afterwards, for a client that is still there.
func (x *exchange) endure(w http.ResponseWriter, o *outage) bool {
	if o.kind == Restarted {
		reset(w)
		return false
	}
	select {
	case <-o.over:
		return true
	case <-x.http.Context().Done():
	}
	// The request lies in a buffer of the stopped process, which reads it when
	// it goes on.
	s := &x.faults.script
	s.mu.Lock()
	if s.outage == o {
		s.late = append(s.late, landing{during: o, effect: x.land})
		s.mu.Unlock()
		return false
	}
	s.mu.Unlock()
	x.land()
	return false
}
