package executor

import (
	"context"
	"time"

	"aliasctl/planner"
)

// Member is one alias of a cutover.
type Member struct {
	Step   int // its index in the plan
	Alias  string
	Stands Standing
	At     string // the collection that it was last seen at, "" for absent or unknown
}

// Standing is where a member of a cutover ended.
type Standing string

// The standings.
const (
	OnGreen   Standing = "switched"     // on the collection that the plan wants
	OnBlue    Standing = "not-switched" // where it was before, or there again
	Elsewhere Standing = "elsewhere"    // somewhere else, or absent
	Uncertain Standing = "unknown"
)

// member is the switch of one alias.
type member struct {
	index   int // of its step in the plan
	step    planner.Step
	seen    *sight    // by the look that all members took together
	sent    time.Time // its first write
	verdict verdict
	ended   time.Time
	proxies time.Duration // how long the witnesses took to converge
}

// standing is where a member is, from what became of its step.
func (m *member) standing() (Standing, string) {
	switch m.verdict.outcome {
	case Applied, AlreadyDone:
		return OnGreen, m.step.To
	case Undecided:
		return Uncertain, ""
	case SwitchedBack:
		return OnBlue, m.step.Blue()
	}
	if found, known := foundAt(m.verdict.err); known {
		return Elsewhere, found
	}
	if m.verdict.unbound {
		return Elsewhere, ""
	}
	return OnBlue, m.step.From
}

// move is the change of a member's binding.
type move struct {
	binding
	clock Clock
	seen  *sight
	sent  *time.Time
}

var _ change = (*move)(nil)

func (v *move) look(ctx context.Context) (sight, error) {
	if v.seen == nil {
		return v.binding.look(ctx)
	}
	s := *v.seen
	v.seen = nil
	return s, nil
}

func (v *move) write(ctx context.Context) error {
	if v.sent.IsZero() {
		*v.sent = v.clock.Now()
	}
	return v.binding.write(ctx)
}
