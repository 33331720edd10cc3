package script

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// The commands that are about the current cluster. A NAME is of the default
// database, or DATABASE/NAME. A MATCH is what a request has to be, as in
// `route=aliases/alter alias=products nth=2`; the words are the fields of
// testkit.Match and testkit.Fault in JSON.
//
//	cluster NAME SEED [WORD...]
//	                          start it, see startCluster
//	use NAME                  the commands and $URI are about another cluster now
//	behind NAME               NAME answers at the address of the current cluster
//	proxy VARIABLE LAG        a further proxy of the current cluster, at $VARIABLE
//	token TOKEN               from now on the cluster asks for this token
//	loads DURATION            loads that begin from now on take so long
//	writes N                  there were N writing requests since the last `writes`
//	requests [N]              print the requests since then, or require their number
//	sent                      print route and body of those, as they were sent
//	binding NAME COLLECTION   an alias is bound to it; `! binding NAME`: it is not bound
//	collection NAME           a collection exists; `! collection NAME`: it does not
//	foreign ACTION NAME...    another client acts, see actions
//	meanwhile MATCH... : ACTION NAME...
//	                          it acts just before a request that comes
//	fault KIND MATCH...       a request goes wrong; `fault none` ends all faults
//	pause MATCH...            a request waits
//	paused                    wait until it is there
//	resume                    let it go on
//	post ROUTE BODY           send a request of one's own to $URI, print the answer
var clusterCommands = map[string]func(*testscript.TestScript, bool, []string){
	"cluster":    startCluster,
	"use":        useCluster,
	"behind":     swapClusters,
	"proxy":      addProxy,
	"token":      requireToken,
	"loads":      setLoadTime,
	"writes":     requireWrites,
	"requests":   showRequests,
	"sent":       showBodies,
	"binding":    requireBinding,
	"collection": requireCollection,
	"foreign":    actForeign,
	"meanwhile":  actMeanwhile,
	"fault":      addFault,
	"pause":      pauseRequest,
	"paused":     waitForPause,
	"resume":     resumeRequest,
	"post":       postRequest,
}

// cluster is an emulated cluster at an address of its own.
type cluster struct {
	*testkit.Cluster
	server  *httptest.Server
	answers atomic.Pointer[testkit.Cluster] // who answers at this address
	seen    int64                           // the last request that `writes` has counted
	mu      sync.Mutex
	bodies  []string // of the requests since then
	token   string
	pauses  []*pause
	failure atomic.Pointer[error] // of an action in the background
}

// pause is a request that waits.
type pause struct {
	there, goOn chan struct{}
}

// ServeHTTP keeps what was sent, because the emulator tells only how it was
// understood.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	line := strings.TrimPrefix(r.URL.Path, "/v2/vectordb/") + " " + string(body)
	c.mu.Lock()
	c.bodies = append(c.bodies, line)
	c.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.answers.Load().ServeHTTP(w, r)
}

func (c *cluster) close() {
	for _, p := range c.pauses {
		select {
		case <-p.goOn:
		default:
			close(p.goOn)
		}
	}
	c.server.CloseClientConnections()
	c.server.Close()
	c.Emulator.Close()
}

// mostRequests is more than any script sends.
const mostRequests = 100_000

// startCluster starts a cluster and makes it the current one. Its words are a
// version ("2.5"), "no-v1" for a server without the v1 routes, "unguarded" for
// one that drops collections under their aliases, "by-name" for one whose grants
// on an alias follow it, and "tls": https, with the authority in ca.pem.
func startCluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: cluster NAME SEED [WORD...]")
	}
	w := worldOf(ts)
	if w.clusters[args[0]] != nil {
		ts.Fatalf("there is a cluster %q already", args[0])
	}
	profile, err := emulator.ProfileByName(ts.Getenv("PROFILE"))
	ts.Check(err)
	tls := false
	for _, word := range args[2:] {
		switch word {
		case "no-v1":
			profile.NoV1 = true
		case "unguarded":
			profile.Guard = false
		case "by-name": // proxy.resolveAliasForPrivilege: false
			profile.ResolvesGrants = false
		case "tls":
			tls = true
		default:
			profile, err = emulator.ProfileByName(word)
			ts.Check(err)
		}
	}
	e, err := testkit.FromSeed(ts.MkAbs(args[1]), profile)
	ts.Check(err)
	e.Record(mostRequests)
	c := &cluster{Cluster: e}
	c.answers.Store(e)
	c.server = httptest.NewUnstartedServer(c)
	c.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that a test wants to fail
	if tls {
		c.server.StartTLS()
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority, 0o644))
	} else {
		c.server.Start()
	}
	w.clusters[args[0]] = c
	w.become(ts, c)
}

// setLoadTime sets how long the loads that begin from now on take.
func setLoadTime(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: loads DURATION")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	worldOf(ts).cluster(ts).SetLoadTime(d)
}

// become makes a cluster the current one.
func (w *world) become(ts *testscript.TestScript, c *cluster) {
	w.current = c
	ts.Setenv("URI", c.server.URL)
}

// cluster is the current one.
func (w *world) cluster(ts *testscript.TestScript) *cluster {
	if w.current == nil {
		ts.Fatalf("there is no cluster yet")
	}
	if err := w.current.failure.Load(); err != nil {
		ts.Fatalf("the other client failed: %v", *err)
	}
	return w.current
}

func named(ts *testscript.TestScript, name string) *cluster {
	c := worldOf(ts).clusters[name]
	if c == nil {
		ts.Fatalf("there is no cluster %q", name)
	}
	return c
}

func useCluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: use NAME")
	}
	worldOf(ts).become(ts, named(ts, args[0]))
}

// swapClusters is a port-forward that now leads to another cluster.
func swapClusters(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: behind NAME")
	}
	worldOf(ts).cluster(ts).answers.Store(named(ts, args[0]).Cluster)
}

func requireToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: token TOKEN")
	}
	c := worldOf(ts).cluster(ts)
	c.token = args[0]
	c.RequireToken(args[0])
}

// since lists the requests that the last `writes` has not counted.
func (c *cluster) since() []testkit.Request {
	all := c.Requests()
	i := sort.Search(len(all), func(i int) bool { return all[i].N > c.seen })
	return all[i:]
}

func requireWrites(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: writes N")
	}
	c, want, n := worldOf(ts).cluster(ts), number(ts, args[0]), 0
	list := c.since()
	for _, r := range list {
		if r.Writes {
			n++
		}
	}
	if n != want {
		ts.Fatalf("%d writing requests, want %d, in:\n%s", n, want, told(list))
	}
	if len(list) > 0 {
		c.seen = list[len(list)-1].N
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = nil
}

func showBodies(ts *testscript.TestScript, neg bool, args []string) {
	c := worldOf(ts).cluster(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(ts.Stdout(), strings.Join(c.bodies, "\n"))
}

func showRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: requests [N]")
	}
	list := worldOf(ts).cluster(ts).since()
	if len(args) == 1 && number(ts, args[0]) != len(list) {
		ts.Fatalf("%d requests, want %s:\n%s", len(list), args[0], told(list))
	}
	fmt.Fprint(ts.Stdout(), told(list))
}

// told is one line per request, with a mark in front of those that write.
func told(list []testkit.Request) string {
	var text strings.Builder
	for _, r := range list {
		mark := " "
		if r.Writes {
			mark = "!"
		}
		fmt.Fprintln(&text, strings.TrimRight(strings.Join([]string{mark, cmp.Or(r.Route, r.Path), r.Database, r.Alias, r.Collection}, " "), " "))
	}
	return text.String()
}

func requireBinding(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && !neg || len(args) != 1 && neg {
		ts.Fatalf("usage: binding NAME COLLECTION, or ! binding NAME")
	}
	database, alias := program.Place(args[0])
	found, bound := worldOf(ts).cluster(ts).Bindings(database)[alias]
	switch {
	case neg && bound:
		ts.Fatalf("alias %s is bound to %s", args[0], found)
	case !neg && !bound:
		ts.Fatalf("alias %s is not bound", args[0])
	case !neg && found != args[1]:
		ts.Fatalf("alias %s is bound to %s, want %s", args[0], found, args[1])
	}
}

func requireCollection(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] collection NAME")
	}
	database, name := program.Place(args[0])
	if _, found := worldOf(ts).cluster(ts).Collections(database)[name]; found == neg {
		ts.Fatalf("collection %s: is there %v, want %v", args[0], found, !neg)
	}
}
