package milvus

import (
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"aliasctl/executor"
)

// A read comes back when the server wants it to, not before.
func TestRetryAfterIsHonoured(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) // the clock of the server may be any
	for name, c := range map[string]struct {
		status int
		header map[string]string
		least  time.Duration
	}{
		"429, seconds":                {429, map[string]string{"Retry-After": "1"}, time.Second},
		"503, seconds":                {503, map[string]string{"Retry-After": "1"}, time.Second},
		"a time, by its own clock":    {503, map[string]string{"Retry-After": at.Add(time.Second).Format(http.TimeFormat), "Date": at.Format(http.TimeFormat)}, time.Second},
		"another status":              {502, map[string]string{"Retry-After": "3600"}, 0},
		"less than nothing":           {429, map[string]string{"Retry-After": "-5"}, 0},
		"a time that has passed":      {429, map[string]string{"Retry-After": at.Format(http.TimeFormat), "Date": at.Add(time.Hour).Format(http.TimeFormat)}, 0},
		"neither a number nor a time": {429, map[string]string{"Retry-After": "soon"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []time.Time
			uri, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked = append(asked, time.Now()); len(asked) > 1 {
					answerWith(200, jsonType, `{"code":0,"data":["a"]}`)(w, nil)
					return
				}
				for key, value := range c.header {
					w.Header().Set(key, value)
				}
				w.WriteHeader(c.status)
				io.WriteString(w, "busy")
			})
			list, err := newClient(t, uri, nil).ListAliases(t.Context(), "")
			if err != nil || len(list) != 1 || len(asked) != 2 {
				t.Fatalf("%v, %v after %d requests", list, err, len(asked))
			}
			if pause := asked[1].Sub(asked[0]); pause < c.least {
				t.Errorf("asked again after %s, want %s at least", pause, c.least)
			}
		})
	}
}

// A server that wants more than there is gets what is left, and one more try.
func TestRetryAfterStaysWithinTheTimeout(t *testing.T) {
	uri, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(1<<40))
		w.WriteHeader(429)
	})
	c := newClient(t, uri, func(cfg *Config) { cfg.Timeout = time.Second })
	start := time.Now()
	_, err := c.ListAliases(t.Context(), "")
	if took := time.Since(start); executor.ClassOf(err) != executor.Transient || count.Load() != 2 || took > patience/2 {
		t.Errorf("%v after %d requests and %s", err, count.Load(), took)
	}
}

func TestRetryAfterStaysWithinTheBudget(t *testing.T) {
	pauses := newBudget(250 * time.Millisecond)
	var sum time.Duration
	for _, asked := range []time.Duration{4 * time.Second, time.Hour} {
		pauses.asked = asked
		pause := pauses.NextBackOff()
		if pause < min(asked, patience-sum) {
			t.Errorf("asked for %s after %s, waits %s", asked, sum, pause)
		}
		sum += pause
	}
	if sum != patience {
		t.Errorf("%s in all, want %s", sum, patience)
	}
	pauses.asked = time.Second
	if pause := pauses.NextBackOff(); pause != backoff.Stop {
		t.Errorf("waits %s more", pause)
	}
}

// A write is never repeated, whatever the server says.
func TestRetryAfterRepeatsNoWrite(t *testing.T) {
	uri, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(503)
	})
	if err := newClient(t, uri, nil).AlterAlias(t.Context(), "", "t_a", "t_v2"); err == nil || count.Load() != 1 {
		t.Errorf("%v after %d requests", err, count.Load())
	}
}
