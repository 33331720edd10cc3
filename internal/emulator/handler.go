package emulator

import (
	"net/http"
	"strings"
)

// ServeHTTP answers one call of the REST API.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.serve(w, r, nil) }

// serve answers a call that came through a proxy, or through none.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request, through *Proxy) {
	x := exchange{e: e, proxy: through, http: r, route: e.route(r.Method, r.URL.Path)}
	if x.route == nil {
		if path, ok := strings.CutSuffix(r.URL.Path, "/"); ok && e.route(r.Method, path) != nil {
			redirect(w, r, path)
			return
		}
	}
	x.read(w)
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
	if err := x.allowed(x.route.privilege); err != nil {
		return failureReply(err)
	}
	return x.route.handle(x)
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
