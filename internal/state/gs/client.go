package gs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

const (
	// tryTimeout is the time for one request, and slowest (bytes a second)
	// what its body adds to that.
	tryTimeout = 30 * time.Second
	slowest    = 1 << 20
	mostAnswer = 64 << 10 // of what is no object

	scope = "https://www.googleapis.com/auth/devstorage.read_write"
)

// client makes the requests: each is one try.
type client struct {
	http   *http.Client
	base   string             // with a slash at its end
	tokens oauth2.TokenSource // nil for an emulator
	tokenWire
	hidden atomic.Value // the last token, a string, which no message may hold
}

// newClient finds the service, and the credentials as Google's own clients do:
// a file of GOOGLE_APPLICATION_CREDENTIALS (a service account, or workload
// identity federation), that of gcloud, or the account of the machine. The
// emulator of STORAGE_EMULATOR_HOST is asked without.
func newClient() (*client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // the checksum is of what is stored
	c := &client{base: "https://storage.googleapis.com/", http: &http.Client{Transport: transport,
		// Another address would get the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if host := os.Getenv("STORAGE_EMULATOR_HOST"); host != "" {
		if !strings.Contains(host, "://") {
			host = "http://" + host
		}
		u, err := url.Parse(host)
		if err != nil || u.Host == "" || u.User != nil {
			return nil, &state.StoreError{Message: "STORAGE_EMULATOR_HOST is no address", Advice: "set STORAGE_EMULATOR_HOST to HOST:PORT or http://HOST:PORT"}
		}
		c.base = u.Scheme + "://" + u.Host + "/" // a path is left out, as Google's clients do
		return c, nil
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: &c.tokenWire, Timeout: tryTimeout})
	found, err := google.FindDefaultCredentials(ctx, scope)
	if err != nil {
		return nil, missing(err)
	}
	c.tokens = found.TokenSource
	if domain, err := found.GetUniverseDomain(); len(found.JSON) > 0 && err == nil {
		c.base = "https://storage." + domain + "/"
	}
	return c, nil
}

// missing reports that there are no credentials, or that their file is of no use.
func missing(err error) error {
	e := &state.StoreError{Code: "NoCredentials", Message: "there are no credentials for Cloud Storage", Err: err,
		Advice: "run `gcloud auth application-default login`, set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account or of workload identity federation, or run where a service account is attached"}
	if file := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); file != "" {
		e.Message = fmt.Sprintf("GOOGLE_APPLICATION_CREDENTIALS names no file of credentials, %q", file)
		e.Advice = "check GOOGLE_APPLICATION_CREDENTIALS; a job on GitHub writes the file with google-github-actions/auth"
	}
	return e
}

// tokenWire keeps why the service of tokens was not reached last: not every
// source of tokens wraps that.
type tokenWire struct{ away atomic.Pointer[error] }

func (w *tokenWire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if w.away.Store(nil); err != nil {
		w.away.Store(&err)
	}
	return resp, err
}

// untold is the error of a token that could not be had.
func (w *tokenWire) untold(err error) error {
	const advice = "check the credentials: `gcloud auth application-default print-access-token` has to print a token"
	refused, network := (*oauth2.RetrieveError)(nil), (*url.Error)(nil)
	away := w.away.Load()
	switch {
	case errors.As(err, &refused) && refused.Response != nil:
		e := &state.StoreError{Status: refused.Response.StatusCode, Code: state.Excerpt(refused.ErrorCode, 60), Err: err,
			Message: "Google gives no token for the credentials: " + state.Excerpt(refused.ErrorDescription, 200), Advice: advice}
		if e.Status == http.StatusTooManyRequests || e.Status >= 500 {
			e.Class = state.Busy
		}
		return e
	case away != nil || errors.As(err, &network):
		if away != nil {
			err = *away
		}
		e := state.Unanswered(err)
		e.Message = "no token for the credentials: " + e.Message
		if e.Class == state.Doubtful {
			e.Class = state.Busy // nothing was asked of the store
		}
		e.Advice = "check the network to Google's token service, then run the same command again"
		return e
	}
	return &state.StoreError{Code: "NoToken", Message: "no token for the credentials: " + state.Excerpt(err.Error(), 200), Advice: advice, Err: err}
}

// reply is an answer of the store.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// generation is that of the object that an answer is about, "" for none.
func (r reply) generation() string {
	var there attributes
	if json.Unmarshal(r.body, &there) == nil && there.Generation != "" {
		return there.Generation
	}
	return r.header.Get("X-Goog-Generation")
}

// do sends a request and reads at most so many bytes of its answer. An error is
// a *state.StoreError; a status is none.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body []byte, most int64) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration((int64(len(body))+most)/slowest)*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return reply{}, &state.StoreError{Message: "the address is not valid", Advice: "check --state"}
	}
	r.Header.Set("User-Agent", "aliasctl")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.tokens != nil {
		token, err := c.tokens.Token()
		if err != nil {
			return reply{}, c.untold(err)
		}
		token.SetAuthHeader(r)
		c.hidden.Store(token.AccessToken)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return reply{}, unanswered(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		most = max(most, mostAnswer)
	}
	answer, err := input.Body(resp.Body, resp.ContentLength, most)
	switch {
	case input.IsTooLarge(err):
		return reply{}, state.TooLarge(err)
	case err != nil:
		return reply{}, unanswered(err)
	}
	return reply{resp.StatusCode, resp.Header, answer}, nil
}

func unanswered(err error) error {
	e := state.Unanswered(err)
	if e.Advice != "" {
		e.Advice = "check the network and its proxies (HTTPS_PROXY), then run the same command again"
		if os.Getenv("STORAGE_EMULATOR_HOST") != "" {
			e.Advice = "check STORAGE_EMULATOR_HOST, then run the same command again"
		}
	}
	return e
}
