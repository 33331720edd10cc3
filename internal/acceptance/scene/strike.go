package scene

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// Hasty are limits under which a lost answer does not cost a minute.
var Hasty = []string{"--timeout", "400ms", "--settle", "120ms", "--retries", "2"}

// Baseline lists the requests of a run without a fault, one after another.
func Baseline(t *testing.T, s Story, profile emulator.Profile, dir string, flags ...string) []testkit.Request {
	t.Helper()
	c, err := Play(s, profile, dir, flags...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()
	c.Record(Recorded)
	c.Watch()
	e := c.Run()
	if err := c.Arrived(); e.Code != 0 || err != nil {
		t.Fatalf("a run without a fault: %v\n%v", err, e)
	}
	requests := c.Requests()
	if err := c.Rests(); err != nil {
		t.Fatal(err)
	}
	return requests
}

// Striking is one run of a sweep: a fault at one request.
type Striking struct {
	Profile emulator.Profile
	Request testkit.Request
	Fault   testkit.Fault
	Flags   []string
	Story   Story
}

func (s Striking) String() string {
	return fmt.Sprintf("milvus %s, %s, %s %s, %v", s.Profile.Name, Described(s.Request), s.Fault.Kind, s.Fault.When, s.Flags)
}

// Described is a request as messages name it.
func Described(r testkit.Request) string {
	return fmt.Sprintf("request %d (%s %s/%s%s)", r.N, r.Route, r.Database, r.Alias, r.Collection)
}

// FaultAt is a fault of a kind at one request of a run. elsewhere is where a redirect
// leads to.
func FaultAt(r testkit.Request, kind testkit.Kind, when testkit.When, elsewhere string) testkit.Fault {
	return testkit.Fault{
		Match: testkit.Match{Request: r.N}, Kind: kind, When: when, URL: elsewhere + "/v2/vectordb/aliases/list",
		Code: 65535, Message: "etcdserver: too many operations in txn request", Delay: delayOf(kind), Body: "default backend - 404",
	}
}

// Acknowledges reports that a fault leaves the answer readable. Before the effect
// of a write it would be a server that says success and does nothing, which is
// not a lost answer but a lie.
func Acknowledges(kind testkit.Kind) bool {
	return kind == testkit.HTTP10 || kind == testkit.WrongType
}

// delayOf makes a slow answer slower than the client is patient. A server that
// restarts is back in between.
func delayOf(kind testkit.Kind) time.Duration {
	switch kind {
	case testkit.Delay, testkit.Frozen, testkit.SlowProxy:
		return time.Second
	case testkit.Drip, testkit.Restarted:
		return 100 * time.Millisecond
	}
	return 0
}

// Strike plays the story with its fault, and gives the same command again without it.
func (s Striking) Strike(dir string, done *Tally) error {
	c, err := Play(s.Story, s.Profile, dir, s.Flags...)
	if err != nil {
		return err
	}
	defer c.End()
	c.Watch()
	c.AddFault(s.Fault)
	before := c.Look()
	e := c.Run(Hasty...)
	c.Land()
	done.Count("exit " + strconv.Itoa(e.Code))
	if err := c.Truthful(e, before); err != nil {
		return err
	}
	return c.Settles()
}

// ForeignStatuses take turns with the bodies of testkit.ForeignBodies.
var ForeignStatuses = []int{200, 401, 403, 404, 429, 500, 502, 503, 204, 302, 418}

// Foreign is an answer that something else than Milvus writes to one request.
func Foreign(at testkit.Match, body string, status int, when testkit.When) testkit.Fault {
	if strings.Contains(body, "%[1]d") {
		body = fmt.Sprintf(body, status)
	}
	if status == 204 {
		body = ""
	}
	return testkit.Fault{Match: at, Kind: testkit.Foreign, When: when, Status: status, Body: body}
}
