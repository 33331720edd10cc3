package milvus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aliasctl/planner"
)

// allowance is how many requests a server takes: so many a second, and what it
// has saved up, at most burst.
type allowance struct {
	rate, burst float64

	mu             sync.Mutex
	saved          float64
	at             time.Time
	taken, refused int
}

func (l *allowance) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.at.IsZero() {
		l.saved = l.burst
	} else {
		l.saved = min(l.saved+l.rate*now.Sub(l.at).Seconds(), l.burst)
	}
	if l.at = now; l.saved < 1 {
		l.refused++
		return false
	}
	l.saved--
	l.taken++
	return true
}

// A server, or a gateway in front of it, that limits requests is read to the
// end, at its own pace, and is asked hardly more than it takes.
func TestAServerThatLimitsRequestsIsReadAtItsPace(t *testing.T) {
	for name, refuse := range map[string]http.HandlerFunc{
		"code 8": answerWith(200, jsonType, `{"code":8,"message":"request is rejected by grpc RateLimiter middleware, please retry later: rate limit exceeded[rate=200]"}`),
		"429":    answerWith(429, "text/plain", "too many requests"),
	} {
		t.Run(name, func(t *testing.T) {
			// In the time of the bubble: a busy machine would stretch every pause.
			synctest.Test(t, func(t *testing.T) {
				const n = 4000
				limit := &allowance{rate: 200, burst: 40}
				c := newClient(t, "http://127.0.0.1:19530", nil)
				answer := lists(t, limit, refuse, n)
				c.transport = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(5 * time.Millisecond)
					answer.ServeHTTP(w, r)
				})}
				c.firstPause = 250 * time.Millisecond
				began := time.Now()
				readAll(t, c, n)
				took := time.Since(began)
				own := (float64(limit.taken) - limit.burst) / limit.rate
				share := float64(limit.refused) / float64(limit.taken+limit.refused)
				t.Logf("%.2f of the limit's own time, %.2f %% of %d requests refused", took.Seconds()/own, 100*share, limit.taken+limit.refused)
				if share > 0.02 {
					t.Errorf("%.2f %% of the requests were refused", 100*share)
				}
				if took.Seconds() > 1.3*own {
					t.Errorf("%v, the limit's own time is %.1f s", took, own)
				}
			})
			// Over real connections, however long that takes.
			t.Run("over HTTP", func(t *testing.T) {
				const n = 400
				limit := &allowance{rate: 200, burst: 40}
				s := httptest.NewServer(lists(t, limit, refuse, n))
				defer s.Close()
				c := newClient(t, s.URL, nil)
				c.firstPause = 250 * time.Millisecond
				readAll(t, c, n)
				t.Logf("%d refused", limit.refused) // none where the machine is slower than the limit
			})
		})
	}
}

// readAll reads the aliases of n collections, each of which has one.
func readAll(t *testing.T, c *Client, n int) {
	t.Helper()
	scope := planner.DatabaseScope{Name: "default", Aliases: map[string]string{}}
	for i := range n {
		scope.Aliases[fmt.Sprintf("a%d", i)] = fmt.Sprintf("c%d", i)
	}
	live, err := Read(t.Context(), c, planner.Scope{Databases: []planner.DatabaseScope{scope}})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(live.Databases["default"].Bindings); got != n {
		t.Errorf("%d of %d bindings", got, n)
	}
}

// lists serves n collections with an alias each, as far as limit goes.
func lists(t *testing.T, limit *allowance, refuse http.HandlerFunc, n int) http.Handler {
	t.Helper()
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("a%d", i)
	}
	list, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked request
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		switch {
		case !limit.take():
			refuse(w, r)
		case asked.CollectionName == "":
			fmt.Fprintf(w, `{"code":0,"data":%s}`, list)
		default:
			fmt.Fprintf(w, `{"code":0,"data":["a%s"]}`, asked.CollectionName[1:])
		}
	})
}

func TestWhichAnswersAskForPatience(t *testing.T) {
	for _, c := range []struct {
		answer http.HandlerFunc
		busy   bool
	}{
		{answerWith(200, jsonType, `{"code":4,"message":"queue is full"}`), true},
		{answerWith(200, jsonType, `{"code":8,"message":"rate limit exceeded"}`), true},
		{answerWith(429, jsonType, `{"code":8,"message":"rate limit exceeded"}`), true},
		{answerWith(200, jsonType, `{"code":12,"message":"no resource"}`), true},
		{answerWith(200, jsonType, `{"code":1807,"message":"request is rejected by limiter"}`), true},
		{answerWith(200, jsonType, `{"code":1807,"message":"quota exceeded: denied"}`), false},
		{answerWith(429, "text/plain", "too many requests"), true},
		{answerWith(503, "text/plain", "busy"), true},
		{answerWith(502, "text/plain", "bad gateway"), false},
		{answerWith(200, jsonType, `{"code":100,"message":"collection not found"}`), false},
		{answerWith(200, jsonType, `{"code":65535,"message":"unexpected"}`), false},
	} {
		uri, _ := serve(t, c.answer)
		_, err := newClient(t, uri, func(cfg *Config) { cfg.Retries = 0 }).ListAliases(t.Context(), "")
		var e *Error
		if !errors.As(err, &e) || e.busy() != c.busy {
			t.Errorf("%v: asks for patience %v, want %v", err, e != nil && e.busy(), c.busy)
		}
	}
}
