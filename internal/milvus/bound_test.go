package milvus

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"aliasctl/executor"
)

// allocated is how many bytes do allocates.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A list with more names than it may have is refused, and costs no more than its bytes.
func TestNamesAreBounded(t *testing.T) {
	const most = 1000
	names := func(n int) string { return `["t_a"` + strings.Repeat(`,"t_b"`, n-1) + `]` }
	for _, tt := range []struct {
		name, body string
		refused    int // the names that were met, 0 for an answer that is taken
	}{
		{"as many as may be", `{"code":0,"data":` + names(most) + `}`, 0},
		{"one more", `{"code":0,"data":` + names(most+1) + `}`, most + 1},
		{"many", `{"code":0,"data":` + names(1_000_000) + `,"message":""}`, 1_000_000},
		{"commas elsewhere", `{"code":0,"more":"` + strings.Repeat(",", 2*most) + `","data":` + names(5) + `}`, 0},
		{"commas in names", `{"code":0,"data":["` + strings.Repeat(",", 2*most) + `"]}`, 0},
		{"commas in a name with a quote", `{"code":0,"data":["\"` + strings.Repeat(",", 2*most) + `"]}`, 0},
		{"the longer one last", `{"code":0,"data":` + names(5) + `,"data":` + names(2*most) + `}`, 2 * most},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uri, count := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tt.body) })
			c := newClient(t, uri, func(cfg *Config) { cfg.MaxNames = most })
			var err error
			cost := allocated(func() { _, err = c.ListAliases(t.Context(), "") })
			var many *NamesError
			switch {
			case tt.refused == 0 && err != nil:
				t.Error(err)
			case tt.refused == 0:
			case !errors.As(err, &many) || many.Found != tt.refused || many.Most != most:
				t.Errorf("error %v", err)
			case !strings.Contains(err.(*Error).Hint(), "--max-names") || executor.ClassOf(err) != executor.Refused || count.Load() != 1:
				t.Errorf("hint %q after %d requests", err.(*Error).Hint(), count.Load())
			}
			// A buffer that doubles, and what the test's own server needs.
			if limit := uint64(6*len(tt.body) + 1<<20); cost > limit {
				t.Errorf("%d bytes allocated for %d, more than %d", cost, len(tt.body), limit)
			}
		})
	}
}

// More names may take more bytes; other answers may not.
func TestMoreNamesMayTakeMoreBytes(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.MaxNames = 10_000_000 })
	if got := c.bodyBound(call{route: aliasesList, names: true}); got != 640_000_000 {
		t.Errorf("lists: %d", got)
	}
	if got := c.bodyBound(call{route: collectionsDescribe}); got != maxBody {
		t.Errorf("others: %d", got)
	}
	uri, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "99999999999") })
	_, err := newClient(t, uri, nil).ListAliases(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "larger than 64 MiB: it has 95367 MiB") || !strings.Contains(err.(*Error).Hint(), "--max-names") {
		t.Errorf("error %v", err)
	}
}
