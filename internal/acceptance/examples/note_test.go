package examples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// notes stands in for GitLab's API of the notes of merge request 12 of project 7, for
// one token: pages, its own user, and 403 for the notes of others.
type notes struct {
	mu   sync.Mutex
	list []note
	raw  bool // < and > as they are in JSON, as other servers of GitLab's API write them
}

type note struct {
	ID     int     `json:"id"`
	Type   *string `json:"type"`
	Body   string  `json:"body"`
	Author user    `json:"author"`
	System bool    `json:"system"`
}

type user struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
}

const (
	noteToken     = "glpat-of-the-project"
	notesOfTwelve = "/api/v4/projects/7/merge_requests/12/notes"
)

var (
	bot    = user{42, "project_7_bot"}
	person = user{4, "ada"}
)

func (n *notes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer := func(value any) {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(!n.raw)
		_ = encoder.Encode(value)
		_, _ = w.Write(bytes.TrimSpace(b.Bytes()))
	}
	_ = r.ParseForm()
	at, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, notesOfTwelve+"/"))
	switch {
	case r.Header.Get("PRIVATE-TOKEN") != noteToken: // CI_JOB_TOKEN comes as JOB-TOKEN and may only read
		http.Error(w, `{"message":"401 Unauthorized"}`, http.StatusUnauthorized)
	case r.Method == http.MethodGet && r.URL.Path == "/api/v4/user":
		answer(bot)
	case r.Method == http.MethodGet && r.URL.Path == notesOfTwelve && r.Form.Get("sort") == "asc":
		page, _ := strconv.Atoi(r.Form.Get("page"))
		size, _ := strconv.Atoi(r.Form.Get("per_page"))
		size = min(max(size, 1), 100)
		from := min(max(page-1, 0)*size, len(n.list))
		answer(n.list[from:min(from+size, len(n.list))])
	case r.Method == http.MethodPost && r.URL.Path == notesOfTwelve && r.Form.Get("body") != "":
		n.add(bot, r.Form.Get("body"))
		w.WriteHeader(http.StatusCreated)
		answer(n.list[len(n.list)-1])
	case r.Method == http.MethodPut && at > 0 && at <= len(n.list) && n.list[at-1].Author != bot:
		http.Error(w, `{"message":"403 Forbidden"}`, http.StatusForbidden)
	case r.Method == http.MethodPut && at > 0 && at <= len(n.list):
		n.list[at-1].Body = r.Form.Get("body")
		answer(n.list[at-1])
	default:
		http.Error(w, `{"message":"404 Not Found"}`, http.StatusNotFound)
	}
}

// add is a note by somebody. Its id is its place.
func (n *notes) add(by user, body string) {
	n.list = append(n.list, note{ID: len(n.list) + 1, Body: body, Author: by})
}

func (n *notes) bodies() (all []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.list {
		all = append(all, one.Author.Username+": "+one.Body)
	}
	return all
}

// noteJob runs examples/gitlab/note.sh by a shell. Its curl writes down the words that it
// was called with, which every process of the machine sees.
type noteJob struct {
	t       *testing.T
	dir     string
	shell   []string
	environ []string
}

func newNoteJob(t *testing.T, server string, shell ...string) *noteJob {
	t.Helper()
	curl, err := exec.LookPath("curl")
	if err != nil {
		missing(t, "curl", err)
	}
	d := &noteJob{t: t, dir: t.TempDir(), shell: shell}
	program.Must(t, os.Mkdir(filepath.Join(d.dir, "bin"), 0o755))
	program.Must(t, os.WriteFile(filepath.Join(d.dir, "bin", "curl"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >> '"+d.dir+"/calls'\nexec "+curl+" \"$@\"\n"), 0o755))
	d.environ = []string{"PATH=" + filepath.Join(d.dir, "bin") + ":" + os.Getenv("PATH"), "CI_API_V4_URL=" + server + "/api/v4", "CI_PROJECT_ID=7", "CI_MERGE_REQUEST_IID=12"}
	return d
}

// write writes a report as a note. It returns what was printed.
func (d *noteJob) write(token, report string) (printed string, ok bool) {
	d.t.Helper()
	program.Must(d.t, os.WriteFile(filepath.Join(d.dir, "note.md"), []byte(report), 0o644))
	script, err := filepath.Abs(filepath.Join("examples", "gitlab", "note.sh"))
	program.Must(d.t, err)
	command := exec.Command(d.shell[0], append(d.shell[1:], script, "note.md")...)
	command.Dir, command.Env = d.dir, append(program.Environment(d.environ...), "NOTE_TOKEN="+token)
	said, err := command.CombinedOutput()
	calls, _ := os.ReadFile(filepath.Join(d.dir, "calls"))
	if token != "" && bytes.Contains(append(said, calls...), []byte(token)) {
		d.t.Errorf("the token is shown:\n%s\n%s", said, calls)
	}
	return string(said), err == nil
}

// shells are those of this machine; a runner has one of them.
func shells() map[string][]string {
	found := map[string][]string{}
	for _, shell := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}} {
		if path, err := exec.LookPath(shell[0]); err == nil {
			found[shell[0]] = append([]string{path}, shell[1:]...)
		}
	}
	return found
}

// The script keeps one note of each marker, which is its own, whatever else a merge
// request holds.
func TestNoteOfAMergeRequest(t *testing.T) {
	t.Parallel()
	const marker = "<!-- aliasctl-report prod aliases.yaml%0Agitlab%3Aaliases -->"
	report := func(n int) string {
		return fmt.Sprintf("%s\n### aliasctl: %d changes\n\n| `a\"b` | {\"id\":1,\"body\":\"\\u003c {x} & ü 100%% + $HOME |\n", marker, n)
	}
	for name, shell := range shells() {
		pages := []int{101}
		if name == "dash" { // each run is a dozen processes
			pages = []int{0, 3, 100}
		}
		for i, before := range pages {
			holdNote(t, name, shell, &notes{raw: i%2 == 1, list: []note{}}, before, marker, report)
		}
	}
}

// holdNote writes three reports where there are other notes before.
func holdNote(t *testing.T, name string, shell []string, n *notes, before int, marker string, report func(int) string) {
	t.Helper()
	server := httptest.NewServer(n)
	defer server.Close()
	job := newNoteJob(t, server.URL, shell...)
	var want []string
	for i := range before { // none of them is the script's own note
		by, body := []user{person, bot, bot, person}[i%4], []string{
			report(i), "<!-- aliasctl-drift prod -->\n" + marker, `{"id":7,"body":"` + marker + `","author":{"id":42,"x":1}}, "author":`, "\\u003c!-- aliasctl-report prod"}[i%4]
		n.add(by, body)
		want = append(want, by.Username+": "+body)
	}
	for i := range 3 { // the first is new, the others take its place
		if printed, ok := job.write(noteToken, report(i)); !ok || printed != "" {
			t.Fatalf("%s: %s", name, printed)
		}
		n.mu.Lock()
		if len(n.list) == before+1 {
			n.add(person, "looks good") // and stays behind it
		}
		n.mu.Unlock()
		all := append(append([]string{}, want...), bot.Username+": "+report(i), person.Username+": looks good")
		if got := n.bodies(); strings.Join(got, "\x00") != strings.Join(all, "\x00") {
			t.Fatalf("%s, raw %v, %d notes before, report %d: %d notes\n%q", name, n.raw, before, i, len(got), got[min(before, len(got)):])
		}
	}
}

// What cannot be written is told, and nothing is written where there is nothing to.
func TestNoteThatIsNotWritten(t *testing.T) {
	t.Parallel()
	n := &notes{list: []note{}}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	for name, shell := range shells() {
		d := newNoteJob(t, server.URL, shell...)
		if printed, ok := d.write("", "x\n"); !ok || !strings.Contains(printed, "NOTE_TOKEN is not set") {
			t.Errorf("%s, no token: %v %s", name, ok, printed)
		}
		if printed, ok := d.write(noteToken, ""); !ok || printed != "" {
			t.Errorf("%s, no report: %v %s", name, ok, printed)
		}
		if printed, ok := d.write("glpat-of-another", "x\n"); ok || !strings.Contains(printed, "401") || !strings.Contains(printed, "GitLab does not take NOTE_TOKEN") {
			t.Errorf("%s, another token: %v %s", name, ok, printed)
		}
		d.environ = append(d.environ, "CI_MERGE_REQUEST_IID=13")
		if printed, ok := d.write(noteToken, "x\n"); ok || !strings.Contains(printed, "404") {
			t.Errorf("%s, no such merge request: %v %s", name, ok, printed)
		}
	}
	if got := n.bodies(); len(got) > 0 {
		t.Errorf("written: %q", got)
	}
}
