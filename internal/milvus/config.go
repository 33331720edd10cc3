package milvus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"aliasctl/internal/input"
)

// The defaults of a Config, for the flags that set it.
const (
	DefaultTimeout  = 40 * time.Second // the server's own limit is 30 s
	DefaultRetries  = 4
	DefaultMaxNames = 1_000_000 // of 64 bytes each they fill the largest answer
	defaultAgent    = "aliasctl"
)

// minRequestTimeout is the least value of the header Request-Timeout that is
// sent. On 2.3.13 to 2.5.9 the value of one client stays in force for all
// later calls on that route, by anybody (milvus-rest section 6); below the
// server's default it would take working calls away from others.
const minRequestTimeout = 30 * time.Second

// longestToken bounds a token. Servers refuse longer headers, and the excerpt
// of a foreign answer relies on it (see excerpt).
const longestToken = 8 << 10

// CollectionAPI reports which API drops collections.
type CollectionAPI string

// The collection APIs. The automatic choice is the documented v1 route, and v2
// from the moment that the server answers v1 with 404.
const (
	CollectionAuto CollectionAPI = "auto"
	CollectionV1   CollectionAPI = "v1"
	CollectionV2   CollectionAPI = "v2"
)

// Config reports how to reach a cluster.
type Config struct {
	// URI is http:// or https:// with a host, perhaps a port and a path prefix.
	// It may hold no credentials, query or fragment.
	URI string
	// Token is an API key or `user:password`; "" sends none.
	Token string

	CAFile             string // PEM, trusted besides the system's authorities
	CertFile, KeyFile  string // PEM, the client certificate; both or none
	InsecureSkipVerify bool

	// Timeout bounds one request with its answer; 0 means DefaultTimeout.
	Timeout time.Duration
	// RequestTimeout is sent as header Request-Timeout, in whole seconds; 0
	// does not send it, and less than 30 s is refused: on servers before 2.5.10
	// the value changes the timeout of that route for every client.
	RequestTimeout time.Duration
	// Retries is how often a failed read is tried again; 0 means never.
	Retries int
	// CollectionAPI is CollectionAuto when empty.
	CollectionAPI CollectionAPI
	// NameDefault sends `"dbName":"default"` for the default database. Other
	// databases are always named.
	NameDefault bool
	// Parallel is how many questions Read, Inspect and Bindings ask side by side;
	// 0 finds it out: up to 64, as long as more at once is faster and the server
	// does not ask for patience.
	Parallel int
	// MaxNames is how many names one list of the server may have; 0 means
	// DefaultMaxNames. A longer list is refused before its names are kept.
	MaxNames  int
	UserAgent string
	// Warn, when set, is given what a person should know although New succeeds.
	Warn func(string)
}

// ConfigError is a field of a Config that cannot be used.
type ConfigError struct {
	Field  string // by the name of its flag: "uri", "ca-file", ...
	Reason string
	Help   string // what to write instead; may be ""
	Err    error  // the cause, when there is one
}

// Error is FIELD: REASON. It never holds credentials.
func (e *ConfigError) Error() string {
	text := e.Field + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Hint is the advice that goes with the error, "" for none.
func (e *ConfigError) Hint() string { return e.Help }

// withDefaults returns the Config with every field set, or a *ConfigError.
func (c Config) withDefaults() (Config, error) {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxNames == 0 {
		c.MaxNames = DefaultMaxNames
	}
	if c.CollectionAPI == "" {
		c.CollectionAPI = CollectionAuto
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultAgent
	}
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	switch {
	case c.Timeout < 0:
		return c, &ConfigError{Field: "timeout", Reason: fmt.Sprintf("%q is negative", c.Timeout)}
	case c.Retries < 0:
		return c, &ConfigError{Field: "retries", Reason: fmt.Sprintf("\"%d\" is negative", c.Retries)}
	case c.Parallel < 0:
		return c, &ConfigError{Field: "parallel", Reason: fmt.Sprintf("\"%d\" is negative", c.Parallel)}
	case c.MaxNames < 0:
		return c, &ConfigError{Field: "max-names", Reason: fmt.Sprintf("\"%d\" is negative", c.MaxNames)}
	case c.RequestTimeout != 0 && c.RequestTimeout < minRequestTimeout:
		return c, &ConfigError{
			Field:  "request-timeout",
			Reason: fmt.Sprintf("%q is less than %q: on older servers a small value makes the calls of every other client time out too", c.RequestTimeout, minRequestTimeout),
			Help:   "leave it out, or give 30 seconds or more",
		}
	case c.RequestTimeout%time.Second != 0:
		return c, &ConfigError{Field: "request-timeout", Reason: fmt.Sprintf("%q is not a whole number of seconds", c.RequestTimeout)}
	}
	switch c.CollectionAPI {
	case CollectionAuto, CollectionV1, CollectionV2:
	default:
		return c, &ConfigError{Field: "collection-api", Reason: fmt.Sprintf("%q is none of \"auto\", \"v1\", \"v2\"", string(c.CollectionAPI))}
	}
	return c, checkToken(c.Token)
}

// checkToken refuses what cannot be sent in a header as it is.
func checkToken(token string) error {
	bad := func(reason, help string) error {
		return &ConfigError{Field: "token", Reason: reason, Help: help}
	}
	switch {
	case len(token) > longestToken:
		return bad(fmt.Sprintf("longer than %d bytes", longestToken), "")
	case !utf8.ValidString(token):
		return bad("not valid UTF-8", "")
	case strings.TrimSpace(token) != token:
		return bad("has blanks or a line break around it", "check the file or variable it comes from")
	case strings.ContainsFunc(token, unicode.IsControl):
		return bad("has a control character in it", "check the file or variable it comes from")
	case strings.HasPrefix(token, "Bearer "):
		return bad("begins with \"Bearer\"", "give the API key or user:password alone")
	}
	return nil
}

// CheckURI reports why an address cannot be that of a cluster: a *ConfigError. No error
// shows a password that was written into it.
func CheckURI(uri string) error {
	_, err := parseURI(uri)
	return err
}

// isSeed reports that what stands behind a colon is a file and no port: a misspelt
// `embedded:FILE`, most likely.
func isSeed(uri string) bool {
	_, port, found := strings.Cut(uri, ":")
	host, _, _ := strings.Cut(port, "/")
	return found && strings.Trim(host, "0123456789") != ""
}

// parseURI checks a URI. No error
// shows the URI when it may hold a password.
func parseURI(uri string) (*url.URL, error) {
	bad := func(reason, help string) error {
		return &ConfigError{Field: "uri", Reason: reason, Help: help}
	}
	const noCredentials = "take user and password out of the address and give them as the token"
	scheme, rest, ok := strings.Cut(uri, "://")
	authority, _, _ := strings.Cut(rest, "/")
	switch {
	case uri == "":
		return nil, bad("not given", "")
	case !ok && strings.Contains(uri, "@"):
		return nil, bad("it has no http:// or https:// and an \"@\" in it", noCredentials)
	case !ok && isSeed(uri):
		return nil, bad(fmt.Sprintf("%q has no scheme", uri), "write http://HOST:PORT, or embedded:FILE for a cluster in the process")
	case !ok:
		return nil, bad(fmt.Sprintf("%q has no scheme", uri), fmt.Sprintf("write %q or %q", "http://"+uri, "https://"+uri))
	case strings.Contains(authority, "@"):
		return nil, bad("it has credentials in it", noCredentials)
	}
	if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return nil, bad(fmt.Sprintf("scheme %q is neither \"http\" nor \"https\"", scheme), "")
	}
	u, err := url.Parse(uri)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // without the URI
		}
		if strings.Contains(uri, "@") {
			// The cause may quote a password that was taken for a port.
			return nil, bad("not a valid address", noCredentials)
		}
		return nil, &ConfigError{Field: "uri", Reason: "not a valid address", Err: err}
	}
	switch {
	case u.User != nil:
		return nil, bad("it has credentials in it", noCredentials)
	case u.Hostname() == "":
		return nil, bad(fmt.Sprintf("%q has no host", uri), "")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, bad("it has a query (\"?\")", "give scheme, host, port and perhaps a path alone")
	case strings.Contains(uri, "#"):
		return nil, bad("it has a fragment (\"#\")", "give scheme, host, port and perhaps a path alone")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, bad(fmt.Sprintf("port %q is not between 1 and 65535", port), "")
		}
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// loopback reports whether a host name stands for this machine, by the rule by
// which net/http leaves a proxy out.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// tlsConfig reads the certificate files of a Config.
func tlsConfig(c Config) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.InsecureSkipVerify}
	if c.CAFile != "" {
		pem, err := input.Read(context.Background(), c.CAFile, input.MaxCertificate)
		if err != nil {
			return nil, &ConfigError{Field: "ca-file", Reason: "cannot be read", Err: err}
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, &ConfigError{Field: "ca-file", Reason: fmt.Sprintf("%q holds no certificate in PEM form", c.CAFile)}
		}
		conf.RootCAs = pool
	}
	switch {
	case c.CertFile == "" && c.KeyFile == "":
		return conf, nil
	case c.CertFile == "":
		return nil, &ConfigError{Field: "cert-file", Reason: "a key is given without its certificate"}
	case c.KeyFile == "":
		return nil, &ConfigError{Field: "key-file", Reason: "a certificate is given without its key"}
	}
	certificate, err := input.Read(context.Background(), c.CertFile, input.MaxCertificate)
	if err != nil {
		return nil, &ConfigError{Field: "cert-file", Reason: "cannot be read", Err: err}
	}
	key, err := input.Read(context.Background(), c.KeyFile, input.MaxCertificate)
	if err != nil {
		return nil, &ConfigError{Field: "key-file", Reason: "cannot be read", Err: err}
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, pairError(c, err)
	}
	conf.Certificates = []tls.Certificate{pair}
	return conf, nil
}

// pairError explains why a client certificate and its key cannot be used. An
// encrypted key is the commonest cause, and crypto/tls only fails to parse it.
func pairError(c Config, err error) error {
	text, unread := input.Read(context.Background(), c.KeyFile, input.MaxCertificate)
	if unread != nil {
		return &ConfigError{Field: "key-file", Reason: "cannot be read", Err: unread}
	}
	if isEncryptedKey(text) {
		return &ConfigError{Field: "key-file", Reason: fmt.Sprintf("the key in %q is encrypted, and no passphrase can be given", c.KeyFile),
			Help: "`openssl pkey -in KEY -out PLAIN` writes it without a passphrase; keep that file readable for you alone"}
	}
	return &ConfigError{Field: "cert-file", Reason: "cannot be used", Err: err}
}

// isEncryptedKey knows both forms in PEM: PKCS #8, and the older one that names
// its cipher in a header.
func isEncryptedKey(text []byte) bool {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return false
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.HasSuffix(block.Type, "PRIVATE KEY") && strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
		text = rest
	}
}
