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

func transcript(t testing.TB, name string) []recorded {
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
		if key == "privileges" { // a list in one string
			list := strings.Split(value, ",")
			slices.Sort(list)
			return strings.Join(list, ",")
		}
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

// recordings are the servers of testdata/transcripts and the profiles that play
// them.
func recordings() map[string]Profile {
	// The development version of 3.0 of 2026-08-07 differs from that of 08-23 in
	// one line: it quotes a wrong vector in its own words.
	master := V30
	master.shape.rawVectors, master.shape.nestedVectors = false, true
	all := map[string]Profile{"3.0-master": master}
	for _, p := range Profiles() {
		if p.Release != "" {
			all[p.Release] = p
		}
	}
	return all
}

// TestReplayEqualsRealServers sends every recorded request to an emulator of
// the version and wants the answer of the real server.
func TestReplayEqualsRealServers(t *testing.T) {
	for release, profile := range recordings() {
		for _, part := range []string{"", "-auth", "-more", "-rbac"} {
			name := release + part
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

// post calls a v2 route and returns the body of the answer.
func post(t testing.TB, url, route, body string) string {
	t.Helper()
	response, err := http.Post(url+"/v2/vectordb/"+route, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestReplayCanFail changes recorded answers and wants the comparison to see
// it, and to overlook only what no two servers give alike.
func TestReplayCanFail(t *testing.T) {
	list := recorded{Status: 200, ContentType: jsonType, Response: `{"code":0,"data":["a","b"]}`}
	refusal := recorded{Status: 200, ContentType: jsonType,
		Response: `{"code":65535,"message":"unable to drop the collection [c] because it has associated aliases [a b], please"}`}
	object := recorded{Status: 200, ContentType: jsonType,
		Response: `{"code":0,"data":{"collectionID":470624968101594097,"load":"LoadStateLoading","loadProgress":0},"message":""}`}
	late := recorded{Status: 200, ContentType: jsonType,
		Response: `{"code":100,"message":"timestamp = 470624968101594097: collection not found[database=1][collection=x]"}`}
	plain := recorded{Status: 408, ContentType: plainType, Response: "timeout"}

	for _, c := range []struct {
		name     string
		line     recorded
		old, new string
		same     bool
	}{
		{"order of a list", list, `["a","b"]`, `["b","a"]`, true},
		{"another name", list, `"b"`, `"c"`, false},
		{"a name too many", list, `"b"`, `"b","c"`, false},
		{"another code", list, `0`, `200`, false},
		{"a code as text", list, `0`, `"0"`, false},
		{"null for a list", list, `["a","b"]`, `null`, false},
		{"a message too many", list, `"data"`, `"message":"","data"`, false},
		{"order within a message", refusal, `[a b]`, `[b a]`, true},
		{"another name within a message", refusal, `[a b]`, `[a d]`, false},
		{"another word of a message", refusal, `unable`, `not able`, false},
		{"another id", object, `470624968101594097`, `470624968101594098`, true},
		{"an id as text", object, `470624968101594097`, `"470624968101594097"`, false},
		{"progress of a load", object, `0}`, `100}`, true},
		{"state of a load", object, `Loading`, `Loaded`, true},
		{"not loaded", object, `LoadStateLoading`, `LoadStateNotLoad`, false},
		{"a key less", object, `,"loadProgress":0`, ``, false},
		{"another timestamp", late, `470624968101594097`, `480624968101594097`, true},
		{"another database id", late, `database=1`, `database=2`, false},
		{"another plain text", plain, `timeout`, `request timeout`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.line
			got.Response = strings.Replace(got.Response, c.old, c.new, 1)
			if got.Response == c.line.Response {
				t.Fatal("nothing was changed")
			}
			if diff := c.line.diff(got); (diff == "") != c.same {
				t.Errorf("same: %v, want %v\n%s", diff == "", c.same, diff)
			}
		})
	}
	for name, change := range map[string]func(*recorded){
		"status":       func(r *recorded) { r.Status = 500 },
		"content type": func(r *recorded) { r.ContentType = plainType },
	} {
		got := list
		change(&got)
		if list.diff(got) == "" {
			t.Errorf("another %s is not seen", name)
		}
	}
}
