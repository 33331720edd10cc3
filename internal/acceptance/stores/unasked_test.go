package stores

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit/stateserver"
	"aliasctl/internal/testkit/weather"
)

// A broken proxy may send more than it was asked for. net/http logs the beginning
// of it, which may be part of a state: no byte of it is printed.
func TestWhatAStoreSendsUnaskedIsNotPrinted(t *testing.T) {
	const part = "part-of-a-state"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	program.Must(t, err)
	defer listener.Close()
	sent := make(chan struct{}, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					fmt.Fprintf(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n%s", part)
					sent <- struct{}{}
				}
			}()
		}
	}()
	location := fmt.Sprintf("http://%s/prod.json?insecure=true", listener.Addr())
	ended, err := program.NewChild(t.TempDir(), "aliasctl", "state", "show", "--state", location).Whole()
	program.Must(t, err)
	if len(sent) == 0 || ended.Code == 0 || strings.Contains(ended.Stdout+ended.Stderr, part) || strings.Contains(ended.Stderr, "idle HTTP channel") {
		t.Errorf("asked %d times: %s", len(sent), ended)
	}
}

// A server of Terraform's protocol shows its lock only to whoever asks for it. What only
// reads does not, while no apply is at work: a deploy job would meet it.
func TestWhatOnlyReadsAsksForNoLock(t *testing.T) {
	server := weather.Forward(strings.TrimPrefix((&stateserver.Server{}).Start(t), "http://"))
	var locks atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "LOCK" {
			locks.Add(1)
		}
		server.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	location := proxy.URL + "/prod.json?insecure=true"
	c := newStandingCluster(t)
	if code, stdout, stderr := run(t, nil, "sync", "--apply", "-f", c.manifest, "--uri", c.URL, "--state", location); code != 0 || locks.Load() == 0 {
		t.Fatalf("the apply: exit %d, %d locks: %s%s", code, locks.Load(), stdout, stderr)
	}
	for _, line := range [][]string{{"sync", "-f", c.manifest, "--uri", c.URL}, {"drift", "--uri", c.URL}, {"state", "show"}, {"history"}} {
		locks.Store(0)
		if code, stdout, stderr := run(t, nil, append(line, "--state", location)...); code != 0 || locks.Load() != 0 {
			t.Errorf("%q: exit %d, %d locks: %s%s", line, code, locks.Load(), stdout, stderr)
		}
	}
}
