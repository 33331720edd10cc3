package milvus

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/executor"
)

func TestTLS(t *testing.T) {
	handler := answerWith(200, jsonType, `{"code":0,"data":[]}`)
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, ca, s.Certificate())

	list := func(uri string, change func(*Config)) (*Error, error) {
		c := newClient(t, uri, change)
		_, err := c.ListAliases(t.Context(), "")
		var e *Error
		errors.As(err, &e)
		return e, err
	}
	fatal := func(name, hint string, e *Error) {
		t.Helper()
		if e == nil || e.Class() != executor.Fatal || e.Attempts != 1 || !strings.Contains(e.Hint(), hint) {
			t.Errorf("%s: %v, hint %q", name, e, e.Hint())
		}
	}
	if _, err := list(s.URL, func(cfg *Config) { cfg.CAFile = ca }); err != nil {
		t.Errorf("trusted: %v", err)
	}
	if _, err := list(s.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true }); err != nil {
		t.Errorf("not verified: %v", err)
	}
	e, _ := list(s.URL, nil)
	fatal("unknown authority", "--ca-file", e)
	// The certificate is good for 127.0.0.1 and example.com, not for this name.
	e, _ = list(strings.Replace(s.URL, "127.0.0.1", "localhost", 1), func(cfg *Config) { cfg.CAFile = ca })
	fatal("wrong host", "host name", e)
	e, _ = list(strings.Replace(s.URL, "https", "http", 1), nil)
	fatal("http to https", "https://", e)

	plain, count := serve(t, handler)
	e, _ = list(strings.Replace(plain, "http", "https", 1), nil)
	fatal("https to http", "http://", e)
	if count.Load() != 0 {
		t.Error("https to http: a request arrived")
	}

	mutual := httptest.NewUnstartedServer(handler)
	mutual.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	mutual.Config.ErrorLog = quiet
	mutual.StartTLS()
	t.Cleanup(mutual.Close)
	e, _ = list(mutual.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true })
	fatal("client certificate", "--cert-file", e)

	old := httptest.NewUnstartedServer(handler)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = quiet
	old.StartTLS()
	t.Cleanup(old.Close)
	e, _ = list(old.URL, func(cfg *Config) { cfg.InsecureSkipVerify = true })
	fatal("TLS 1.1", "TLS", e)
}

// A port with TLS that REST shares with gRPC (Milvus' tlsMode 1 or 2) completes the
// handshake or not, and then cuts the connection or takes h2 alone.
func TestAPortOfGRPCAlone(t *testing.T) {
	cut := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	after := httptest.NewUnstartedServer(cut)
	h2 := httptest.NewUnstartedServer(cut)
	h2.TLS = &tls.Config{NextProtos: []string{"h2"}}
	for _, s := range []*httptest.Server{after, h2} {
		s.Config.ErrorLog = quiet
		s.StartTLS()
		t.Cleanup(s.Close)
	}
	before, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { before.Close() })
	go func() {
		for {
			c, err := before.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<10)) // its hello, so that the end is EOF
			c.Close()
		}
	}()
	for name, uri := range map[string]string{"after the handshake": after.URL, "h2 alone": h2.URL, "in the handshake": "https://" + before.Addr().String()} {
		c := newClient(t, uri, func(cfg *Config) { cfg.InsecureSkipVerify, cfg.Retries = true, 0 })
		_, err := c.ListAliases(t.Context(), "")
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), "proxy.http.port") {
			t.Errorf("%s: %v, hint %q", name, err, e.Hint())
		}
	}
}

func writePEM(t *testing.T, path string, cert *x509.Certificate) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
}
