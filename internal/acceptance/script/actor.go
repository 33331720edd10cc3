package script

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// actions are what another client can do, each on one database.
var actions = map[string]struct {
	names int // how many it needs
	do    func(e *emulator.Emulator, database string, names []string) error
}{
	"create-alias":      {2, func(e *emulator.Emulator, db string, n []string) error { return e.CreateAlias(db, n[0], n[1]) }},
	"alter-alias":       {2, func(e *emulator.Emulator, db string, n []string) error { return e.AlterAlias(db, n[0], n[1]) }},
	"drop-alias":        {1, func(e *emulator.Emulator, db string, n []string) error { return e.DropAlias(db, n[0]) }},
	"create-collection": {1, func(e *emulator.Emulator, db string, n []string) error { return e.CreateCollection(db, n[0]) }},
	"drop-collection":   {1, func(e *emulator.Emulator, db string, n []string) error { return e.DropCollection(db, n[0]) }},
	"rename-collection": {2, func(e *emulator.Emulator, db string, n []string) error { return e.RenameCollection(db, n[0], n[1]) }},
	"create-database":   {1, func(e *emulator.Emulator, _ string, n []string) error { return e.CreateDatabase(n[0]) }},
	"drop-database":     {1, func(e *emulator.Emulator, _ string, n []string) error { return e.DropDatabase(n[0]) }},
	// An alias that points at a collection which was dropped under it.
	"zombie": {2, func(e *emulator.Emulator, db string, n []string) error { return e.MakeZombie(db, n[0], n[1]) }},
}

// action reads ACTION NAME...; the first name says in which database.
func action(ts *testscript.TestScript, words []string) func(*emulator.Emulator) error {
	if len(words) == 0 {
		ts.Fatalf("which action?")
	}
	a, found := actions[words[0]]
	if !found || len(words) != 1+a.names {
		ts.Fatalf("there is no action %q with %d names", words[0], len(words)-1)
	}
	names := slices.Clone(words[1:])
	database, bare := program.Place(names[0])
	names[0] = bare
	return func(e *emulator.Emulator) error { return a.do(e, database, names) }
}

func actForeign(ts *testscript.TestScript, neg bool, args []string) {
	act := action(ts, args)
	if err := act(worldOf(ts).cluster(ts).Emulator); (err != nil) != neg {
		ts.Fatalf("%v", err)
	}
}

// actMeanwhile lets another client act between a read and a write.
func actMeanwhile(ts *testscript.TestScript, neg bool, args []string) {
	colon := slices.Index(args, ":")
	if neg || colon < 0 {
		ts.Fatalf("usage: meanwhile MATCH... : ACTION NAME...")
	}
	c, act := worldOf(ts).cluster(ts), action(ts, args[colon+1:])
	c.AddHook(testkit.Hook{Match: once(faultOf(ts, "reset", args[:colon])), Do: func(testkit.Request) {
		if err := act(c.Emulator); err != nil {
			c.failure.Store(&err) // for the next command: this is not its goroutine
		}
	}})
}

// once limits a match to one request.
func once(f testkit.Fault) testkit.Match {
	if f.Nth == 0 {
		f.Nth, f.Times = 1, 1
	}
	return f.Match
}

// texts are the fields of a fault whose value is text, whatever it looks like.
var texts = []string{"route", "database", "alias", "collection", "when", "message", "url", "delay"}

// faultOf reads the words of a fault as the JSON that they are short for.
func faultOf(ts *testscript.TestScript, kind string, words []string) testkit.Fault {
	fields := map[string]any{"kind": kind}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			ts.Fatalf("%q is not FIELD=VALUE", word)
		}
		switch n, err := strconv.Atoi(value); {
		case slices.Contains(texts, name) || err != nil && value != "true":
			fields[name] = value
		case value == "true":
			fields[name] = true
		default:
			fields[name] = n
		}
	}
	list, err := json.Marshal([]any{fields})
	ts.Check(err)
	faults, err := testkit.ReadFaults(bytes.NewReader(list))
	ts.Check(err)
	return faults[0]
}

func addFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fault KIND MATCH...")
	}
	c := worldOf(ts).cluster(ts)
	if args[0] == "none" {
		c.ClearFaults()
		return
	}
	c.AddFault(faultOf(ts, args[0], args[1:]))
}

func pauseRequest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: pause MATCH...")
	}
	c := worldOf(ts).cluster(ts)
	p := &pause{there: make(chan struct{}), goOn: make(chan struct{})}
	c.pauses = append(c.pauses, p)
	c.AddHook(testkit.Hook{Match: once(faultOf(ts, "reset", args)), Do: func(testkit.Request) {
		close(p.there)
		<-p.goOn
	}})
}

// lastPause is the one that `paused` and `resume` are about.
func lastPause(ts *testscript.TestScript) *pause {
	c := worldOf(ts).cluster(ts)
	if len(c.pauses) == 0 {
		ts.Fatalf("nothing is paused")
	}
	return c.pauses[len(c.pauses)-1]
}

func waitForPause(ts *testscript.TestScript, neg bool, args []string) {
	select {
	case <-lastPause(ts).there:
	case <-time.After(program.Patience):
		ts.Fatalf("the request does not come")
	}
}

func resumeRequest(ts *testscript.TestScript, neg bool, args []string) {
	close(lastPause(ts).goOn)
}

func postRequest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: post ROUTE BODY")
	}
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("URI")+"/v2/vectordb/"+args[0], strings.NewReader(args[1]))
	ts.Check(err)
	if c := worldOf(ts).current; c != nil && c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	client := http.Client{Timeout: program.Patience}
	response, err := client.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Stdout().Write(append(body, '\n'))
}
