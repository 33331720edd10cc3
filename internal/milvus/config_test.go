package milvus

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	noCert := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(noCert, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const ok = "http://127.0.0.1:19530"
	tests := []struct {
		name  string
		cfg   Config
		field string
		want  string // part of the message
	}{
		{"no uri", Config{}, "uri", "not given"},
		{"credentials", Config{URI: "https://root:hunter22@db.example:19530"}, "uri", "credentials"},
		{"only a user", Config{URI: "https://root@db.example"}, "uri", "credentials"},
		{"credentials that do not parse", Config{URI: "https://root:hunter22%zz@db.example"}, "uri", "credentials"},
		{"credentials with a slash", Config{URI: "https://root:hunter22/@db.example"}, "uri", "valid address"},
		{"credentials, no scheme", Config{URI: "root:hunter22@db.example:19530"}, "uri", "no http"},
		{"no scheme", Config{URI: "localhost:19530"}, "uri", `"localhost:19530" has no scheme`},
		{"a misspelt seed", Config{URI: "embeded:cluster.yaml"}, "uri", `"embeded:cluster.yaml" has no scheme`},
		{"scheme", Config{URI: "grpc://db.example:19530"}, "uri", `"grpc"`},
		{"no host", Config{URI: "http://:19530"}, "uri", "no host"},
		{"no host at all", Config{URI: "http:///x"}, "uri", "no host"},
		{"query", Config{URI: ok + "?db=x"}, "uri", "query"},
		{"empty query", Config{URI: ok + "?"}, "uri", "query"},
		{"fragment", Config{URI: ok + "#x"}, "uri", "fragment"},
		{"empty fragment", Config{URI: ok + "/#"}, "uri", "fragment"},
		{"port", Config{URI: "http://db.example:70000"}, "uri", `"70000"`},
		{"port of letters", Config{URI: "http://db.example:http"}, "uri", "valid address"},
		{"escape", Config{URI: "http://db.example/%zz"}, "uri", "valid address"},

		{"token with a line break", Config{URI: ok, Token: "root:hunter22\n"}, "token", "line break"},
		{"token with a control character", Config{URI: ok, Token: "root:hun\x00ter22"}, "token", "control"},
		{"token that is a header", Config{URI: ok, Token: "Bearer root:hunter22"}, "token", "Bearer"},
		{"token that is binary", Config{URI: ok, Token: "\xff\xfehunter22"}, "token", "UTF-8"},
		{"token of a megabyte", Config{URI: ok, Token: strings.Repeat("hunter22", 1<<17)}, "token", "longer"},

		{"negative timeout", Config{URI: ok, Timeout: -1}, "timeout", "negative"},
		{"negative retries", Config{URI: ok, Retries: -1}, "retries", "negative"},
		{"negative parallel", Config{URI: ok, Parallel: -1}, "parallel", "negative"},
		{"request timeout that harms others", Config{URI: ok, RequestTimeout: 29 * time.Second}, "request-timeout", "other client"},
		{"request timeout of half seconds", Config{URI: ok, RequestTimeout: 30*time.Second + time.Millisecond}, "request-timeout", "whole"},
		{"collection api", Config{URI: ok, CollectionAPI: "v3"}, "collection-api", `"v3"`},

		{"ca file missing", Config{URI: ok, CAFile: filepath.Join(dir, "nope.pem")}, "ca-file", "nope.pem"},
		{"ca file without certificate", Config{URI: ok, CAFile: noCert}, "ca-file", "no certificate"},
		{"cert without key", Config{URI: ok, CertFile: noCert}, "key-file", "without its key"},
		{"key without cert", Config{URI: ok, KeyFile: noCert}, "cert-file", "without its certificate"},
		{"cert that is none", Config{URI: ok, CertFile: noCert, KeyFile: noCert}, "cert-file", "cannot be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg)
			var conf *ConfigError
			if !errors.As(err, &conf) {
				t.Fatalf("New: %v, want a *ConfigError", err)
			}
			if conf.Field != tt.field || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q of field %q, want %q of %q", err, conf.Field, tt.want, tt.field)
			}
			if strings.Contains(err.Error()+conf.Hint(), "hunter22") {
				t.Errorf("the error shows the password: %q, hint %q", err, conf.Hint())
			}
		})
	}
}

func TestURIInNormalForm(t *testing.T) {
	tests := map[string]string{
		"http://localhost:19530":         "http://localhost:19530",
		"HTTPS://DB.Example:443/":        "https://db.example:443",
		"https://db.example/milvus//":    "https://db.example/milvus",
		"https://db.example/a%2Fb/":      "https://db.example/a%2Fb",
		"http://[::1]:19530/":            "http://[::1]:19530",
		"https://db.example/team@milvus": "https://db.example/team@milvus",
	}
	for in, want := range tests {
		c, err := New(Config{URI: in})
		if err != nil {
			t.Errorf("New(%q): %v", in, err)
			continue
		}
		if c.URI() != want {
			t.Errorf("URI of %q is %q, want %q", in, c.URI(), want)
		}
	}
}

func TestTokenOverPlainHTTPIsWarnedAbout(t *testing.T) {
	tests := []struct {
		uri, token string
		warns      bool
	}{
		{"http://db.example:19530", "root:hunter22", true},
		{"http://10.0.0.7:19530", "root:hunter22", true},
		{"http://localhost.example:19530", "root:hunter22", true},
		{"http://db.example:19530", "", false},
		{"https://db.example:19530", "root:hunter22", false},
		{"http://localhost:19530", "root:hunter22", false},
		{"http://127.0.0.9:19530", "root:hunter22", false},
		{"http://[::1]:19530", "root:hunter22", false},
	}
	for _, tt := range tests {
		var said []string
		_, err := New(Config{URI: tt.uri, Token: tt.token, Warn: func(s string) { said = append(said, s) }})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(said) > 0; got != tt.warns {
			t.Errorf("%s, token %q: warned %v, want %v", tt.uri, tt.token, got, tt.warns)
		}
		if all := strings.Join(said, " "); strings.Contains(all, "hunter22") {
			t.Errorf("the warning shows the password: %s", all)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(Config{URI: "http://127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	got := c.cfg
	got.Warn = nil
	want := Config{
		URI: "http://127.0.0.1", Timeout: 40 * time.Second, MaxNames: DefaultMaxNames,
		CollectionAPI: CollectionAuto, UserAgent: "aliasctl",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What has no scheme is an address, or a seed of the embedded cluster.
func TestTheHintOfAnAddressWithoutAScheme(t *testing.T) {
	for uri, want := range map[string]string{
		"localhost:19530": `write "http://localhost:19530" or`, "milvus.example/path": `write "http://milvus.example/path"`,
		"localhost:19530/path": `"http://localhost:19530/path"`, "embeded:cluster.yaml": "embedded:FILE", "embeded:examples/a.yaml": "embedded:FILE",
	} {
		_, err := New(Config{URI: uri})
		bad, ok := errors.AsType[*ConfigError](err)
		if !ok || !strings.Contains(bad.Help, want) {
			t.Errorf("%s: %v, hint %q", uri, err, bad.Help)
		}
	}
}
