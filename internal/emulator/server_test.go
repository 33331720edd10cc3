package emulator

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServerSaysWhenItCannotListen(t *testing.T) {
	first, err := Start(New(V26), "127.0.0.1:0", ServerOptions{})
	must(t, err)
	defer first.Close()
	taken := strings.TrimPrefix(first.URL(), "http://")
	if _, err := Start(New(V26), taken, ServerOptions{}); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("got %v", err)
	}
}

func TestServerClosesDespiteAClientThatHangs(t *testing.T) {
	arrived := make(chan bool, 1)
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- true
		<-r.Context().Done()
	})
	server, err := Start(hang, "127.0.0.1:0", ServerOptions{})
	must(t, err)
	gone := make(chan error, 1)
	go func() {
		response, err := http.Post(server.URL(), "", strings.NewReader("{}"))
		if err == nil {
			response.Body.Close()
		}
		gone <- err
	}()
	<-arrived
	must(t, server.Close())
	if <-gone == nil {
		t.Error("the client that hangs has an answer")
	}
	must(t, server.Wait())
}

func TestServerSpeaksTLS(t *testing.T) {
	donor := httptest.NewTLSServer(nil) // for its certificate
	defer donor.Close()
	server, err := Start(New(V26), "127.0.0.1:0", ServerOptions{TLS: &tls.Config{Certificates: donor.TLS.Certificates}})
	must(t, err)
	defer server.Close()
	response, err := donor.Client().Post(server.URL()+"/v2/vectordb/aliases/list", "", strings.NewReader(`{}`))
	must(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
}

// A gRPC client is told to use HTTP/1.1, and its connection ends without a
// reset; REST clients do not notice.
func TestServerSendsGRPCAway(t *testing.T) {
	clients := make(chan string, 10)
	server, err := Start(New(V26), "127.0.0.1:0", ServerOptions{OnHTTP2: func(client string) { clients <- client }})
	must(t, err)
	defer server.Close()
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
	must(t, err)
	defer connection.Close()
	// The preface, settings, and some of what a client sends without waiting.
	_, err = io.WriteString(connection, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"+strings.Repeat("\x00", 1<<16))
	must(t, err)
	must(t, connection.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(connection)
	if err != nil || !strings.HasPrefix(string(answer), "\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00") ||
		!strings.Contains(string(answer), "\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d") || !strings.HasSuffix(string(answer), "no gRPC") {
		t.Errorf("got %q, %v", answer, err)
	}
	if client := <-clients; client != connection.LocalAddr().String() {
		t.Errorf("told of %s", client)
	}
	if got := post(t, server.URL(), "aliases/list", "{}"); got != `{"code":0,"data":[]}` {
		t.Error(got)
	}
}
