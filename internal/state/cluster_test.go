package state_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

func TestClusterURI(t *testing.T) {
	for uri, want := range map[string]string{
		"http://localhost:19530":                 "http://localhost:19530",
		"HTTPS://In03-ABC.Zillizcloud.com:443/":  "https://in03-abc.zillizcloud.com",
		"http://milvus:80/v2/vectordb":           "http://milvus/v2/vectordb",
		"http://h/milvus/prod/":                  "http://h/milvus/prod",
		"http://h//milvus/./x/../prod":           "http://h/milvus/prod",
		"http://h/%2e%2E/a/%7euser/b%2fc/%C3%A9": "http://h/a/~user/b%2Fc/%C3%A9",
		"http://h/Milvus":                        "http://h/Milvus",
		"http://h/a;b/c%3Bd":                     "http://h/a;b/c%3Bd",
		"http://h/../..":                         "http://h",
		"https://milvus:80":                      "https://milvus:80",
		"http://root:Milvus@milvus:19530/?t=1#f": "http://milvus:19530",
		"http://[::1]:19530":                     "http://[::1]:19530",
		"http://[FE80::1]":                       "http://[fe80::1]",
		"embedded:":                              "embedded:",
	} {
		if got, err := statefile.ClusterURI(uri, "s.json"); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", uri, got, err, want)
		}
	}
	for _, uri := range []string{"", "localhost:19530", "http://", "http://root:sec ret@milvus:1%zz", "milvus", "http:sec ret@h"} {
		if got, err := statefile.ClusterURI(uri, "s.json"); err == nil || strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: got %q, %v", uri, got, err)
		}
	}
}

func TestAnEmbeddedClusterIsNamedFromTheState(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"states", "seeds/deep"} {
		if err := os.MkdirAll(dir+"/"+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("seeds/deep", dir+"/short"); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir + "/seeds")
	for _, tt := range []struct{ seed, state, want string }{
		{"cluster.yaml", "s.json", "embedded:cluster.yaml"},
		{"./cluster.yaml", dir + "/seeds/s.json", "embedded:cluster.yaml"},
		{"deep/cluster.yaml", "../states/s.json", "embedded:../seeds/deep/cluster.yaml"},
		{dir + "/short/cluster.yaml", "../states/s.json", "embedded:../seeds/deep/cluster.yaml"},
		{"../missing/cluster.yaml", "s.json", "embedded:../missing/cluster.yaml"},
	} {
		if got, err := statefile.ClusterURI("embedded:"+tt.seed, tt.state); got != tt.want || err != nil {
			t.Errorf("seed %s, state %s: got %q, %v, want %q", tt.seed, tt.state, got, err, tt.want)
		}
	}
}

// What is recorded is recorded the same again, and a state can hold it.
func TestARecordedURIIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uri := rapid.StringMatching(`(http|HTTPS|tcp)://([a-z]:[A-Z0-9]{1,3}@)?([A-Za-z0-9.\-]{1,9}|\[[0-9A-F]:{2}[0-9A-F]\])(:(80|443|[0-9]{1,5}))?(/[a-zA-Z/.%2F~;é]{0,9})?(\?[a-z]=[a-z])?`).Draw(t, "uri")
		once, err := statefile.ClusterURI(uri, "")
		if err != nil {
			t.Skip(err)
		}
		if twice, err := statefile.ClusterURI(once, ""); twice != once || err != nil {
			t.Fatalf("%s, then %s, %v", once, twice, err)
		}
		if why, differs := statefile.Differs(planner.Cluster{URI: uri}, planner.Cluster{URI: once}); differs {
			t.Fatal(why)
		}
		s := sample()
		s.Cluster.URI = once
		encoded(silent{}, s)
	})
}

// silent lets the helpers of tests run inside a property: they panic instead.
type silent struct{ testing.TB }

func (silent) Helper()           {}
func (silent) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestDiffers(t *testing.T) {
	c := func(uri, label string) planner.Cluster { return planner.Cluster{URI: uri, Label: label} }
	for _, tt := range []struct {
		name          string
		recorded, now planner.Cluster
		why           string // "" for the same cluster
	}{
		{"same", c("http://a:1", "prod"), c("http://a:1", "prod"), ""},
		{"written otherwise", c("https://a:443", ""), c("HTTPS://A/", ""), ""},
		{"host", c("http://a:1", ""), c("http://b:1", ""), `the state belongs to "http://a:1", this run talks to "http://b:1"`},
		{"port", c("http://a", ""), c("http://a:81", ""), `the state belongs to "http://a", this run talks to "http://a:81"`},
		{"scheme", c("http://a:1", ""), c("https://a:1", ""), `the state belongs to "http://a:1", this run talks to "https://a:1"`},
		{"path", c("http://h/milvus/prod", ""), c("http://h/milvus/staging", ""), `the state belongs to "http://h/milvus/prod", this run talks to "http://h/milvus/staging"`},
		{"path and root", c("http://h/milvus", ""), c("http://h", ""), `the state belongs to "http://h/milvus", this run talks to "http://h"`},
		{"root and path", c("http://h", ""), c("http://h/milvus", ""), `the state belongs to "http://h", this run talks to "http://h/milvus"`},
		{"case of a path", c("http://h/A", ""), c("http://h/a", ""), `the state belongs to "http://h/A", this run talks to "http://h/a"`},
		{"path written otherwise", c("http://h/a/~b", ""), c("HTTP://H:80//a/x/../%7Eb/", ""), ""},
		{"recorded before paths were", planner.Cluster{URI: "http://h", AnyPath: true}, c("http://h/milvus", ""), ""},
		{"the same on another host", planner.Cluster{URI: "http://h", AnyPath: true}, c("http://i/milvus", ""), `the state belongs to "http://h", this run talks to "http://i/milvus"`},
		{"embedded", c("embedded:a.yaml", ""), c("embedded:b.yaml", ""), `the state belongs to "embedded:a.yaml", this run talks to "embedded:b.yaml"`},
		{"embedded and not", c("embedded:a.yaml", ""), c("http://a:1", ""), `the state belongs to "embedded:a.yaml", this run talks to "http://a:1"`},
		{"label", c("http://a:1", "prod"), c("http://a:1", "stage"), `the state belongs to cluster "prod", the manifest says "stage"`},
		{"label added", c("http://a:1", ""), c("http://a:1", "prod"), ""},
		{"label taken away", c("http://a:1", "prod"), c("http://a:1", ""), `the state belongs to cluster "prod", the manifest has no cluster field`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if why, differs := statefile.Differs(tt.recorded, tt.now); why != tt.why || differs != (tt.why != "") {
				t.Errorf("got %q, %v, want %q", why, differs, tt.why)
			}
		})
	}
}

// A state of a version that recorded no path says so, however often it is saved
// again; one that belongs to the root of its host says that.
func TestAStateRemembersThePath(t *testing.T) {
	for recorded, want := range map[string]planner.Cluster{
		"http://h:1":        {URI: "http://h:1", AnyPath: true},
		"http://h:1/":       {URI: "http://h:1"},
		"http://h:1/milvus": {URI: "http://h:1/milvus"},
		"embedded:a.yaml":   {URI: "embedded:a.yaml"},
	} {
		text := strings.Replace(sampleText, "http://milvus:19530/", recorded, 1)
		s := decoded(t, text)
		want.Label = s.Cluster.Label
		if s.Cluster != want {
			t.Errorf("%s is read as %+v, want %+v", recorded, s.Cluster, want)
		}
		if got := encoded(t, s); got != text {
			t.Errorf("%s is written as\n%s", recorded, got)
		}
	}
}

func TestProbes(t *testing.T) {
	// Each binding is ALIAS=COLLECTION:ID.
	for list, want := range map[string]string{
		"":                                  "",
		"a=x:":                              "",
		"a=x:1":                             "a",
		"a=x:1 b=x:1 c=x:1":                 "a",
		"a=x:1 b=y:2":                       "a b",
		"a=x:1 b=y:2 c=z:3 d=v:4 e=w:5":     "a c e",
		"a=x: b=x: c=x: d=v: e=w:5":         "e",
		"a=x:1 b=x:1 c=x:1 d=x:1 e=x:1 f=y": "a",
		"a=x:1 b=x:1 c=x:1 d=y:2 e=x:1":     "a d",
	} {
		var s planner.State
		for _, word := range strings.Fields(list) {
			alias, rest, _ := strings.Cut(word, "=")
			collection, id, _ := strings.Cut(rest, ":")
			s.Bindings = append(s.Bindings, planner.Binding{Database: "default", Alias: alias, Collection: collection, CollectionID: id})
		}
		var got []string
		for _, p := range statefile.Probes(s) {
			got = append(got, p.Alias)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of %q: got %v, want %q", list, got, want)
		}
	}
}
