package emulator

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
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
	e := New(V26)
	arrived := make(chan Request, 1)
	e.AddHook(Hook{Do: func(r Request) { arrived <- r }})
	e.AddFault(Fault{Kind: Hang})
	server, err := Start(e, "127.0.0.1:0", ServerOptions{})
	must(t, err)
	gone := make(chan answer, 1)
	go func() { gone <- call(server.URL(), "aliases/list", `{}`, time.Minute) }()
	<-arrived
	must(t, server.Close())
	if a := <-gone; a.err == nil {
		t.Errorf("got %+v", a)
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
