package script

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// requireEvents reads --log-format json, usually from stderr: every line is one
// JSON object of version 1 with a time that does not go back, and the events
// come in this order. A word with a `+` behind it is one event or more of that
// kind.
func requireEvents(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: events FILE EVENT...")
	}
	var kinds []string
	var last time.Time
	for i, line := range strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n") {
		var e struct {
			Version int
			Time    time.Time
			Event   string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("line %d is not one JSON object: %v: %s", i+1, err, line)
		}
		if e.Version != 1 || e.Time.Before(last) || e.Event == "" {
			ts.Fatalf("line %d has no version, time or event as it should: %s", i+1, line)
		}
		kinds, last = append(kinds, e.Event), e.Time
	}
	left := kinds
	for _, want := range args[1:] {
		kind, many := strings.CutSuffix(want, "+")
		if len(left) == 0 || left[0] != kind {
			ts.Fatalf("the events are %q, want %q", kinds, args[1:])
		}
		for left = left[1:]; many && len(left) > 0 && left[0] == kind; {
			left = left[1:]
		}
	}
	if len(left) > 0 {
		ts.Fatalf("the events are %q, want %q", kinds, args[1:])
	}
}

// addProxy puts a further proxy in front of the current cluster; its address is
// in VARIABLE. It hears of a change LAG later than the others.
func addProxy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: proxy VARIABLE LAG")
	}
	lag, err := time.ParseDuration(args[1])
	ts.Check(err)
	c := worldOf(ts).cluster(ts)
	server := httptest.NewServer(c.AddProxy(lag))
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	ts.Setenv(args[0], server.URL)
}
