package executor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"aliasctl/planner"
)

// memory is a world whose collections are in memory or not.
type memory struct {
	*world
	state   string
	percent int
	began   time.Time // when the load began
	fails   bool      // it ends before it is complete
}

var _ Loader = (*memory)(nil)

func unloaded() *memory { return &memory{world: newWorld("v1"), state: "LoadStateNotLoad"} }

func (m *memory) LoadState(ctx context.Context, db, collection string) (state string, percent int, err error) {
	err = m.read(ctx, "load-state", db, collection, func() {
		if m.state == planner.Loading {
			m.percent = min(10*int(m.now.Sub(m.began)/time.Second), 100)
			switch {
			case m.percent == 100:
				m.state = planner.Loaded
			case m.fails && m.percent > 30:
				m.state, m.percent = "LoadStateNotLoad", 0
			}
		}
		state, percent = m.state, m.percent
	})
	return state, percent, err
}

func (m *memory) LoadCollection(ctx context.Context, db, collection string) error {
	return m.write(ctx, call{op: "load", db: db, name: collection}, func() error {
		if m.state != planner.Loaded && m.state != planner.Loading {
			m.state, m.began = planner.Loading, m.now
		}
		return nil
	})
}

func (m *memory) load() (told []string, err error) {
	err = Load(context.Background(), m, "default", "v1", Options{Clock: m}, func(percent int, loaded bool) {
		told = append(told, fmt.Sprint(percent, " ", loaded))
	})
	return told, err
}

// TestLoadWaitsUntilItIsLoaded: nothing is told or sent of what is loaded.
func TestLoadWaitsUntilItIsLoaded(t *testing.T) {
	m := unloaded()
	told, err := m.load()
	if err != nil || m.state != planner.Loaded || len(m.writes()) != 1 || len(told) < 10 || told[len(told)-1] != "100 true" {
		t.Errorf("%v, %s after %v, told %q", err, m.state, m.writes(), told)
	}
	if told, err := m.load(); err != nil || len(told) > 0 || len(m.writes()) != 1 {
		t.Errorf("again: %v, %v, told %q", err, m.writes(), told)
	}
	m = unloaded()
	m.fails = true
	if _, err := m.load(); !is[*LoadEndedError](err) {
		t.Errorf("a load that ends: %v", err)
	}
}

// TestLoadUnderEveryFaultAtEveryCall: what proves nothing about a load does not
// end it, and no error is told of one that happened.
func TestLoadUnderEveryFaultAtEveryCall(t *testing.T) {
	quiet := unloaded()
	if _, err := quiet.load(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		for n := 1; n <= len(quiet.calls); n++ {
			m := unloaded()
			m.faults[n] = kind.fault
			what := fmt.Sprintf("%s at call %d (%s)", kind.name, n, quiet.calls[n-1])
			_, err := m.load()
			verdict := ClassOf(kind.fault.err) == Refused || ClassOf(kind.fault.err) == Fatal
			switch {
			case err == nil && m.state != planner.Loaded:
				t.Errorf("%s: no error, and it is %s", what, m.state)
			case err != nil && !verdict && (n > 1 || unreachable(kind.fault.err)):
				t.Errorf("%s: %v after %v", what, err, m.writes())
			case err != nil && is[*UndecidedError](err):
				t.Errorf("%s: a load is announced nowhere: %v", what, err)
			}
			m.settleDown()
			if _, err := m.load(); err != nil || m.state != planner.Loaded {
				t.Errorf("%s: the next one: %v", what, err)
			}
		}
	}
	m := unloaded()
	m.faulty = func(c call) (fault, bool) { return fault{err: errLost}, c.changes }
	if _, err := m.load(); !is[*NotLoadedError](err) || m.now.Sub(start) > 5*time.Minute {
		t.Errorf("%v after %v", err, m.now.Sub(start))
	}
}
