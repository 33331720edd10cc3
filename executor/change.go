package executor

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"aliasctl/planner"
)

// Limits of one step.
const (
	maxWaiting = 10 * time.Second      // in back-off between its tries, in all
	stepLimit  = 2 * time.Minute       // after it, no further try begins
	firstPause = 50 * time.Millisecond // between the reads that wait for a change to show
	maxPause   = time.Second
)

// change is one write with the reads around it.
type change interface {
	// look re-reads directly before a write.
	look(ctx context.Context) (sight, error)
	// write sends the request once.
	write(ctx context.Context) error
	// verify reads after a write whether the change shows.
	verify(ctx context.Context) (sight, error)
	// instead reports that another write may do what was refused, although
	// nothing has moved; the next call of write sends that.
	instead(refusal error) bool
	// repeatable reports that the write may be sent again when its answer was lost
	// and it does not show: that a late first one then finds its work done.
	repeatable() bool
	// urgent reports that not to write is worse than to write without the lock.
	urgent() bool
	// of is the step that is carried out.
	of() planner.Step
	// unconfirmed reports why an acknowledged write does not show; nil when only
	// time or another run can tell.
	unconfirmed(s sight) error
}

// sight is what a read showed.
type sight struct {
	place place
	found string // the collection that an alias is bound to, "" for absent
	why   error  // for elsewhere
	note  string // for asWanted: what else was seen
}

// place compares what a read showed with the two values of a step.
type place int

const (
	asExpected place = iota // the old value: the write may go out
	asWanted                // the new value
	elsewhere               // neither: another client was here
	halfway                 // the first of two writes is done, and the second is due at once
)

// verdict is what became of a change.
type verdict struct {
	outcome Outcome
	err     error
	note    string
	took    time.Duration
	// dropped and droppedIn are what became of the first write of a
	// recreate-alias, and the part of took that it had.
	dropped   Outcome
	droppedIn time.Duration
	// unbound reports that a recreate-alias took the alias from its old collection
	// and left it without the new one.
	unbound bool
	gap     time.Duration // in which the name of a displaced collection stood for nothing
	lost    error         // why an answer is missing to a write that was sent again: the first may still land
}

// carryOut brings one change about.
//
// Milvus has no compare-and-set, so every write is preceded by a read, and
// the decision is taken again from that read each time round the loop: a write
// goes out only while the old value shows. What an answer means is the hard
// part:
//
//   - Refused, transient: nothing happened. Read again: if the value has moved,
//     that is the better explanation.
//   - Lost (timeout, cut connection, 408): it happened, will happen, or never
//     will. One read proves nothing, because servers were seen to answer the
//     old value from memory and to carry the write out later. So the reads go
//     on until the new value shows or the settle time is over. Only then, with
//     the old value still there, is the write sent again. Should the first one
//     arrive after that, it carries the same value and changes nothing; where
//     it would, the write is not repeatable and the step is left unknown.
//   - Once an answer was lost, no later refusal or error can make the step
//     "failed": the first request may still arrive. It is "unknown" and stays
//     announced. And once a third value shows, nothing is sent any more.
func (r *run) carryOut(ctx context.Context, c change) (v verdict) {
	started := r.opts.Clock.Now()

	var (
		lost    error // the last write of ours without an answer
		last    error // the last answer, when there was one
		refusal error
		waited  time.Duration
		waits   = newBackOff()
		writes  int
		turned  int  // writes that something in between turned away
		detour  bool // the write takes another route than at first
		since   = started
		doubt   error // Milvus itself has no such route, and the read after that is due
	)
	defer func() {
		v.took = r.opts.Clock.Now().Sub(started)
		if writes > 1 {
			v.lost = lost
		}
	}()
	end := func(err error) verdict {
		switch {
		case lost != nil || doubt != nil:
			return verdict{outcome: Undecided, err: &UndecidedError{Lost: cmp.Or(lost, doubt), Seen: err, Settle: r.opts.Settle}}
		case ctx.Err() != nil && last == nil && refusal == nil:
			return verdict{outcome: NotReached, err: context.Cause(ctx)}
		case writes == 0 && is[*UnreachableError](err):
			return verdict{outcome: NotReached, err: err}
		default:
			return verdict{outcome: Failed, err: err}
		}
	}

	for try := 0; ; try++ {
		s, away, err := r.reading(c.of(), 0, c.look)
		if away { // that time is not the step's
			since = r.opts.Clock.Now()
		}
		switch {
		case err != nil:
			r.stopOnFatal(err)
			return end(err)
		case s.place == elsewhere:
			return end(s.why)
		case s.place == asWanted && (lost != nil || doubt != nil):
			return verdict{outcome: Applied, note: s.note}
		case s.place == asWanted:
			return verdict{outcome: AlreadyDone, note: s.note}
		case refusal != nil && !c.instead(refusal):
			return end(refusal)
		case refusal == nil && try > 0 && r.exhausted(try, since):
			return end(last)
		}
		refusal, doubt = nil, nil
		if err := ctx.Err(); err != nil {
			return end(err)
		}
		if err := r.opts.Held(); err != nil && !c.urgent() {
			r.end(err)
			if writes == 0 {
				return verdict{outcome: NotReached, err: err}
			}
			return end(err)
		}

		writes++
		err = c.write(ctx)
		if err == nil {
			return r.confirm(ctx, c)
		}
		last = err
		class := ClassOf(err)
		r.stopOnFatal(err)
		switch class {
		case Refused:
			refusal = err
		case Fatal:
			return end(err)
		case Transient:
			r.throttle.Trouble()
			if unreachable(err) { // the look before the next try waits
				continue
			}
			pause := waits.NextBackOff()
			if asked := retryAfter(err); asked > 0 { // what is left is waited: a last try costs little
				pause = max(min(asked+pause, maxWaiting-waited), pause)
			}
			if waited += pause; waited > maxWaiting || r.opts.Clock.Sleep(ctx, pause) != nil {
				return end(err)
			}
		default:
			certain, other := detourOf(err)
			if other && certain && !detour {
				detour, doubt, try = true, err, try-1
				continue
			}
			answer := err
			lost, last = err, nil
			s, err := r.await(ctx, c)
			switch {
			case err != nil:
				return end(err)
			case s.place == asWanted:
				return verdict{outcome: Applied, note: s.note}
			case s.place == elsewhere:
				return end(s.why)
			case s.place == halfway: // what was lost has happened
				lost = nil
				continue
			case !c.repeatable():
				return end(nil)
			case other && !detour:
				detour, try = true, try-1
			case !again(answer):
				// Once may be an ingress that reloads. Twice is a way that is
				// closed to every other step too.
				if turned++; turned > 1 {
					r.end(answer)
					return end(nil)
				}
			}
		}
	}
}

// confirm verifies an acknowledged write.
func (r *run) confirm(ctx context.Context, c change) verdict {
	s, err := r.await(ctx, c)
	switch {
	case err != nil:
		return verdict{outcome: Undecided, err: &UndecidedError{Seen: err, Settle: r.opts.Settle}}
	case s.place == asWanted:
		return verdict{outcome: Applied, note: s.note}
	}
	if err := c.unconfirmed(s); err != nil {
		return verdict{outcome: Failed, err: err}
	}
	return verdict{outcome: Undecided, err: &UndecidedError{Settle: r.opts.Settle}}
}

// await reads with growing pauses until the value is not the old one any more
// or the settle time is over. The error is that of the last read, when it
// failed and the wait is over.
func (r *run) await(ctx context.Context, c change) (sight, error) {
	deadline := r.opts.Clock.Now().Add(r.opts.Settle)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		if err := ctx.Err(); err != nil {
			return sight{}, err
		}
		s, away, err := r.reading(c.of(), deadline.Sub(r.opts.Clock.Now()), c.verify)
		if err == nil && s.place != asExpected {
			return s, nil
		}
		if away && err == nil { // what was on its way may have waited as well
			deadline, pause = r.opts.Clock.Now().Add(r.opts.Settle), firstPause
		}
		left := deadline.Sub(r.opts.Clock.Now())
		if left <= 0 || err != nil && (ClassOf(err) == Fatal || is[*UnreachableError](err)) {
			r.stopOnFatal(err)
			return s, err
		}
		if sleepErr := r.opts.Clock.Sleep(ctx, min(pause, left)); sleepErr != nil {
			return s, sleepErr
		}
	}
}

// exhausted reports that a step has used up its tries or its time.
func (r *run) exhausted(tries int, started time.Time) bool {
	return tries > r.opts.Retries || r.opts.Clock.Now().Sub(started) > stepLimit
}

// again reports that a write of unknown outcome may get further when it is sent once
// more. It may, unless its error knows better.
func again(err error) bool {
	var e interface{ Again() bool }
	return !errors.As(err, &e) || e.Again()
}

// retryAfter is how long the cluster wants to be left alone, as far as err
// shows.
func retryAfter(err error) time.Duration {
	var e interface{ RetryAfter() time.Duration }
	if !errors.As(err, &e) {
		return 0
	}
	return e.RetryAfter()
}

// detourOf reports that the next try of a write takes another route, because this
// one is not there; certain: Milvus itself answered so.
func detourOf(err error) (certain, ok bool) {
	var e interface{ Detour() (certain, ok bool) }
	if !errors.As(err, &e) {
		return false, false
	}
	return e.Detour()
}

// stopOnFatal ends the run after an error that no other call can escape.
func (r *run) stopOnFatal(err error) {
	if err != nil && ClassOf(err) == Fatal {
		r.end(err)
	}
}

func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.Multiplier = 2
	b.MaxInterval = 5 * time.Second
	return b
}

// movedTo reports that err reports an alias found at that collection ("" for
// absent) instead of where it was expected.
func movedTo(err error, found string) bool {
	e, ok := errors.AsType[*MovedError](err)
	return ok && e.Found == found
}

// interfered reports that err reports another client at work on an alias.
func interfered(err error) bool {
	return is[*MovedError](err) || is[*OvertakenError](err)
}
