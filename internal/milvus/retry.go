package milvus

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"aliasctl/executor"
)

// The most that one read waits between its tries, all pauses together.
const (
	patience        = 10 * time.Second
	patienceRefused = 3 * time.Second // nothing listens: it rarely heals by itself
)

// budget is a back-off that ends when its pauses would exceed a limit.
type budget struct {
	*backoff.ExponentialBackOff
	left time.Duration
	// asked is what the server wants the next pause to be at least. Where that
	// is more than is left, what is left is waited: a last try costs little.
	asked time.Duration
}

// newBudget returns a budget of patience. The pauses double from the mean of
// the first one, each of them between half and one and a half times its mean.
func newBudget(first time.Duration) *budget {
	return &budget{
		left: patience,
		ExponentialBackOff: &backoff.ExponentialBackOff{
			InitialInterval:     first,
			RandomizationFactor: 0.5,
			Multiplier:          2,
			MaxInterval:         patience / 2,
		},
	}
}

// NextBackOff implements backoff.BackOff.
func (b *budget) NextBackOff() time.Duration {
	pause := b.ExponentialBackOff.NextBackOff()
	if b.asked > 0 {
		// Not all readers that got the same answer come back at the same moment.
		pause = min(b.asked+pause, b.left)
		b.asked = 0
	}
	if pause <= 0 || pause > b.left {
		return backoff.Stop
	}
	b.left -= pause
	return pause
}

// read sends a question, again after a pause while an answer may still come.
// Each try is bounded by Config.Timeout, and none starts when that time has
// passed since the first one did: a silent server costs less than twice the
// timeout, whatever Retries is.
func (c *Client) read(ctx context.Context, k call) (json.RawMessage, error) {
	a, err := c.readAnswer(ctx, k)
	return a.data, err
}

// readAnswer is read for those who want more than the data of the answer. The
// time it took is that of the last try alone.
func (c *Client) readAnswer(ctx context.Context, k call) (answer, error) {
	start := time.Now()
	a, e := c.exchange(ctx, k)
	if e == nil {
		return a, nil
	}
	return c.readAgain(ctx, k, e, start)
}

// readAgain goes on after a first try that failed with e.
func (c *Client) readAgain(ctx context.Context, k call, e *Error, start time.Time) (answer, error) {
	var (
		tries   int
		back    = func() {}
		refused bool
		pauses  = newBudget(c.firstPause)
	)
	got, err := backoff.Retry(ctx, func() (got answer, err error) {
		if tries++; tries > 1 {
			back()
			back = func() {}
			if got, e = c.exchange(ctx, k); e == nil {
				return got, nil
			}
			e.Attempts = tries
		}
		if e.class != executor.Transient || e.hopeless || time.Since(start) >= c.cfg.Timeout {
			return answer{}, backoff.Permanent(e)
		}
		if errors.Is(e, syscall.ECONNREFUSED) && !refused {
			refused = true
			pauses.left -= patience - patienceRefused
		}
		if tries > c.cfg.Retries || e.vain {
			return answer{}, backoff.Permanent(e)
		}
		pauses.asked = min(e.retryAfter, c.cfg.Timeout-time.Since(start))
		back = c.throttle.Aside(ctx)
		return answer{}, e
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(0))
	back()
	if err == nil {
		return got, nil
	}
	if ctx.Err() != nil {
		e.Err = context.Cause(ctx) // interrupted in a pause
	}
	return answer{}, e
}

// retryAfter is how long a server that is too busy wants to be left alone, 0
// when it does not say: a number of seconds, or a time, which is measured by
// the clock of the server where that is known.
func retryAfter(status int, header http.Header) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(patience/time.Second))) * time.Second // more is never waited
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0)
}
