package emulator

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ServeHTTP answers one call of the REST API.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.serve(w, r, nil) }

// serve answers a call that came through a proxy, or through none.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request, through *Proxy) {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent) // of every path, whoever asks
		return
	}
	x := exchange{e: e, proxy: through, http: r, route: e.route(r.Method, r.URL.Path)}
	if x.route == nil {
		if path, ok := strings.CutSuffix(r.URL.Path, "/"); ok && e.route(r.Method, path) != nil {
			redirect(w, r, path)
			return
		}
	}
	x.read()
	x.answer().write(w)
}

// answer takes the steps that a Milvus proxy takes, in its order: who calls,
// is there such a path, how long may it take, is the body right, is it allowed,
// and only then the call itself.
func (x *exchange) answer() reply {
	caller, err := x.e.access.authenticate(x.http.Header.Get("Authorization"))
	if err != nil {
		return failureReply(err)
	}
	x.caller = caller
	if x.route == nil {
		return nothingFound()
	}
	if !x.route.v1 {
		limit, err := x.e.timeouts.limit(&x.e.profile, x.route.path, x.http.Header.Get("Request-Timeout"))
		if err != nil {
			return failureReply(err)
		}
		if limit <= 0 {
			return x.e.profile.timedOut()
		}
	}
	if x.badly != nil {
		return failureReply(x.badly)
	}
	if err := x.checkDatabase(); err != nil {
		return failureReply(err)
	}
	if err := x.allowed(x.route.privilege); err != nil {
		return failureReply(err)
	}
	return x.route.handle(x)
}

// checkDatabase looks for the database before the call does
// (Profile.ChecksDatabase).
func (x *exchange) checkDatabase() error {
	if !x.e.profile.ChecksDatabase || x.route.v1 || x.route.namesDatabase {
		return nil
	}
	return x.e.view(func(c *catalog) error {
		if c.databases[x.names.DbName] == nil {
			return databaseMissing(x.names.DbName)
		}
		return nil
	})
}

// redirect sends a path with a trailing slash to the one without, as the
// router of Milvus does before anything else.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	status := http.StatusTemporaryRedirect
	if r.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	http.Redirect(w, r, path, status)
}

// defaultTimeout is how long Milvus works on a v2 call at most.
const defaultTimeout = 30 * time.Second

// timeouts are the limits that stick to a route (Profile.StickyTimeout).
type timeouts struct{ sticky sync.Map } // path to time.Duration

// limit returns how long a call may take, from its Request-Timeout header in
// seconds. On a sticky profile the header counts for every later call of the
// path, also for those without one.
func (t *timeouts) limit(p *Profile, path, header string) (time.Duration, error) {
	limit := defaultTimeout
	if p.StickyTimeout {
		if stuck, ok := t.sticky.Load(path); ok {
			limit = stuck.(time.Duration)
		}
	}
	if header == "" {
		return limit, nil
	}
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err != nil {
		if p.StrictTimeout {
			return 0, invalid("Request-Timeout parse failed, err: %v", err)
		}
		return limit, nil
	}
	limit = time.Duration(seconds) * time.Second // overflows as in Milvus
	if p.StickyTimeout {
		t.sticky.Store(path, limit)
	}
	return limit, nil
}

// TimeLimit returns how long a request may take. On a sticky profile it sticks
// to the path, as when the request is answered.
func (e *Emulator) TimeLimit(r *http.Request) time.Duration {
	if of := e.route(r.Method, r.URL.Path); of != nil && !of.v1 {
		if asked, err := e.timeouts.limit(&e.profile, of.path, r.Header.Get("Request-Timeout")); err == nil {
			return asked
		}
	}
	return defaultTimeout
}

// TimeOut answers as when the time limit has passed: 408, outcome unknown.
func (p *Profile) TimeOut(w http.ResponseWriter) { p.timedOut().write(w) }

// timedOut is the answer when the limit has passed: 408, outcome unknown.
func (p *Profile) timedOut() reply {
	if p.PlainTimeout {
		return reply{http.StatusRequestTimeout, plainType, []byte("timeout")}
	}
	return jsonReply(http.StatusRequestTimeout, failureBody{codeTimeout, "request timeout"})
}
