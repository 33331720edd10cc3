package secrets

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
)

// gossip is a server in front of another one that repeats the token of each
// request wherever an answer has room for it.
type gossip struct {
	http.Handler
	mu    sync.Mutex
	how   int // the form of its answers; -1 answers rightly
	at    int // the request that it begins with
	count int
}

const gossips = 8

// begin begins to count requests anew.
func (g *gossip) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count = 0
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.count++
	how, due := g.how, g.count >= g.at
	g.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	_, password, _ := strings.Cut(token, ":")
	basic := base64.StdEncoding.EncodeToString([]byte(token))
	if !due || how < 0 {
		w.Header().Set("X-Milvus-Trace-Id", token)
		w.Header().Set("Set-Cookie", "session="+url.QueryEscape(token))
		g.Handler.ServeHTTP(w, r)
		return
	}
	w.Header().Set("X-Milvus-Trace-Id", token+" "+basic)
	w.Header().Set("Content-Type", "application/json")
	switch how {
	case 0: // an error of Milvus
		fmt.Fprintf(w, `{"code":65535,"message":%q}`, "user "+token+" with password "+password)
	case 1: // denied
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"code":65535,"message":%q}`, "PrivilegeCreateAlias: permission deny to "+token+" in `default`")
	case 2: // not accepted
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"code":1800,"message":%q}`, "cannot authenticate Basic "+basic)
	case 3: // a redirect
		w.Header().Set("Location", "https://"+url.QueryEscape(token)+"@login.invalid/"+url.PathEscape(token)+"?token="+url.QueryEscape(token)+"&b="+basic)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case 4: // a page
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "<html>Authorization: Bearer %s; Basic %s; %s</html>", token, basic, url.QueryEscape(token))
	case 5: // a page with success
		fmt.Fprintf(w, "<html>%s %s</html>", strings.Repeat(" ", 150), token)
	case 6: // no HTTP
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			fmt.Fprintf(conn, "%s %s\r\n\r\n", token, basic)
			conn.Close()
		}
	case 7: // a collection that is called so
		name := password
		if name == "" {
			name = token
		}
		g.rename(w, r, "products_v1", name)
	}
}

// rename answers as if a collection had another name.
func (g *gossip) rename(w http.ResponseWriter, r *http.Request, from, to string) {
	was, is := inJSON(from), inJSON(to)
	asked, _ := io.ReadAll(r.Body)
	asked = bytes.ReplaceAll(asked, was, inJSON("nothing")) // by its right name it is not there
	r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(asked, is, was)))
	answer := httptest.NewRecorder()
	g.Handler.ServeHTTP(answer, r)
	w.WriteHeader(answer.Code)
	w.Write(bytes.ReplaceAll(answer.Body.Bytes(), was, is))
}
