package s3_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/state"
	"aliasctl/internal/state/s3"
	"aliasctl/internal/testkit/gateway"
	"aliasctl/internal/testkit/weather"
)

// STORES=all go test ./internal/state/s3 -run Recorded -record
var record = flag.Bool("record", false, "keep what the servers that STORES=all starts answer")

// recording is what one server has answered, situation by situation.
type recording struct {
	Server     string              `json:"server"`
	Version    string              `json:"version"`
	Date       string              `json:"date"`
	Situations map[string][]answer `json:"situations"`
}

type answer struct {
	Method string            `json:"method"`
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// kept are the headers that decide anything.
var kept = []string{"Content-Type", "ETag", "Last-Modified", "Server", "X-Amz-Bucket-Region", "X-Amz-Delete-Marker", "X-Amz-Meta-Aliasctl-Write"}

// recorded are the servers that few machines can start.
var recorded = []struct {
	file, version string
	server        gateway.Server
}{
	{"minio", "v0.0.0-20260212201848", gateway.MinIO},
	{"seaweedfs", "4.53", gateway.SeaweedFS},
	{"radosgw", "16.2.15", gateway.Radosgw},
	{"swift", "2.30.1", gateway.Swift},
}

const versions = "versions" // a bucket that keeps them

// situation is one call of a store, and what has to come of it.
type situation struct {
	name   string
	bucket string // "" for the usual one
	user   string // "" for that of the server
	secret string // "" for that of the server
	region string // "" for that of the server
	late   bool   // the request is dated an hour ago
	there  bool   // the object is there before, with the body "1\n"
	gone   bool   // and is deleted
	do     func(t *testing.T, s *s3.Store, name string) (string, error)
	want   string            // of what outcome returns
	but    map[string]string // by server
}

const (
	one   = "b026324c6904b2a9cb4b88d6d61c81d1" // the ETag of "1\n"
	other = "26ab0db90d72e28ad0ba1e22ee510510"
)

func reads(t *testing.T, s *s3.Store, name string) (string, error) {
	there, err := s.Read(t.Context(), name, 1<<20)
	switch {
	case there.Deleted:
		return "deleted", err
	case there.Revision == "":
		return "absent", err
	}
	return "there: " + string(there.Body), err
}

func creates(t *testing.T, s *s3.Store, name string) (string, error) {
	_, err := s.Create(t.Context(), name, []byte("2\n"), "mark")
	return "won", err
}

func replaces(etag string) func(t *testing.T, s *s3.Store, name string) (string, error) {
	return func(t *testing.T, s *s3.Store, name string) (string, error) {
		_, err := s.Replace(t.Context(), name, etag, []byte("2\n"), "mark")
		return "won", err
	}
}

// asks puts the questions of the proof, which find the form of ETags too.
func asks(t *testing.T, s *s3.Store, name string) (string, error) {
	_, err := s.Ask(t.Context(), name+".lock", "")
	return "it may hold a state", err
}

// unknown is what Swift makes of every condition.
const unknown = "final: the store answers 501 NotImplemented"

var situations = []situation{
	{name: "missing key", do: reads, want: "absent"},
	{name: "missing bucket", bucket: "staets", do: reads, want: "final: the store answers 404 NoSuchBucket: The specified bucket does not exist"},
	{name: "there", there: true, do: reads, want: "there: 1\n"},
	{name: "wrong secret", secret: "wrong", do: reads, want: "AWS_SECRET_ACCESS_KEY"},
	{name: "wrong user", user: "nobody", do: reads, want: "AWS_ACCESS_KEY_ID"},
	{name: "wrong region", region: "eu-west-7", do: reads, want: "absent", but: map[string]string{"swift": "set region="}}, // the others take any,
	{name: "an hour late", late: true, do: reads, want: "set the clock of this machine"},
	{name: "create", do: creates, want: "won", but: map[string]string{"swift": unknown}},
	{name: "create what is there", there: true, do: creates, want: "refused: ", but: map[string]string{"swift": unknown}},
	{name: "replace", there: true, do: replaces(one), want: "won", but: map[string]string{"swift": unknown,
		"radosgw": "refused: "}}, // with the quotes of the first form that is tried
	{name: "replace another version", there: true, do: replaces(other), want: "refused: ", but: map[string]string{"swift": unknown}},
	{name: "replace what is gone", do: replaces(one), want: "refused: ", but: map[string]string{"swift": unknown}},
	{name: "deleted, with versions", bucket: versions, there: true, gone: true, do: reads, want: "deleted", but: map[string]string{"radosgw": "absent"}},
	{name: "create what was deleted, with versions", bucket: versions, there: true, gone: true, do: creates, want: "won"},
	{name: "may it hold a state", do: asks, want: "it may hold a state", but: map[string]string{"swift": "cannot share state"}},
	{name: "may it hold a state, with versions", bucket: versions, do: asks, want: "it may hold a state", but: map[string]string{
		"radosgw": "it ignores If-None-Match"}},
}

// Each server has answered each of these situations, and each answer means the same to a
// store as when it was recorded. STORES=all asks the servers themselves.
func TestRecordedAnswers(t *testing.T) {
	for _, r := range recorded {
		t.Run(r.file, func(t *testing.T) {
			path := filepath.Join("testdata", "answers", r.file+".json")
			known := recording{Server: r.file, Version: r.version, Date: time.Now().UTC().Format(time.DateOnly), Situations: map[string][]answer{}}
			if os.Getenv("STORES") != "all" {
				text, err := os.ReadFile(path)
				if err == nil {
					err = json.Unmarshal(text, &known)
				}
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range situationsOf(r.file) {
					server := &replay{t: t, what: s.name, answers: known.Situations[s.name]}
					s.meets(t, r.file, r.server, server)
					if len(server.answers) > 0 {
						t.Errorf("%s: %d answers are left", s.name, len(server.answers))
					}
				}
				return
			}
			address := r.server.Start(t)
			client, err := r.server.Client(address)
			if err == nil {
				err = client.MakeBucket(t.Context(), versions, minio.MakeBucketOptions{})
			}
			if err == nil && r.file != "swift" {
				err = client.EnableVersioning(t.Context(), versions)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range situationsOf(r.file) {
				if err := s.prepare(t, client); err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				proxy := &recorder{server: weather.Forward(address), late: s.late}
				s.meets(t, r.file, r.server, proxy)
				known.Situations[s.name] = proxy.answers
			}
			if !*record {
				return
			}
			var text bytes.Buffer
			lines := json.NewEncoder(&text)
			lines.SetEscapeHTML(false)
			lines.SetIndent("", " ")
			if err := errors.Join(lines.Encode(known), os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text.Bytes(), 0o644)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// situationsOf leaves out what Swift's API has not.
func situationsOf(file string) (all []situation) {
	for _, s := range situations {
		if file != "swift" || s.bucket != versions {
			all = append(all, s)
		}
	}
	return all
}

func (s situation) key() string {
	return strings.NewReplacer(" ", "-", ",", "").Replace(s.name) + ".json"
}

func (s situation) in() string {
	if s.bucket == "" {
		return gateway.Bucket
	}
	return s.bucket
}

func (s situation) prepare(t *testing.T, client *minio.Client) error {
	if !s.there {
		return nil
	}
	_, err := client.PutObject(t.Context(), s.in(), s.key(), strings.NewReader("1\n"), 2, minio.PutObjectOptions{DisableContentSha256: true})
	if err == nil && s.gone {
		err = client.RemoveObject(t.Context(), s.in(), s.key(), minio.RemoveObjectOptions{})
	}
	return err
}

// meets makes the call and compares what comes of it.
func (s situation) meets(t *testing.T, file string, server gateway.Server, handler http.Handler) {
	t.Helper()
	user, secret := server.Credentials()
	if s.user != "" {
		user = s.user
	}
	if s.secret != "" {
		secret = s.secret
	}
	t.Setenv("AWS_ACCESS_KEY_ID", user)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	proxy := httptest.NewServer(handler)
	defer proxy.Close()
	location := strings.Replace(gateway.Location(proxy.Listener.Addr().String(), s.key()), "/"+gateway.Bucket+"/", "/"+s.in()+"/", 1)
	if s.region != "" {
		location = strings.Replace(location, "region="+gateway.Region, "region="+s.region, 1)
	}
	store, name, _, err := s3.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	want, otherwise := s.but[file]
	if !otherwise {
		want = s.want
	}
	done, err := s.do(t, store, name)
	got := outcome(done, err)
	t.Logf("%s: %s", s.name, got)
	if !strings.Contains(got, want) {
		t.Errorf("%s: %s, want %s", s.name, got, want)
	}
}

// outcome is what a store makes of an answer: its class, its words and its hint.
func outcome(done string, err error) string {
	if err == nil {
		return done
	}
	var store *state.StoreError
	if !errors.As(err, &store) {
		return err.Error()
	}
	class := map[state.Class]string{state.Final: "final", state.Refused: "refused", state.Busy: "busy", state.Doubtful: "doubtful"}[store.Class]
	return fmt.Sprintf("%s: %v | %s", class, store, store.Hint())
}

// recorder passes requests on and keeps the answers.
type recorder struct {
	server  http.Handler
	late    bool
	mu      sync.Mutex
	answers []answer
}

func (p *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.late {
		r.Header.Set("X-Amz-Date", time.Now().UTC().Add(-time.Hour).Format("20060102T150405Z"))
	}
	got := httptest.NewRecorder()
	p.server.ServeHTTP(got, r)
	a := answer{Method: r.Method, Status: got.Code, Header: map[string]string{}, Body: got.Body.String()}
	for _, name := range kept {
		if value := got.Header().Get(name); value != "" {
			a.Header[name] = value
		}
	}
	p.mu.Lock()
	p.answers = append(p.answers, a)
	p.mu.Unlock()
	a.write(w)
}

// replay answers as was recorded.
type replay struct {
	t       *testing.T
	what    string
	mu      sync.Mutex
	answers []answer
}

func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	if len(p.answers) == 0 || p.answers[0].Method != r.Method {
		p.t.Errorf("%s: no answer to %s was recorded", p.what, r.Method)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	p.answers[0].write(w)
	p.answers = p.answers[1:]
}

func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}
