package emulator

import (
	"crypto/tls"
	"io"
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
