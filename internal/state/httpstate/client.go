package httpstate

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

const (
	// tryTimeout is the time for one request, and slowest (bytes a second)
	// what its body adds to that.
	tryTimeout = 30 * time.Second
	slowest    = 1 << 20
	mostAnswer = 64 << 10 // of what is no state
)

// client makes the requests: each is one try.
type client struct {
	http    *http.Client
	gitlab  bool
	headers map[string]string // the credentials
	hidden  []string          // what no message may hold
}

// newClient finds the credentials in the environment: for a state of GitLab
// GITLAB_TOKEN or the token of the job, else those that Terraform takes, or a
// bearer token.
func newClient(gitlab bool, getenv func(string) string) *client {
	c := &client{gitlab: gitlab, headers: make(map[string]string), http: &http.Client{
		// Another address would get the credentials.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	basic := func(user, password string) {
		coded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		c.headers["Authorization"] = "Basic " + coded
		c.hidden = append(c.hidden, password, coded)
	}
	token, user, password := getenv("ALIASCTL_HTTP_TOKEN"), getenv("TF_HTTP_USERNAME"), getenv("TF_HTTP_PASSWORD")
	switch {
	case gitlab && getenv("GITLAB_TOKEN") != "":
		basic("aliasctl", getenv("GITLAB_TOKEN")) // any user fits an access token
	case gitlab && getenv("CI_JOB_TOKEN") != "":
		basic("gitlab-ci-token", getenv("CI_JOB_TOKEN"))
	case gitlab:
	case token != "":
		c.headers["Authorization"] = "Bearer " + token
		c.hidden = append(c.hidden, token)
	case user != "" || password != "":
		basic(user, password)
	}
	return c
}

// reply is an answer of the server.
type reply struct {
	status int
	body   []byte
	after  time.Duration // for which it asks to be left alone
}

func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// do sends a request and reads at most so many bytes of its answer; of one to a write,
// which some servers repeat in it, more is left unread. An error is a
// *state.StoreError; a status is none.
func (c *client) do(ctx context.Context, method, url string, body []byte, most int64) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration((int64(len(body))+most)/slowest)*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return reply{}, &state.StoreError{Message: "the address is not valid", Advice: "check --state"}
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	if method == http.MethodGet {
		r.Header.Set("Cache-Control", "no-cache") // a proxy has to ask the server
	}
	if body != nil {
		sum := md5.Sum(body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return reply{}, c.unanswered(err)
	}
	defer resp.Body.Close()
	answer, err := input.Body(resp.Body, resp.ContentLength, most)
	switch {
	case input.IsTooLarge(err) && method != http.MethodGet:
		return reply{resp.StatusCode, nil, state.RetryAfter(resp.Header)}, nil
	case input.IsTooLarge(err):
		return reply{}, state.TooLarge(err)
	case err != nil:
		return reply{}, c.unanswered(err)
	}
	// A proxy may compress what the server has summed up, or the other way round.
	if sum := md5.Sum(answer); !resp.Uncompressed && resp.Header.Get("Content-MD5") != "" && resp.StatusCode == http.StatusOK &&
		resp.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) {
		return reply{}, &state.StoreError{Class: state.Doubtful, Message: "the answer was damaged on its way: its Content-MD5 does not fit",
			Advice: "check the proxies between here and the server, then run the same command again"}
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return reply{}, &state.StoreError{Status: resp.StatusCode, Message: "it redirects to another address, which would get the credentials",
			Advice: "give --state the address that it redirects to"}
	}
	return reply{resp.StatusCode, answer, state.RetryAfter(resp.Header)}, nil
}

// unanswered is the error of a request without a whole answer.
func (c *client) unanswered(err error) error {
	e := state.Unanswered(err)
	e.Message = c.clean(e.Message)
	return e
}

func (c *client) clean(text string) string {
	for _, secret := range c.hidden {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// refusal is a status that is no success, as an error. write is what it
// leaves open: a server that gives up may have done it.
func (c *client) refusal(r reply) *state.StoreError {
	e := &state.StoreError{Status: r.status, RetryAfter: r.after, Message: state.Excerpt(c.clean(strings.TrimSpace(string(r.body))), 200)}
	if e.Message == "" {
		e.Message = http.StatusText(r.status)
	}
	switch {
	case r.status == http.StatusUnauthorized && c.gitlab:
		e.Advice = "set GITLAB_TOKEN to a token with the scope `api`, or run in a job that has not ended: its CI_JOB_TOKEN ends with it"
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden && !c.gitlab && len(c.headers) == 0:
		e.Advice = "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD, or ALIASCTL_HTTP_TOKEN"
	case r.status == http.StatusForbidden && c.gitlab:
		e.Advice = "to lock and to write, the user of the token has to be a Maintainer of the project; a Developer may read"
	case r.status == http.StatusForbidden:
		e.Advice = "check the credentials, and that they may read, lock and write the state"
	case r.status == http.StatusNotFound && c.gitlab:
		e.Advice = "check CI_PROJECT_ID, that the token may see the project, and that it has Terraform states enabled"
	case r.status == http.StatusNotFound:
		e.Advice = "check the address in --state"
	case r.status == http.StatusMethodNotAllowed || r.status == http.StatusNotImplemented:
		e.Advice = "the server does not know the method: see lock_method, unlock_method and update_method of --state"
	case r.status == http.StatusRequestEntityTooLarge && c.gitlab:
		e.Advice = "an administrator of GitLab can raise max_terraform_state_size_bytes"
	case r.status == http.StatusTooManyRequests:
		e.Class, e.Advice = state.Busy, "the server asks to slow down: wait a little, then run the same command again"
	case r.status == http.StatusRequestTimeout || r.status >= 500:
		e.Class, e.Advice = state.Doubtful, "check the server, then run the same command again"
	}
	return e
}
