package testkit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/emulator"
)

// pair is a cluster with products -> products_v1 and a products_v2 to go to.
func pair(t testing.TB, version emulator.Profile) *Cluster {
	t.Helper()
	c := New(version)
	must(t, c.CreateCollection(emulator.DefaultDatabase, "products_v1"))
	must(t, c.CreateCollection(emulator.DefaultDatabase, "products_v2"))
	must(t, c.CreateAlias(emulator.DefaultDatabase, "products", "products_v1"))
	return c
}

func (c *Cluster) bound(alias string) string { return c.Bindings(emulator.DefaultDatabase)[alias] }

const toV2 = `{"aliasName":"products","collectionName":"products_v2"}`

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server, err := emulator.Start(h, "127.0.0.1:0", emulator.ServerOptions{})
	must(t, err)
	t.Cleanup(func() { server.Close() })
	return server.URL()
}

// post calls a v2 route and returns the body of the answer.
func post(t testing.TB, url, route, body string) string {
	t.Helper()
	a := call(url, route, body, time.Minute)
	must(t, a.err)
	return a.body
}

var noRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// received is what a client makes of a call: its status, its type and its body
// as far as it came, and the error that ended it.
type received struct {
	status   int
	mimeType string
	body     string
	err      error
}

func call(url, route, body string, patience time.Duration) (a received) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v2/vectordb/"+route, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer root:canary")
	response, err := noRedirects.Do(request)
	if err != nil {
		return received{err: err}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 80<<20))
	return received{response.StatusCode, response.Header.Get("Content-Type"), string(content), err}
}

func isJSON(code string) func(received) bool {
	return func(a received) bool { return a.err == nil && strings.HasPrefix(a.body, `{"code":`+code) }
}

func hasStatus(status int, text string) func(received) bool {
	return func(a received) bool { return a.err == nil && a.status == status && strings.Contains(a.body, text) }
}

// TestFaults strikes an alter on both sides of its effect with every kind, and
// looks at what the client sees and at what happened.
func TestFaults(t *testing.T) {
	const patience = time.Second
	looks := map[Kind]struct {
		fault Fault
		sees  func(received) bool
	}{
		Reset:        {Fault{}, func(a received) bool { return errors.Is(a.err, syscall.ECONNRESET) }},
		Hang:         {Fault{}, func(a received) bool { return errors.Is(a.err, context.DeadlineExceeded) }},
		Delay:        {Fault{Delay: 10 * time.Millisecond}, isJSON("0")},
		Truncated:    {Fault{}, func(a received) bool { return errors.Is(a.err, io.ErrUnexpectedEOF) && a.body != "" }},
		Drip:         {Fault{}, func(a received) bool { return errors.Is(a.err, context.DeadlineExceeded) && a.status == 200 }},
		HTTP10:       {Fault{}, isJSON("0")},
		Timeout:      {Fault{}, hasStatus(408, "10001")},
		PlainTimeout: {Fault{}, hasStatus(408, "timeout")},
		JSONTimeout:  {Fault{}, hasStatus(408, `{"code":10001,"message":"request timeout"}`)},
		Late:         {Fault{}, hasStatus(408, "10001")},
		Code:         {Fault{Status: 403, Code: 65535, Message: "no"}, hasStatus(403, `{"code":65535,"message":"no"}`)},
		TooMany:      {Fault{}, hasStatus(429, "slow")},
		ServerError:  {Fault{}, hasStatus(500, `{"code":500}`)},
		BadGateway:   {Fault{}, hasStatus(502, "<html>")},
		Unavailable:  {Fault{}, hasStatus(503, "upstream")},
		Redirect:     {Fault{URL: "http://elsewhere.example/"}, hasStatus(307, "")},
		Empty:        {Fault{}, func(a received) bool { return a.err == nil && a.status == 200 && a.body == "" }},
		HTML:         {Fault{}, hasStatus(200, "password")},
		WrongType:    {Fault{}, func(a received) bool { return strings.HasPrefix(a.mimeType, "text/html") && isJSON("0")(a) }},
		NoCode:       {Fault{}, hasStatus(200, `{"data":{}}`)},
		StringCode:   {Fault{}, isJSON(`"0"`)},
		Huge:         {Fault{Size: 1 << 20}, func(a received) bool { return isJSON("0")(a) && len(a.body) == 1<<20 }},
		Endless:      {Fault{}, func(a received) bool { return a.err != nil || len(a.body) == 80<<20 }},
		Echo:         {Fault{}, hasStatus(200, "Bearer root:canary")},
		Foreign:      {Fault{Body: "default backend - 404"}, hasStatus(404, "default backend")},
		Frozen:       {Fault{}, func(a received) bool { return errors.Is(a.err, context.DeadlineExceeded) }},
		Restarted:    {Fault{}, func(a received) bool { return errors.Is(a.err, syscall.ECONNRESET) }},
		SlowProxy:    {Fault{Delay: 10 * time.Millisecond}, isJSON("0")},
	}
	for _, kind := range Kinds() {
		look, ok := looks[kind]
		if !ok {
			t.Errorf("kind %q is not looked at", kind)
			continue
		}
		for _, when := range []When{Before, After} {
			t.Run(string(kind)+" "+string(when), func(t *testing.T) {
				t.Parallel()
				e := pair(t, emulator.V26)
				fault := look.fault
				fault.Match, fault.Kind, fault.When = Match{Route: "aliases/alter"}, kind, when
				e.AddFault(fault)
				if a := call(serve(t, e), "aliases/alter", toV2, patience); !look.sees(a) {
					t.Errorf("got %d, %d bytes, %.80q, %v", a.status, len(a.body), a.body, a.err)
				}
				want := "products_v1"
				if when == After || kind == Delay || kind == SlowProxy { // these lose nothing
					want = "products_v2"
				}
				if got := e.bound("products"); got != want {
					t.Errorf("bound to %s, want %s", got, want)
				}
				e.ClearFaults()
				if a := call(serve(t, e), "aliases/alter", toV2, 10*time.Second); !isJSON("0")(a) {
					t.Errorf("once cleared: %+v", a)
				}
			})
		}
	}
}

func TestFaultsMeetTheRequestsTheyName(t *testing.T) {
	for _, c := range []struct {
		name  string
		match Match
		want  string // x where the fault strikes, of six calls
	}{
		{"everything", Match{}, "xxxxxx"},
		{"a route", Match{Route: "aliases/alter"}, "-x-x-x"},
		{"writes", Match{Writes: true}, "-x-x-x"},
		{"an alias", Match{Alias: "products"}, "xx--xx"},
		{"a collection", Match{Collection: "products_v2"}, "-x---x"},
		{"a database", Match{Database: "archive"}, "--xx--"},
		{"a request", Match{Request: 3}, "--x---"},
		{"a request that is none of them", Match{Request: 3, Writes: true}, "------"},
		{"the second", Match{Route: "aliases/alter", Nth: 2}, "---x--"},
		{"two from the second on", Match{Nth: 2, Times: 2}, "-xx---"},
		{"all from the second on", Match{Route: "aliases/alter", Nth: 2, Times: -1}, "---x-x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := pair(t, emulator.V26)
			must(t, e.CreateDatabase("archive"))
			e.AddFault(Fault{Match: c.match, Kind: TooMany})
			url, got := serve(t, e), ""
			for _, request := range [][2]string{
				{"aliases/describe", `{"aliasName":"products"}`},
				{"aliases/alter", toV2},
				{"aliases/describe", `{"aliasName":"old","dbName":"archive"}`},
				{"aliases/alter", `{"aliasName":"old","collectionName":"x","dbName":"archive"}`},
				{"aliases/describe", `{"aliasName":"products"}`},
				{"aliases/alter", toV2},
			} {
				if post(t, url, request[0], request[1]) == "slow down" {
					got += "x"
				} else {
					got += "-"
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestALateWriteLands(t *testing.T) {
	late := Match{Route: "aliases/alter", Nth: 1}
	t.Run("when told to", func(t *testing.T) {
		e := pair(t, emulator.V26)
		e.AddFault(Fault{Match: late, Kind: Late})
		url := serve(t, e)
		post(t, url, "aliases/alter", toV2)
		if got := e.bound("products"); got != "products_v1" {
			t.Errorf("landed at once: %s", got)
		}
		// Somebody moves the alias meanwhile; the late write does not know.
		must(t, e.CreateCollection(emulator.DefaultDatabase, "products_v3"))
		must(t, e.AlterAlias(emulator.DefaultDatabase, "products", "products_v3"))
		if n := e.Land(); n != 1 || e.bound("products") != "products_v2" {
			t.Errorf("%d landed, bound to %s", n, e.bound("products"))
		}
		if n := e.Land(); n != 0 {
			t.Errorf("%d landed twice", n)
		}
	})
	t.Run("before a request", func(t *testing.T) {
		e := pair(t, emulator.V26)
		e.AddFault(Fault{Match: late, Kind: Late, LandAt: 3})
		url, got := serve(t, e), []string{}
		for _, route := range []string{"aliases/alter", "aliases/describe", "aliases/describe"} {
			post(t, url, route, toV2)
			got = append(got, e.bound("products"))
		}
		if diff := cmp.Diff([]string{"products_v1", "products_v1", "products_v2"}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("after a while", func(t *testing.T) {
		e := pair(t, emulator.V26)
		e.AddFault(Fault{Match: late, Kind: Late, Delay: 20 * time.Millisecond})
		post(t, serve(t, e), "aliases/alter", toV2)
		eventually(t, func() bool { return e.bound("products") == "products_v2" })
	})
}

// TestAStallOutlastsTheTimeLimit is the metadata store that hangs: a 408 on
// every version, and a write that happens afterwards on all but 2.5.
func TestAStallOutlastsTheTimeLimit(t *testing.T) {
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := pair(t, profile)
				e.AddFault(Fault{Match: Match{Nth: 1}, Kind: Delay, Delay: time.Minute})
				began := time.Now()
				status := serveOnce(e, "aliases/alter", toV2)
				if status != http.StatusRequestTimeout || time.Since(began) != 30*time.Second {
					t.Errorf("status %d after %s", status, time.Since(began))
				}
				if got := e.bound("products"); got != "products_v1" {
					t.Errorf("during the stall: %s", got)
				}
				time.Sleep(time.Minute)
				want := "products_v2"
				if !profile.LandsLate {
					want = "products_v1"
				}
				if got := e.bound("products"); got != want {
					t.Errorf("after the stall: %s, want %s", got, want)
				}
			})
		})
	}
}

func TestAWriteLandsAfterItsClientHasLeft(t *testing.T) {
	e := pair(t, emulator.V26)
	e.AddFault(Fault{Match: Match{Nth: 1}, Kind: Delay, Delay: 100 * time.Millisecond})
	if a := call(serve(t, e), "aliases/alter", toV2, 10*time.Millisecond); a.err == nil {
		t.Errorf("got %+v", a)
	}
	eventually(t, func() bool { return e.bound("products") == "products_v2" })
}

func TestHooksPlayTheForeignActor(t *testing.T) {
	e := pair(t, emulator.V26)
	must(t, e.CreateCollection(emulator.DefaultDatabase, "products_v3"))
	var met []Request
	e.AddHook(Hook{Match: Match{Route: "aliases/describe", Nth: 1}, When: After, Do: func(r Request) {
		met = append(met, r)
		must(t, e.AlterAlias(emulator.DefaultDatabase, "products", "products_v3"))
	}})
	url := serve(t, e)
	const v1 = `{"code":0,"data":{"aliasName":"products","collectionName":"products_v1","dbName":"default"}}`
	if got := post(t, url, "aliases/describe", `{"aliasName":"products"}`); got != v1 {
		t.Errorf("got %s", got)
	}
	if got := post(t, url, "aliases/describe", `{"aliasName":"products"}`); got != strings.Replace(v1, "v1", "v3", 1) {
		t.Errorf("got %s", got)
	}
	want := []Request{{N: 1, Method: "POST", Path: "/v2/vectordb/aliases/describe", Call: emulator.Call{Route: "aliases/describe", Database: "default", Alias: "products"}}}
	if diff := cmp.Diff(want, met); diff != "" {
		t.Error(diff)
	}
}

func TestTheLogTellsReadsFromWrites(t *testing.T) {
	e := pair(t, emulator.V26)
	var lines strings.Builder
	e.LogTo(&lines)
	e.Record(2)
	url := serve(t, e)
	post(t, url, "collections/has", `{"collectionName":"products_v1"}`)
	post(t, url, "aliases/alter", toV2)
	post(t, url, "nonsense", `{`)
	if requests, writes := e.Counts(); requests != 3 || writes != 1 {
		t.Errorf("%d requests, %d writes", requests, writes)
	}
	want := []Request{
		{N: 2, Method: "POST", Path: "/v2/vectordb/aliases/alter", Call: emulator.Call{Route: "aliases/alter", Database: "default", Alias: "products", Collection: "products_v2", Writes: true}},
		{N: 3, Method: "POST", Path: "/v2/vectordb/nonsense"},
	}
	if diff := cmp.Diff(want, e.Requests()); diff != "" {
		t.Error(diff)
	}
	const text = `{"n":1,"method":"POST","path":"/v2/vectordb/collections/has","route":"collections/has","database":"default","collection":"products_v1"}
{"n":2,"method":"POST","path":"/v2/vectordb/aliases/alter","route":"aliases/alter","database":"default","alias":"products","collection":"products_v2","writes":true}
{"n":3,"method":"POST","path":"/v2/vectordb/nonsense"}
`
	if diff := cmp.Diff(text, lines.String()); diff != "" {
		t.Error(diff)
	}
}

func TestReadFaults(t *testing.T) {
	got, err := ReadFaults(strings.NewReader(`[
		{"route": "aliases/alter", "nth": 2, "kind": "late", "delay": "250ms"},
		{"request": 7, "when": "after", "kind": "code", "code": 1807, "message": "slow"}
	]`))
	want := []Fault{
		{Match: Match{Route: "aliases/alter", Nth: 2}, Kind: Late, Delay: 250 * time.Millisecond},
		{Match: Match{Request: 7}, When: After, Kind: Code, Code: 1807, Message: "slow"},
	}
	if must(t, err); cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
	for _, bad := range []string{`{}`, `[{"kind":"nonsense"}]`, `[{"kind":"reset","rout":"x"}]`, `[{"kind":"reset","when":"later"}]`, `[{"kind":"delay","delay":"soon"}]`} {
		if _, err := ReadFaults(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

// serveOnce calls the handler without a network, for tests with a fake clock.
func serveOnce(e http.Handler, route, body string) int {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v2/vectordb/"+route, strings.NewReader(body)))
	return w.Code
}
