package milvus

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"aliasctl/executor"
)

func TestRedirectIsNotFollowed(t *testing.T) {
	other, visits := serve(t, answerWith(200, jsonType, `{"code":0,"data":{}}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		uri, count := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", strings.Replace(other, "http://", "http://user:secret77@", 1)+"/login?token=root:hunter22")
			w.WriteHeader(status)
		})
		c := newClient(t, uri, func(cfg *Config) { cfg.Token = "root:hunter22" })
		err := c.AlterAlias(t.Context(), "", "t_a", "t_v2")
		var to *RedirectError
		if !errors.As(err, &to) || to.Location != other+"/login" || executor.ClassOf(err) != executor.Unknown || count.Load() != 1 {
			t.Errorf("%d: class %v, error %v", status, executor.ClassOf(err), err)
		}
		if _, _, err := c.AliasTarget(t.Context(), "", "t_a"); executor.ClassOf(err) != executor.Fatal || count.Load() != 2 {
			t.Errorf("%d: a read: class %v, error %v", status, executor.ClassOf(err), err)
		}
		if strings.Contains(err.Error(), "secret77") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%d: the error shows credentials: %v", status, err)
		}
	}
	if visits.Load() != 0 {
		t.Errorf("the other host was visited %d times", visits.Load())
	}
}

func TestTokenIsSentAndNeverShown(t *testing.T) {
	const token = "root:hunter22/+x"
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("Authorization: %q", got)
		}
		w.Header().Set("X-Milvus-Trace-Id", token)
		status := 200
		if r.URL.Path == aliasesDrop {
			status = 502
		}
		if r.URL.Path == aliasesAlter {
			w.Header().Set("Location", "http://127.0.0.1:1/"+token)
			status = 307
		}
		answerWith(status, "text/html", `{"code":65535,"message":"bad `+token+` hunter22/+x cm9vdDpodW50ZXIyMi8reA== root%3Ahunter22%2F%2Bx"}`)(w, r)
	})
	c := newClient(t, uri, func(cfg *Config) { cfg.Token = token })
	ctx := t.Context()
	for _, err := range []error{
		c.CreateAlias(ctx, "", "t_a", "t_b"),
		c.AlterAlias(ctx, "", "t_a", "t_b"),
		c.DropAlias(ctx, "", "t_a"),
		c.DropAlias(ctx, "", "hunter22/+x"),
	} {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%v", err)
		}
		for _, secret := range []string{"hunter22", "cm9vdDpodW50ZXIyMi8reA"} {
			if text := err.Error() + e.Message + e.TraceID + e.Hint(); strings.Contains(text, secret) {
				t.Errorf("%s shows %q: %s", e.Call, secret, text)
			}
		}
	}
	// Text of net/http that quotes the server.
	broken, _ := speak(t, func(conn net.Conn, _ int64) bool {
		io.WriteString(conn, "you-are-"+token+"\r\n\r\n")
		return false
	})
	c = newClient(t, broken, func(cfg *Config) { cfg.Token = token })
	if err := c.DropAlias(ctx, "", "t_a"); err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), Redacted) {
		t.Errorf("%v", err)
	}
}

// A cause whose text held the token can still be asked for what it is.
func TestRedactedCause(t *testing.T) {
	err := redactError(NewRedactor("root:hunter22"), &net.OpError{Op: "dial", Err: fmt.Errorf("hunter22: %w", syscall.ECONNREFUSED)})
	var op *net.OpError
	if strings.Contains(err.Error(), "hunter22") || !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
		t.Errorf("%v", err)
	}
}

// An excerpt is cut after the token is taken out: no part of it remains.
func TestExcerptOfAnEchoedToken(t *testing.T) {
	token := "root:" + strings.Repeat("hunter22", 10)
	for before := range 300 {
		body := strings.Repeat("x", before) + token + strings.Repeat(token, 50)
		if got := excerpt(NewRedactor(token), []byte(body), maxExcerpt); strings.Contains(got, "hunter") || strings.Contains(got, "root:") {
			t.Fatalf("after %d bytes: %q", before, got)
		}
	}
	longest := strings.Repeat("<", longestToken) // six bytes each in JSON
	r := NewRedactor(longest)
	body := strings.Repeat(inJSON(longest, true), 100)
	if got := excerpt(r, []byte(body), maxExcerpt); strings.Contains(got, "003") {
		t.Errorf("%q", got)
	}
}
