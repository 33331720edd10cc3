package executor

import (
	"context"
	"fmt"
	"time"

	"aliasctl/planner"
)

// unloading is the change of a collection that is taken out of memory while its data
// stays. Milvus does that to a collection which aliases reach, without a word, and its
// readers then get code 101: what is read before a drop is read before a release too.
// It is announced nowhere: it changes nothing that a state knows of.
type unloading struct {
	retirement
}

var _ change = (*unloading)(nil)

func (c *unloading) look(ctx context.Context) (sight, error) {
	memory, unread := c.inMemory(ctx) // before the aliases, which are read last
	s, err := c.retirement.look(ctx)
	if err != nil || s.place != asExpected {
		return s, err
	}
	return memory, unread
}

// inMemory reads whether the collection is still loaded. `collections/describe` does
// not tell that from a load state which the token may not read.
func (c *unloading) inMemory(ctx context.Context) (sight, error) {
	state, _, err := c.cluster.LoadState(ctx, c.step.Database, c.step.Collection)
	if err != nil {
		return sight{}, err
	}
	if state == planner.Loaded || state == planner.Loading {
		return sight{place: asExpected}, nil
	}
	return sight{place: asWanted}, nil
}

func (c *unloading) write(ctx context.Context) error {
	return c.cluster.ReleaseCollection(ctx, c.step.Database, c.step.Collection)
}

// verify asks for the id first: a collection that is gone, or another one of the name,
// has no load state of ours.
func (c *unloading) verify(ctx context.Context) (sight, error) {
	s, err := c.retirement.verify(ctx)
	if err != nil || s.place != asExpected {
		return s, err
	}
	return c.inMemory(ctx)
}

// release takes a collection out of memory.
func (r *run) release(ctx context.Context, step planner.Step) verdict {
	v := r.carryOut(ctx, &unloading{retirement{cluster: r.cluster, step: step, held: r.opts.Held}})
	if undecided, ok := v.err.(*UndecidedError); ok {
		v.err = &UnsureReleaseError{Lost: undecided.Lost, Seen: undecided.Seen, Settle: undecided.Settle}
	}
	return v
}

// UnsureReleaseError reports that a release was sent and that no answer shows whether
// the collection is out of memory, or will be.
type UnsureReleaseError struct {
	Lost   error         // why the answer is missing; nil when the request was acknowledged
	Seen   error         // what the reads after it met; nil when they showed that it is loaded
	Settle time.Duration // how long was waited for it to show
}

func (e *UnsureReleaseError) Error() string {
	text := "the outcome is unknown: "
	if e.Lost != nil {
		text += fmt.Sprintf("Milvus did not answer the release (%v); ", e.Lost)
	}
	if e.Seen != nil {
		return text + e.Seen.Error()
	}
	return text + fmt.Sprintf("it did not show within %v; the same command again releases it", e.Settle)
}

func (e *UnsureReleaseError) Unwrap() []error { return present(e.Lost, e.Seen) }
