package milvus

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Redacted stands in place of a secret.
const Redacted = "***"

// shortestSecret is the length in bytes from which a text is taken for a
// secret of its own. A password of one to three characters would blank out
// half of every message, and thereby tell what it is; Milvus itself refuses
// passwords under six characters.
const shortestSecret = 4

// defaultPassword is that of `root` on every new Milvus, as published. It is
// no secret, and it is the name of the product: alone it stays readable. The
// whole token `root:Milvus` is redacted like any other.
const defaultPassword = "Milvus"

// Redactor removes a token from texts, in every form in which a server, a
// proxy or an error message may echo it: whole, the password alone (what
// follows the first colon), in base64 as in a Basic header, URL-encoded,
// HTML-escaped, and escaped as in JSON or a quoted Go string.
//
// A nil Redactor changes nothing. It is safe for concurrent use.
type Redactor struct {
	replacer *strings.Replacer
	inNames  []string // what In looks for, in names that stand one on a line
	echo     *echo    // what Foreign looks for besides
}

// NewRedactor returns the Redactor of a token: an API key or `user:password`.
// What is shorter than four bytes is not redacted alone, and neither is the
// published default password of root.
func NewRedactor(token string) *Redactor {
	secrets := forms(token)
	if _, password, ok := strings.Cut(token, ":"); ok && password != defaultPassword {
		secrets = append(secrets, forms(password)...)
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < shortestSecret })
	if len(secrets) == 0 {
		return nil
	}
	// The longest first: where two begin at the same place, the replacer takes
	// the one that comes first.
	slices.SortFunc(secrets, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs, inNames []string
	for _, s := range slices.Compact(secrets) {
		pairs = append(pairs, s, Redacted)
		if word().MatchString(s) {
			s = "\n" + s + "\n"
		}
		inNames = append(inNames, s)
	}
	secret := token
	if _, password, ok := strings.Cut(token, ":"); ok {
		secret = password
	}
	r := &Redactor{replacer: strings.NewReplacer(pairs...), inNames: append(inNames, formsInNames(secret)...)}
	if secret != defaultPassword {
		r.echo = newEcho(secret)
	}
	return r
}

// formsInNames are the other spellings of a secret that fit into names.
func formsInNames(secret string) []string {
	if len(secret) < echoed {
		return nil
	}
	reversed := []rune(secret)
	slices.Reverse(reversed)
	digits := hex.EncodeToString([]byte(secret))
	all := []string{string(reversed), digits, strings.ToUpper(digits)}
	for offset := range 3 {
		text := inner(base64.RawURLEncoding.EncodeToString(padded(secret, offset)), 6, offset, len(secret))
		all = append(all, text)
	}
	return all
}

// foreignWindow is how much of the text of a server Foreign looks at and returns.
const foreignWindow = 64 << 10

// Foreign is Redact for the text of a server, of which it takes away every part with
// eight characters of the token, or of its password, in a row, in whatever encoding.
// Of a long text it returns the beginning.
func (r *Redactor) Foreign(s string) string {
	if r == nil {
		return s
	}
	s = r.Redact(s)
	if len(s) > foreignWindow {
		s = strings.ToValidUTF8(s[:foreignWindow], "")
	}
	return r.echo.hide(s)
}

// Redact returns s without the token.
func (r *Redactor) Redact(s string) string {
	if r == nil {
		return s
	}
	return r.replacer.Replace(s)
}

// word is a secret that may be part of a name by chance: short, and with no
// character that a name cannot have.
var word = pattern(`^[A-Za-z0-9_]{1,15}$`)

// In reports whether one of some names is the token, or has it in itself: a server
// that gives it back. A short password may be part of a name that means
// something else (`search` in `search_items`); that is no reason to stop.
func (r *Redactor) In(names ...string) bool {
	if r == nil {
		return false
	}
	all := "\n" + strings.Join(names, "\n") + "\n" // no token goes over a line break
	return slices.ContainsFunc(r.inNames, func(secret string) bool { return strings.Contains(all, secret) })
}

// forms are the spellings of one secret.
func forms(secret string) []string {
	if len(secret) < shortestSecret {
		return nil
	}
	query, path := url.QueryEscape(secret), url.PathEscape(secret)
	raw := []byte(secret)
	return []string{
		secret,
		base64.StdEncoding.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw),
		query, lowerEscapes(query),
		path, lowerEscapes(path),
		html.EscapeString(secret),
		inJSON(secret, true),
		inJSON(secret, false),
		unquoted(strconv.Quote(secret)),
		unquoted(strconv.QuoteToASCII(secret)),
	}
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(s[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

func inJSON(s string, escapeHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(s); err != nil {
		return s // cannot happen: any string has a JSON form
	}
	return unquoted(strings.TrimSuffix(b.String(), "\n"))
}

func unquoted(s string) string { return s[1 : len(s)-1] }
