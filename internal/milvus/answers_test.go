package milvus

import (
	"io"
	"net"
	"net/http"
	"testing"
)

func TestAnswersTellsMilvusFromOthers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		milvus bool
		asked  int64
	}{
		"a list":             {200, `{"code":0,"data":[]}`, true, 1},
		"it wants a token":   {401, `{"code":1800,"message":"user hasn't authenticated"}`, true, 1},
		"it has no time":     {200, `{"code":1807,"message":"rate limit"}`, true, 1},
		"it says 403":        {403, `{"code":65535,"message":"PermissionDenied"}`, true, 1},
		"a gateway says 401": {401, "who are you?", true, 1},
		"a web page":         {200, "<html>", false, 1},
		"no such route":      {404, "404 page not found", false, 1},
		"a broken gateway":   {502, "<html>", false, 1 + DefaultRetries},
	} {
		t.Run(name, func(t *testing.T) {
			uri, count := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Authorization"); got != "" {
					t.Errorf("the token was sent: %q", got)
				}
				answerWith(c.status, jsonType, c.body)(w, r)
			})
			client := newClient(t, uri, func(cfg *Config) { cfg.Token = "root:hunter22" })
			if err := client.Answers(t.Context()); (err == nil) != c.milvus {
				t.Errorf("error %v", err)
			}
			if n := count.Load(); n != c.asked {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// What is doubted is asked as often as what is not: a server that starts, and an
// ingress that reloads, answer the second time.
func TestAnswersAsksAgain(t *testing.T) {
	uri, count := speak(t, func(conn net.Conn, n int64) bool {
		if n == 1 {
			reset(conn)
			return false
		}
		io.WriteString(conn, whole(`{"code":0,"data":[]}`))
		return true
	})
	if err := newClient(t, uri, nil).Answers(t.Context()); err != nil || count.Load() != 2 {
		t.Errorf("%v after %d requests", err, count.Load())
	}
}

func TestAnswersOfNobody(t *testing.T) {
	if err := newClient(t, "http://127.0.0.1:1", nil).Answers(t.Context()); err == nil {
		t.Error("no error where nobody listens")
	}
}
