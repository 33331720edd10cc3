package stores

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
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
