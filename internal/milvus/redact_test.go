package milvus

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedact(t *testing.T) {
	const token = `root:p<a"s/s+w&o:rd é`
	const password = `p<a"s/s+w&o:rd é`
	r := NewRedactor(token)
	quoted, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	echoes := map[string]string{
		"whole":                      token,
		"the password alone":         password,
		"a header":                   "Authorization: Bearer " + token,
		"basic":                      "Basic " + base64.StdEncoding.EncodeToString([]byte(token)),
		"base64 for URLs, unpadded":  base64.RawURLEncoding.EncodeToString([]byte(token)),
		"base64 of the password":     base64.StdEncoding.EncodeToString([]byte(password)),
		"a query":                    "https://x/?token=" + url.QueryEscape(token),
		"a query, lower case":        strings.ToLower(url.QueryEscape(token)),
		"a path":                     "https://x/" + url.PathEscape(password) + "/y",
		"JSON":                       string(quoted),
		"a quoted string":            fmt.Sprintf("%q", token),
		"a quoted string in ASCII":   fmt.Sprintf("%+q", token),
		"HTML":                       "<b>p&lt;a&#34;s/s+w&amp;o:rd é</b>",
		"twice, without a separator": token + token,
	}
	for name, echo := range echoes {
		got := r.Redact(echo)
		if !strings.Contains(got, Redacted) {
			t.Errorf("%s: nothing was redacted in %q", name, echo)
		}
		for _, part := range []string{"s/s", "w&o", "s%2Fs", "s%2fs", "rd é", "rd \\u00e9"} {
			if strings.Contains(got, part) {
				t.Errorf("%s: %q still shows %q", name, got, part)
			}
		}
	}
	if got := r.Redact("root is not secret"); got != "root is not secret" {
		t.Errorf("the user name was redacted: %q", got)
	}
}

func TestRedactLeavesShortAndPublishedWords(t *testing.T) {
	tests := []struct{ token, in, want string }{
		{"root:pw", "the word pw in root:pw", "the word pw in ***"},
		{"root:", "root has no password", "root has no password"},
		{"abc", "abc is too short", "abc is too short"},
		{"", "anything", "anything"},
		{"root:Milvus", "Milvus says: bad root:Milvus, cm9vdDpNaWx2dXM=", "Milvus says: bad ***, ***"},
		{"key-123456", "bad key-123456", "bad ***"},
	}
	for _, tt := range tests {
		if got := NewRedactor(tt.token).Redact(tt.in); got != tt.want {
			t.Errorf("token %q: %q became %q, want %q", tt.token, tt.in, got, tt.want)
		}
	}
}

// Whatever surrounds it, the password is not in what comes out.
func TestRedactProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[!-~]{6,20}`).Draw(t, "password")
		if strings.Contains(Redacted, password) || strings.Contains(password, Redacted) {
			t.Skip()
		}
		text := rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "before") + password + rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "after")
		if got := NewRedactor("root:" + password).Redact(text); strings.Contains(got, password) && password != defaultPassword {
			t.Fatalf("%q is still in %q", password, got)
		}
	})
}

// A server that gives the token back is refused; a name that shares a short
// word with it is a name.
func TestNamesWithTheToken(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	for _, test := range []struct {
		token, name string
		in          bool
	}{
		{"reader:search", "search_items", false},
		{"reader:search", "search", true},
		{"reader:search", "reader:search", true},
		{"root:Milvus", "Milvus", false},
		{key, "items_" + key, true},
		{key, "items_0123", false},
	} {
		if got := NewRedactor(test.token).In("products_v1", test.name, "products_v2"); got != test.in {
			t.Errorf("%q in %q: %v", test.token, test.name, got)
		}
	}
}
