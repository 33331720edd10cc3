package milvus

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// each writes every byte of s in a form.
func each(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func backward(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// encodings are the ways in which a server may write what it was sent.
var encodings = map[string]func(string) string{
	"plain":            func(s string) string { return s },
	"upper case":       strings.ToUpper,
	"lower case":       strings.ToLower,
	"backward":         backward,
	"hex":              func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":              func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex with colons":  func(s string) string { return each("%02x:", s) },
	"hex dump":         func(s string) string { return each("%02x ", s) },
	"base64":           func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64, raw":      func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"base64, URL":      func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 behind 1":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "y")) },
	"base64 behind 2":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("xy" + s)) },
	"base64 in lines":  func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte("user:"+s)), 8) },
	"base64, percent":  func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"base32":           func(s string) string { return base32.StdEncoding.EncodeToString([]byte("x" + s)) },
	"percent":          func(s string) string { return each("%%%02x", s) },
	"PERCENT":          func(s string) string { return each("%%%02X", s) },
	"percent twice":    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"percent u":        func(s string) string { return each("%%u00%02x", s) },
	"entities":         func(s string) string { return each("&#%d;", s) },
	"hex entities":     func(s string) string { return each("&#x%x;", s) },
	"entities, bare":   func(s string) string { return each("&#%d ", s) },
	"named entities":   html.EscapeString,
	"entities twice":   func(s string) string { return html.EscapeString(each("&#%d;", s)) },
	"JSON":             func(s string) string { return each(`\u%04x`, s) },
	"JSON twice":       func(s string) string { return each(`\\u%04x`, s) },
	"Go":               func(s string) string { return each(`\x%02x`, s) },
	"octal":            func(s string) string { return each(`\%03o`, s) },
	"braces":           func(s string) string { return each(`\u{%x}`, s) },
	"quoted-printable": func(s string) string { return each("=%02X", s) },
	"blanks":           func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"zero width":       func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
	"dashes":           func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"lines":            func(s string) string { return wrapped(s, 5) },
	"full width": func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '!' && r <= '~' {
				return r - '!' + '！'
			}
			return r
		}, s)
	},
	"cut at the end":       func(s string) string { return s[:len(s)-1] },
	"cut at the beginning": func(s string) string { return s[1:] },
	"the middle":           func(s string) string { return s[len(s)-10 : len(s)-1] },
}

func wrapped(s string, width int) string {
	var parts []string
	for ; len(s) > width; s = s[width:] {
		parts = append(parts, s[:width])
	}
	return strings.Join(append(parts, s), "\n")
}

// leaks says in which encoding a text still holds eight characters of a secret, ""
// for none.
func leaks(text, secret string) string {
	for i := 0; i+echoed <= len(secret); i++ {
		part := secret[i : i+echoed]
		for name, encode := range encodings {
			if strings.HasPrefix(name, "cut") || name == "the middle" || strings.HasPrefix(name, "base") {
				continue
			}
			if strings.Contains(text, strings.TrimRight(encode(part), " :")) {
				return name
			}
		}
	}
	return ""
}

var echoTokens = []string{"root:S3cr3t/Pa+ss&w<ord", "reader:plainpassword", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "db_admin:Zm9v-YmFy_baz=="}

// Every encoding in every place at which the text of a server reaches people.
func TestNoEncodingOfTheTokenIsShown(t *testing.T) {
	for _, token := range echoTokens {
		_, password, found := strings.Cut(token, ":")
		if !found {
			password = token
		}
		r := NewRedactor(token)
		for name, encode := range encodings {
			for _, sent := range []string{token, password, "Bearer " + token, "user:" + token} {
				for _, around := range []string{"%s", "you sent %s", "<title>%s</title>", `{"token":"%s"}`, "a%sb", "http://x/%s/y"} {
					text := fmt.Sprintf(strings.ReplaceAll(around, "%s", "%[1]s"), encode(sent))
					shown := excerpt(r, []byte(text), maxMessage)
					if !strings.Contains(shown, Redacted) || leaks(shown, password) != "" {
						t.Errorf("%s of %q in %q: %q", name, sent, around, shown)
					}
				}
				location := newRedirectError(r, "http://127.0.0.1:9/"+url.PathEscape(encode(sent))+"?t="+url.QueryEscape(encode(sent)))
				if got := leaks(location.Error(), password); got != "" {
					t.Errorf("%s of %q in a Location: %s", name, sent, location)
				}
			}
		}
	}
}

// What servers say is left as it is.
func TestEchoLeavesMessages(t *testing.T) {
	for _, token := range echoTokens {
		r := NewRedactor(token)
		for _, text := range []string{
			"collection not found[database=default][collection=products_v42]",
			"can't find collection: products&amp;more 100% done, see C:\\temp\\x",
			"rate limit exceeded[rate=0], trace 4bf92f3577b34da6a3ce929d0e0e4736",
			"索引 überprüfen %zz &bogus; \\q",
		} {
			if got := r.Foreign(text); got != text {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

func FuzzForeign(f *testing.F) {
	const password = "S3cr3t/Pa+ss&w<ord"
	for _, encode := range encodings {
		f.Add("you sent " + encode(password))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			t.Skip()
		}
		r := NewRedactor("root:" + password)
		shown := r.Foreign(text)
		if !utf8.ValidString(shown) && utf8.ValidString(text) {
			t.Fatalf("%q became %q", text, shown)
		}
		for i := 0; i+echoed <= len(password); i++ {
			if strings.Contains(shown, password[i:i+echoed]) {
				t.Fatalf("%q is shown as %q", text, shown)
			}
		}
		embedded := excerpt(r, []byte(text+password+text), maxMessage)
		if leak := leaks(embedded, password); leak != "" && leaks(text, password) == "" {
			t.Fatalf("%q is shown as %q: %s", text, embedded, leak)
		}
	})
}
