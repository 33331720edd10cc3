package emulator

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// FuzzCalls sends arbitrary bodies to every route. Law: the answer is JSON with
// a code that is a number, and what the cluster has become survives a save.
func FuzzCalls(f *testing.F) {
	for _, line := range transcript(f, V26.Release+"-more") {
		f.Add(line.Path, line.Body)
	}
	for _, line := range transcript(f, V26.Release) {
		f.Add(line.Path, line.Body)
	}
	f.Add("/v2/vectordb/entities/insert", `{"collectionName":"products","data":[{"id":1,"vector":[1e308,0,0,0,0,0,0,0]}]}`)
	f.Add("/v2/vectordb/entities/delete", `{"collectionName":"products","filter":"id in [1, \"\\q\"] or a >= 'b'"}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		e := pair(t, V26)
		must(t, e.MakeZombie(DefaultDatabase, "ghost", "gone"))
		if e.route("POST", path) == nil {
			return
		}
		for range 2 { // the second time on what the first has done
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
			var answer struct{ Code *int }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Code == nil {
				t.Fatalf("%s %q: %q, %v", path, body, w.Body, err)
			}
		}
		saved := e.catalog.encode("")
		again := newCatalog(&V26, 0, new(atomic.Uint64))
		if _, err := again.decode(saved); err != nil {
			t.Fatal(err)
		}
		if second := again.encode(""); string(second) != string(saved) {
			t.Fatalf("%s %q: saved as\n%s\nloaded as\n%s", path, body, saved, second)
		}
	})
}

// FuzzSeed reads arbitrary seeds. Law: all problems are a SeedError, or the
// cluster can be made and survives a save.
func FuzzSeed(f *testing.F) {
	f.Add(blueGreen)
	f.Add("databases: {default: {collections: [a, {name: b, rows: 1, loaded: false}], dangling: {x: y}}, d: }")
	f.Add("databases: &a {default: {collections: &c [*c], aliases: *a}}")
	f.Fuzz(func(t *testing.T, content string) {
		s, err := parseSeed("S", []byte(content))
		var bad *SeedError
		if errors.As(err, &bad) {
			return
		}
		must(t, err)
		c := newCatalog(&V26, 0, new(atomic.Uint64))
		s.fill(c)
		if _, err := newCatalog(&V26, 0, new(atomic.Uint64)).decode(c.encode("")); err != nil {
			t.Fatal(err)
		}
	})
}
