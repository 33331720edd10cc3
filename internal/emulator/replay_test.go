package emulator

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is one line of a transcript: a request to a real server and what
// it answered.
type recorded struct {
	N           int               `json:"n"`
	Section     string            `json:"section"`
	Title       string            `json:"title"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Header      map[string]string `json:"header"`
	Body        string            `json:"body"`
	Status      int               `json:"status"`
	ContentType string            `json:"content_type"`
	Response    string            `json:"response"`
}

func transcript(t *testing.T, name string) []recorded {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "testdata", "transcripts", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var lines []recorded
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line recorded
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// replay sends the recorded request and returns the line as url answers it.
func (r recorded) replay(client *http.Client, url, token string) (recorded, error) {
	request, err := http.NewRequest(r.Method, url+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return r, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range r.Header {
		if request.Header.Del(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r.Status, r.ContentType, r.Response = response.StatusCode, response.Header.Get("Content-Type"), string(body)
	return r, err
}

// The parts of an answer that no two servers give alike.
var (
	bigNumber     = regexp.MustCompile(`\b\d{15,}\b`)
	bracketedList = regexp.MustCompile(`aliases \[([^\]]*)\]`)
	loading       = regexp.MustCompile(`LoadStateLoad(ing|ed)`)
)

// comparable is the answer of a line in a form in which equal means the same:
// ids, timestamps, the order of lists and the progress of a load are taken out.
func (r recorded) comparable() map[string]any {
	text := bigNumber.ReplaceAllString(r.Response, "1")
	text = loading.ReplaceAllString(text, "LoadStateLoaded")
	var body any = text
	var parsed any
	if json.Unmarshal([]byte(text), &parsed) == nil {
		body = normal("", parsed)
	}
	return map[string]any{"status": r.Status, "type": r.ContentType, "body": body}
}

func normal(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = normal(key, inner)
		}
	case []any:
		for i := range value {
			value[i] = normal("", value[i])
		}
		slices.SortFunc(value, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		})
	case string:
		return bracketedList.ReplaceAllStringFunc(value, func(list string) string {
			letters := []byte(list) // names with blanks: compare as a bag of bytes
			slices.Sort(letters)
			return string(letters)
		})
	case float64:
		if key == "loadProgress" {
			return "some"
		}
	}
	return value
}

func (r recorded) diff(got recorded) string { return cmp.Diff(r.comparable(), got.comparable()) }

// TestReplayEqualsRealServers sends every recorded request to an emulator of
// the version and wants the answer of the real server.
func TestReplayEqualsRealServers(t *testing.T) {
	for _, profile := range Profiles() {
		for _, part := range []string{"", "-auth", "-more", "-rbac"} {
			name := profile.Release + part
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e, token := New(profile), ""
				if part == "-auth" || part == "-rbac" {
					token = "root:Milvus"
					e.RequireToken(token)
				}
				url := serve(t, e)
				lines := transcript(t, name)
				for _, want := range lines {
					got, err := want.replay(noRedirects, url, token)
					if err != nil {
						t.Fatalf("line %d: %v", want.N, err)
					}
					if diff := want.diff(got); diff != "" {
						t.Errorf("line %d, %s, %s: %s %s (-real +emulated)\n%s", want.N, want.Section, want.Title, want.Path, want.Body, diff)
					}
				}
				t.Logf("%d requests", len(lines))
			})
		}
	}
}

var noRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server, err := Start(h, "127.0.0.1:0", ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server.URL()
}
