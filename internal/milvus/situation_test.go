package milvus

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aliasctl/executor"
)

// situation is a failure that real servers were recorded to answer.
type situation struct {
	what    string
	code    int
	status  int    // 0 is 200
	message string // a pattern of the whole message
	class   executor.Class
	// since and until are profiles, "" for the oldest and the newest: a message
	// that moved to another code has a line for each of the two.
	since, until string
}

// situations are all that is recorded. Where a code moved, the class did not.
var situations = []situation{
	{"no such collection", 100, 0, `(can't find collection|collection not found)\[.*`, executor.Refused, "", ""},
	{"no such collection, by ids", 100, 0, `timestamp = \d+: collection not found\[.*`, executor.Refused, "2.4", "2.5"},
	{"no such collection, v1", 100, 0, `collection not found, database: \S+, collection: \S+`, executor.Refused, "", ""},
	{"not loaded", 101, 0, `failed to (query|search): collection not loaded\[collection=\d+\]`, executor.Refused, "", ""},
	{"refresh of what is not loaded", 65535, 0, `call query coordinator LoadCollection: collection not loaded\[.*`, executor.Refused, "2.5", "2.5"},
	{"refresh of what is not loaded", 101, 0, `call query coordinator LoadCollection: collection not loaded\[.*`, executor.Refused, "2.6", ""},
	{"no such index", 700, 0, `index not found\[.*`, executor.Refused, "", ""},
	{"no such database", 800, 0, `database not found(\[.*|, database: \S+)`, executor.Refused, "", ""},
	{"rename into no database", 65535, 0, `target database:\S+ not found`, executor.Refused, "2.4", "2.5"},
	{"rename into no database", 800, 0, `target database \S+ not found: database not found\[.*`, executor.Refused, "2.6", ""},
	{"a bad name", 1100, 0, `Invalid collection (alias|name): .*: invalid parameter`, executor.Refused, "", ""},
	{"a bad name in a grant", 1100, 0, `(collection|object) name (can only contain|should be not empty).*invalid parameter.*`, executor.Refused, "", ""},
	{"a bad level of a grant", 1100, 0, `(collectionName should be \* for|please specify database name for) .*: invalid parameter`, executor.Refused, "", ""},
	{"a bad time limit", 1100, 0, `Request-Timeout parse failed, .*`, executor.Refused, "3.0", ""},
	{"no dimension", 1100, 0, `dimension is required .*`, executor.Refused, "", ""},
	{"drop by an alias", 65535, 0, `cannot drop the collection via alias = \S+`, executor.Refused, "", "2.6.18"},
	{"drop by an alias", 1100, 0, `cannot drop the collection via alias = \S+: invalid parameter`, executor.Refused, "2.6", ""},
	{"drop under aliases", 65535, 0, `unable to drop the collection \[\S+\] because it has associated aliases \[[^]]+\], .*dropping the collection`, executor.Refused, "", "2.6.18"},
	{"drop under aliases", 1100, 0, `unable to drop the collection \[\S+\] because it has associated aliases \[[^]]+\], .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"a collection named like an alias", 65535, 0, `collection name \[\S+\] conflicts with an existing alias, .*`, executor.Refused, "", "2.6.18"},
	{"a collection named like an alias", 1601, 0, `please choose a unique name: alias and collection name conflict\[.*`, executor.Refused, "2.6", ""},
	{"another collection of that name", 65535, 0, `create duplicate collection with different parameters, collection: \S+`, executor.Refused, "", "2.6.18"},
	{"another collection of that name", 1100, 0, `create duplicate collection with different parameters, .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"rename to an alias", 65535, 0, `cannot rename collection to an existing alias: \S+`, executor.Refused, "", "2.6.18"},
	{"an alias named like a collection, or a rename to one", 1601, 0, `alias and collection name conflict\[.*`, executor.Refused, "", ""},
	{"rename by an alias", 65535, 0, `unsupported use an alias to rename collection, alias:\S+`, executor.Refused, "", "2.6.18"},
	{"rename by an alias", 1100, 0, `unsupported use an alias to rename collection, .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"rename to a collection", 65535, 0, `duplicated new collection name .*alias`, executor.Refused, "2.4", "2.5"},
	{"rename to a collection", 1100, 0, `duplicated new collection name .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"rename to itself", 1100, 0, `collection name or database name should be different: invalid parameter`, executor.Refused, "2.6", ""},
	{"rename with aliases into another database", 65535, 0, `fail to rename db name, .*rename`, executor.Refused, "2.4", "2.5"},
	{"rename with aliases into another database", 1100, 0, `fail to rename db name, .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"a database twice", 65535, 0, `database already exist: \S+`, executor.Refused, "", "2.6.18"},
	{"a database twice", 1100, 0, `database already exist: \S+: invalid parameter`, executor.Refused, "2.6", ""},
	{"drop of a database in use", 65535, 0, `database:\S+ not empty, .*drop database`, executor.Refused, "", "2.6.18"},
	{"drop of a database in use", 1100, 0, `database:\S+ not empty, .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"load without an index", 65535, 0, `there is no vector index on field: .*firstly`, executor.Refused, "", "2.6.18"},
	{"load without an index", 1100, 0, `there is no vector index on field: .*: invalid parameter`, executor.Refused, "2.6", ""},
	{"a role or a group in use, or unknown", 65535, 0, `(can not operate the|not found the|fail to drop the role|privilege group|role \[).*`, executor.Refused, "2.4", "2.5"},
	{"a role or a group in use, or unknown", 1100, 0, `(can not operate the|not found the|failed to check if|the role|role \[).*: invalid parameter`, executor.Refused, "2.6", ""},
	{"no such alias", 1600, 0, `alias not found\[.*`, executor.Refused, "", ""},
	{"an alias of another collection", 1602, 0, `\S+ is alias to another collection: \S+: alias already exist\[.*`, executor.Refused, "", ""},
	{"not understood", 1801, 0, `can only accept json format request, .*`, executor.Refused, "", ""},
	{"a field is missing", 1802, 0, `(?s)missing required parameters, .*`, executor.Refused, "", ""},
	{"a limiter that is none", 1807, 0, `request is rejected by limiter, error: collection not found\[.*`, executor.Refused, "2.4", "2.4"},
	{"no token, or another", 1800, 401, `user hasn't authenticated`, executor.Fatal, "", ""},
	{"no privilege", 65535, 403, "rpc error: code = PermissionDenied desc = Privilege\\w+: permission deny to \\S+ in the `\\S+` database", executor.Refused, "", ""},
	{"too slow", 10001, 408, `request timeout`, executor.Unknown, "2.5", ""},
}

// releases are the recorded servers by the profile that they are.
var releases = []string{"2.4", "2.5", "2.6.18", "2.6", "3.0"}

func releaseOf(file string) string {
	switch name := filepath.Base(file); {
	case strings.HasPrefix(name, "2.6.18"):
		return "2.6.18"
	default:
		return name[:3]
	}
}

func (s *situation) on(release string) bool {
	i := slices.Index(releases, release)
	return (s.since == "" || i >= slices.Index(releases, s.since)) && (s.until == "" || i <= slices.Index(releases, s.until))
}

// Every recorded failure is one situation, with the class that it has: sent as
// the answer to a write and to a read.
func TestEveryRecordedFailureIsOneSituation(t *testing.T) {
	patterns := make([]*regexp.Regexp, len(situations))
	for i, s := range situations {
		patterns[i] = regexp.MustCompile("^(?:" + s.message + ")$")
	}
	seen := map[int]map[string]bool{}
	type asked struct {
		release string
		status  int
		body    string
	}
	done := map[asked]bool{}
	c := newClient(t, "http://127.0.0.1:1", nil)
	eachRecorded(t, func(file string, status int, response string) {
		var a failureOf
		if json.Unmarshal([]byte(response), &a) != nil || a.Code == 0 || a.Code == 200 || done[asked{releaseOf(file), status, response}] {
			return
		}
		done[asked{releaseOf(file), status, response}] = true
		found := -1
		for i, s := range situations {
			want := s.status
			if want == 0 {
				want = http.StatusOK
			}
			if s.code != a.Code || want != status || !s.on(releaseOf(file)) || !patterns[i].MatchString(a.Message) {
				continue
			}
			if found >= 0 {
				t.Errorf("%s: %s is %q and %q", file, response, situations[found].what, s.what)
			}
			found = i
		}
		if found < 0 {
			t.Errorf("%s: http %d, %s is no situation", file, status, response)
			return
		}
		if seen[found] == nil {
			seen[found] = map[string]bool{}
		}
		seen[found][releaseOf(file)] = true
		c.transport = &stranger{status: status, header: http.Header{"Content-Type": {jsonType}}, body: response}
		if err := c.AlterAlias(t.Context(), "", "t_a", "t_v2"); executor.ClassOf(err) != situations[found].class || IsForeign(err) {
			t.Errorf("%s: %s: class %v of a write, want %v", file, response, executor.ClassOf(err), situations[found].class)
		}
	})
	for i, s := range situations {
		if seen[i] == nil {
			t.Errorf("%q with code %d was not recorded", s.what, s.code)
		}
	}
	t.Logf("%d different failures", len(done))
}

type failureOf struct {
	Code    int
	Message string
}

// eachRecorded calls a function with every answer of every transcript.
func eachRecorded(t *testing.T, do func(file string, status int, response string)) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/transcripts/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := json.NewDecoder(f); ; {
			var line struct {
				Status   int
				Response string
			}
			if err := lines.Decode(&line); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(file, err)
			}
			do(file, line.Status, line.Response)
		}
		f.Close()
	}
}

// The same words mean the same under every code that servers gave them, or might.
func TestACodeIsNoMeaning(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", nil)
	for _, message := range []string{
		"unable to drop the collection [t_v1] because it has associated aliases [t_a], please remove all aliases before dropping the collection",
		"cannot drop the collection via alias = t_a", "collection name [t_a] conflicts with an existing alias, please choose a unique name",
	} {
		for _, code := range []int{65535, 1100, 1601} {
			body, _ := json.Marshal(map[string]any{"code": code, "message": message})
			c.transport = &stranger{status: 200, header: http.Header{}, body: string(body)}
			for route, write := range writes {
				if err := write(c, t.Context()); executor.ClassOf(err) != executor.Refused || IsNotFound(err) || IsDenied(err) {
					t.Errorf("%s, %s: class %v of %v", route, body, executor.ClassOf(err), err)
				}
			}
		}
	}
	// A call that got lost inside the server is unknown, whatever the code of the
	// unclassified is at the time.
	for _, message := range []string{
		"rpc error: code = Unavailable desc = transport is closing", "etcdserver: request timed out", "etcdserver: leader changed",
		"context deadline exceeded", "write tcp 10.0.0.1:1->10.0.0.2:2: write: broken pipe", "unexpected EOF",
	} {
		body, _ := json.Marshal(map[string]any{"code": 65535, "message": message})
		c.transport = &stranger{status: 200, header: http.Header{}, body: string(body)}
		if err := c.AlterAlias(t.Context(), "", "t_a", "t_v2"); executor.ClassOf(err) != executor.Unknown {
			t.Errorf("%s: class %v", body, executor.ClassOf(err))
		}
	}
}

// Words that nobody has recorded prove nothing about a write under the codes that moved
// and the one that stands for everything, and are asked once of a read.
func TestUnseenWordsLeaveAWriteUnknown(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", nil)
	for _, code := range []int{codeUnexpected, codeInvalid, CodeAliasIsCollection} {
		for _, message := range []string{
			"", "failed to expire the cache of proxy 7", "broadcast task 471 is not acknowledged: channel is closed", "etcdserver: mvcc: database space exceeded",
			"rocksmq: no space left on device", "stack underflow in ack callback", "attempt #0: something: attempt #1: something", "alias t_a: written, callback failed",
		} {
			body, _ := json.Marshal(map[string]any{"code": code, "message": message})
			for _, status := range []int{200, 400, 403, 500} {
				if status == 403 && code != codeUnexpected { // as a newer server may give them
					continue
				}
				fake := &stranger{status: status, header: http.Header{}, body: string(body)}
				c.transport = fake
				for route, write := range writes {
					c.v2Gone.Store(false)
					c.turnedOff.Clear()
					fake.sent = 0
					err := write(c, t.Context())
					var e *Error
					if executor.ClassOf(err) != executor.Unknown || fake.sent != 1 || !errors.As(err, &e) || !strings.Contains(e.Hint(), "does not know this message") {
						t.Errorf("%s, http %d, %s: class %v of %v after %d requests, hint %q", route, status, body, executor.ClassOf(err), err, fake.sent, e.Hint())
					}
				}
				fake.sent = 0
				if _, err := c.ListAliases(t.Context(), ""); executor.ClassOf(err) != executor.Refused || fake.sent != 1 {
					t.Errorf("http %d, %s: a read: class %v of %v after %d requests", status, body, executor.ClassOf(err), err, fake.sent)
				}
			}
		}
	}
}

// A code that nobody has seen proves nothing about a write, and is asked once of
// a read.
func TestAnUnseenCodeLeavesAWriteUnknown(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", nil)
	n := 0
	for code := 1; code <= 70000; code++ {
		if code == 200 || !unseen(code) { // 200 is a success
			continue
		}
		if code > 3000 && code%977 != 0 {
			continue
		}
		n++
		body, _ := json.Marshal(map[string]any{"code": code, "message": "unable to drop the collection: invalid parameter"})
		fake := &stranger{header: http.Header{}, body: string(body)}
		c.transport = fake
		for _, status := range []int{401, 403, 500, 200} {
			for route, write := range writes {
				c.v2Gone.Store(false)
				c.turnedOff.Clear()
				fake.sent, fake.status = 0, status
				if err := write(c, t.Context()); executor.ClassOf(err) != executor.Unknown || fake.sent != 1 {
					t.Fatalf("%s, http %d, %s: class %v of %v after %d requests", route, status, body, executor.ClassOf(err), err, fake.sent)
				}
			}
		}
		fake.sent = 0
		_, err := c.ListAliases(t.Context(), "")
		var e *Error
		if !errors.As(err, &e) || fake.sent != 1 || !e.Foreign() && !strings.Contains(e.Hint(), "newer aliasctl") {
			t.Fatalf("%s: a read: %v after %d requests, hint %q", body, err, fake.sent, e.Hint())
		}
	}
	t.Logf("%d codes", n)
}
