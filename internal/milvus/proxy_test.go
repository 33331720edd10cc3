package milvus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// net/http reads the proxy's variables once in a process, so the calls through
// a proxy are made by this test binary, started anew.
const proxyTarget = "ALIASCTL_TEST_PROXY_TARGET"

func TestMain(m *testing.M) {
	if uri := os.Getenv(proxyTarget); uri != "" {
		c, err := New(Config{URI: uri, Token: "root:hunter22", InsecureSkipVerify: true})
		if err == nil {
			_, err = c.ListAliases(context.Background(), "")
		}
		var e *Error
		if errors.As(err, &e) {
			fmt.Printf("%v\nclass %d, %s\n", err, e.Class(), e.Hint())
			os.Exit(0)
		}
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// through calls uri in a process with the proxy's variable set.
func through(t *testing.T, proxy, uri string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasSuffix(strings.ToUpper(name), "_PROXY") && !strings.HasPrefix(name, "REQUEST_METHOD") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, proxyTarget+"="+uri, "HTTPS_PROXY="+proxy, "HTTP_PROXY="+proxy)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestProxy(t *testing.T) {
	server := httptest.NewTLSServer(answerWith(200, jsonType, `{"code":0,"data":[]}`))
	t.Cleanup(server.Close)
	var (
		mu     sync.Mutex
		seen   []string
		status = http.StatusOK
	)
	// next takes what the proxy saw, and says how it answers from now on.
	next := func(answer int) string {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(seen, "; ")
		seen, status = nil, answer
		return all
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Method+" "+r.Host+" "+r.Header.Get("Authorization"))
		answer := status
		mu.Unlock()
		if answer != http.StatusOK {
			w.WriteHeader(answer)
			return
		}
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer far.Close()
		io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(far, near)
		io.Copy(near, far)
	}))
	t.Cleanup(proxy.Close)

	// The name resolves nowhere: only the proxy can have reached the server.
	if out := through(t, proxy.URL, "https://milvus.invalid:19530"); strings.TrimSpace(out) != "<nil>" {
		t.Errorf("through the proxy: %s", out)
	}
	if got := next(http.StatusOK); got != "CONNECT milvus.invalid:19530 " {
		t.Errorf("the proxy saw %q", got)
	}
	if out := through(t, proxy.URL, server.URL); strings.TrimSpace(out) != "<nil>" {
		t.Errorf("loopback: %s", out)
	}
	if got := next(http.StatusProxyAuthRequired); got != "" {
		t.Errorf("loopback: the proxy saw %q", got)
	}
	if out := through(t, proxy.URL, "https://milvus.invalid:19530"); !strings.Contains(out, "asks for credentials") || !strings.Contains(out, "class 3") {
		t.Errorf("407: %s", out)
	}
	next(http.StatusBadGateway)
	if out := through(t, proxy.URL, "https://milvus.invalid:19530"); !strings.Contains(out, "did not connect: http 502") || !strings.Contains(out, "class 2") {
		t.Errorf("502: %s", out)
	}
	if out := through(t, "http://me:hunter33@proxy.invalid:3128", "https://milvus.invalid:19530"); !strings.Contains(out, "class 3, check HTTPS_PROXY") || strings.Contains(out, "hunter33") {
		t.Errorf("unknown proxy: %s", out)
	}
	// The variable that is named is the one that was used.
	if out := through(t, "http://me:hunter33@proxy.invalid:3128", "http://milvus.invalid:19530"); !strings.Contains(out, "check HTTP_PROXY, or") || strings.Contains(out, "hunter33") {
		t.Errorf("unknown proxy, plain http: %s", out)
	}
	if out := through(t, "me:hunter33@proxy:3128:x", "http://milvus.invalid:19530"); !strings.Contains(out, "the proxy of HTTP_PROXY cannot be used") || !strings.Contains(out, "check HTTP_PROXY, or") {
		t.Errorf("broken variable, plain http: %s", out)
	}
	for _, broken := range []string{"me:hunter33@proxy:3128:x", "me:hunter33%zz@proxy"} {
		if out := through(t, broken, "https://milvus.invalid:19530"); !strings.Contains(out, "not a valid address") || !strings.Contains(out, "class 3") || strings.Contains(out, "hunter33") {
			t.Errorf("broken variable %q: %s", broken, out)
		}
	}
}
