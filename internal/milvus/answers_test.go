package milvus

import (
	"net/http"
	"testing"
)

func TestAnswersTellsMilvusFromOthers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		milvus bool
	}{
		"a list":             {200, `{"code":0,"data":[]}`, true},
		"it wants a token":   {401, `{"code":1800,"message":"user hasn't authenticated"}`, true},
		"it has no time":     {200, `{"code":1807,"message":"rate limit"}`, true},
		"it says 403":        {403, `{"code":65535,"message":"PermissionDenied"}`, true},
		"a gateway says 401": {401, "who are you?", true},
		"a web page":         {200, "<html>", false},
		"no such route":      {404, "404 page not found", false},
		"a broken gateway":   {502, "<html>", false},
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
			if n := count.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestAnswersOfNobody(t *testing.T) {
	if err := newClient(t, "http://127.0.0.1:1", nil).Answers(t.Context()); err == nil {
		t.Error("no error where nobody listens")
	}
}
