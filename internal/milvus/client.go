// Package milvus speaks the REST API of Milvus and Zilliz Cloud: every call
// over the wire, its codes, which failures are worth another try, and Read,
// which asks for what a plan needs in as few requests as there are collections.
//
// internal/sync makes a Client; the executor drives it through its interface
// Cluster. Facts of the API come from milvus-rest, as the comments say.
package milvus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/throttle"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The routes. The prefix of the v2 API is left out in messages.
const (
	prefixV2 = "/v2/vectordb/"

	aliasesList     = prefixV2 + "aliases/list"
	aliasesDescribe = prefixV2 + "aliases/describe"
	aliasesCreate   = prefixV2 + "aliases/create"
	aliasesAlter    = prefixV2 + "aliases/alter"
	aliasesDrop     = prefixV2 + "aliases/drop"

	collectionsList     = prefixV2 + "collections/list"
	collectionsHas      = prefixV2 + "collections/has"
	collectionsDescribe = prefixV2 + "collections/describe"
	collectionsDrop     = prefixV2 + "collections/drop"
	collectionsDropV1   = "/v1/vector/collections/drop"
	collectionsLoad     = prefixV2 + "collections/load"
	collectionsRelease  = prefixV2 + "collections/release"
	collectionsRename   = prefixV2 + "collections/rename"
	collectionsState    = prefixV2 + "collections/get_load_state"
	collectionsStats    = prefixV2 + "collections/get_stats"

	indexesList     = prefixV2 + "indexes/list"
	indexesDescribe = prefixV2 + "indexes/describe"

	rolesList           = prefixV2 + "roles/list"
	rolesDescribe       = prefixV2 + "roles/describe"
	rolesGrant          = prefixV2 + "roles/grant_privilege"
	rolesRevoke         = prefixV2 + "roles/revoke_privilege"
	rolesGrantV2        = prefixV2 + "roles/grant_privilege_v2"
	rolesRevokeV2       = prefixV2 + "roles/revoke_privilege_v2"
	privilegeGroupsList = prefixV2 + "privilege_groups/list"

	entitiesQuery  = prefixV2 + "entities/query"
	entitiesSearch = prefixV2 + "entities/search"

	databasesList      = prefixV2 + "databases/list"
	resourceGroupsList = prefixV2 + "resource_groups/list"
)

// Client is one cluster. It is safe for concurrent use.
type Client struct {
	cfg       Config
	base      string      // without a trailing slash
	header    http.Header // shared by all requests: a RoundTripper may not change it
	transport transport
	redactor  *Redactor
	throttle  *throttle.Throttle

	v2Gone    atomic.Bool // the server has no v2 route that drops collections
	turnedOff sync.Map    // planner.Key of a collection: its drop met a 404 on the v2 route
	// firstPause is the mean of the first pause between two tries of a read.
	firstPause time.Duration
}

var _ executor.Cluster = (*Client)(nil)

// transport is the part of an http.Transport that a Client needs.
type transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

// New returns a Client; it sends nothing yet. The error is a *ConfigError.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	u, err := parseURI(cfg.URI)
	if err != nil {
		return nil, err
	}
	tlsConf, err := tlsConfig(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Token != "" && u.Scheme == "http" && !loopback(u.Hostname()) {
		cfg.Warn(fmt.Sprintf("the token goes over plain http to %q: anybody on the way can read it; use https", u.Host))
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &Client{
		cfg:        cfg,
		base:       u.Scheme + "://" + u.Host + planner.CleanPath(u.EscapedPath()),
		header:     header(cfg),
		redactor:   NewRedactor(cfg.Token),
		firstPause: 250 * time.Millisecond,
		throttle:   throttle.New(cfg.Parallel, nil),
		// HTTP/1 alone, which is what a Transport with its own TLS settings
		// speaks. There the rule that net/http never sends a POST twice once a
		// byte of it is written is plain to see; and every Milvus speaks it.
		transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        tlsConf,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConnsPerHost:    max(cfg.Parallel, throttle.MaxWidth),
			MaxResponseHeaderBytes: 1 << 20,
			OnProxyConnectResponse: proxyAnswer,
			// Shorter than any server or balancer keeps a connection: one that
			// is closed while a write is on its way leaves the outcome unknown.
			IdleConnTimeout: 15 * time.Second,
		},
	}, nil
}

// URI is the address of the cluster in its normal form, without credentials.
func (c *Client) URI() string { return c.base }

// Throttle is what the client knows of how much the server takes. Its reads and
// checks run through it; an apply is given it too.
func (c *Client) Throttle() *throttle.Throttle { return c.throttle }

// Redactor is that of the client's token.
func (c *Client) Redactor() *Redactor { return c.redactor }

// Close closes idle connections. The Client can still be used.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// errProxy is a proxy that cannot be used at all.
var errProxy = errors.New("cannot be used")

// proxyVariable is the variable that names the proxy for a scheme.
func proxyVariable(scheme string) string {
	upper := strings.ToUpper(scheme) + "_PROXY"
	if lower := strings.ToLower(upper); os.Getenv(upper) == "" && os.Getenv(lower) != "" {
		return lower
	}
	return upper
}

// proxy is the usual choice by environment. No error of it is passed on: it
// could quote the variable with the password in it.
func proxy(req *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(req)
	if err != nil || u != nil && u.Hostname() == "" {
		return nil, fmt.Errorf("the proxy of %s %w: it is not a valid address", proxyVariable(req.URL.Scheme), errProxy)
	}
	return u, nil
}

// proxyAnswer reports a proxy that does not connect, as one for https has to.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return fmt.Errorf("the proxy of %s %w: it asks for credentials", proxyVariable("https"), errProxy)
	}
	return fmt.Errorf("the proxy of %s did not connect: http %d", proxyVariable("https"), resp.StatusCode)
}

// exchange sends one request, when it is its turn, and returns its answer.
// There is one request on the wire at most: repeating is the business of the
// caller.
func (c *Client) exchange(ctx context.Context, k call) (answer, *Error) {
	turn, err := c.turn(ctx, k)
	if err != nil {
		e := k.newError()
		e.Err, e.class, e.hopeless = err, executor.Transient, true
		return answer{}, c.finish(k, e)
	}
	a, e := c.send(ctx, k)
	turn.Done(c.outcomeOf(e))
	if e != nil {
		e.vain = turn.Vain && e.busy()
	}
	return a, e
}

// turn waits for the turn of a read. A write goes out at once: its read has
// waited, and what that one showed is to be acted on while it holds.
func (c *Client) turn(ctx context.Context, k call) (throttle.Turn, error) {
	if k.write {
		return c.throttle.TurnNow(), nil
	}
	return c.throttle.Turn(ctx)
}

// outcomeOf is what an answer says about the pace of requests.
func (c *Client) outcomeOf(e *Error) (throttle.Outcome, time.Duration) {
	switch {
	case e == nil:
		return throttle.Answered, 0
	case e.busy():
		return throttle.Refused, min(e.retryAfter, c.cfg.Timeout, patience)
	case e.Code != 0 && !e.foreign:
		return throttle.Answered, 0
	}
	return throttle.Silent, 0
}

func (c *Client) send(ctx context.Context, k call) (answer, *Error) {
	e := k.newError()
	body := request{AliasName: k.alias, CollectionName: k.collection, NewCollectionName: k.newName, IndexName: k.index, RoleName: k.role,
		ObjectType: k.grant.ObjectType, ObjectName: k.grant.Object, Privilege: k.grant.Privilege, rowRequest: k.rows}
	if !k.server && (e.Database != manifest.DefaultDatabase || c.cfg.NameDefault) {
		body.DBName = e.Database
	}
	payload, err := json.Marshal(body)
	if err != nil {
		e.Err, e.class, e.hopeless = err, executor.Refused, true
		return answer{}, c.finish(k, e)
	}

	scheme, _, _ := strings.Cut(c.base, ":")
	was := sending{scheme: scheme, write: k.write}
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		was.connected, was.reused = true, i.Reused
	}}
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(limited, trace), http.MethodPost, c.base+k.route, bytes.NewReader(payload))
	if err != nil {
		e.Err, e.class, e.hopeless = err, executor.Refused, true
		return answer{}, c.finish(k, e)
	}
	req.Header = c.header
	if k.header != nil {
		req.Header = k.header
	}

	e.Attempts = 1
	start := time.Now()
	// The Transport is used without an http.Client: that follows redirects and
	// keeps cookies, and nothing of the kind is wanted here.
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		e.classifyTransport(ctx, err, was, c.cfg.Timeout.String())
		return answer{}, c.finish(k, e)
	}
	defer resp.Body.Close()
	e.Status = resp.StatusCode
	e.retryAfter = retryAfter(resp.StatusCode, resp.Header)

	text, err := readBody(resp, c.bodyBound(k))
	broken := badCompression(err)
	if err != nil && success(resp.StatusCode) && !broken {
		e.classifyTransport(ctx, err, was, c.cfg.Timeout.String())
		if isTooLarge(err) {
			e.hint = k.tooLarge()
		}
		return answer{}, c.finish(k, e)
	}
	if many := c.tooManyNames(k, text); many != nil {
		many.Attempts, many.Status = 1, e.Status
		return answer{}, c.finish(k, many)
	}
	a, err := decodeAnswer(text, k.names)
	if err == nil && success(e.Status) && (k.write && a.acknowledges() || !k.write && a.answers(k.route)) {
		a.took = time.Since(start)
		return a, nil
	}
	e.TraceID = excerpt(c.redactor, []byte(resp.Header.Get("X-Milvus-Trace-Id")), maxTrace)
	switch tokenSent := c.cfg.Token != ""; {
	case e.Status >= 300 && e.Status < 400:
		e.Err, e.foreign = newRedirectError(c.redactor, resp.Header.Get("Location")), true
		e.class, e.hint = executor.Fatal, hintURI
	case err == nil && (a.refusal(e.Status) || !k.write && a.failure(e.Status)):
		e.classifyAnswer(a, tokenSent)
		e.Message = excerpt(c.redactor, []byte(a.message), maxMessage)
	default:
		switch {
		case broken:
			err = fmt.Errorf("%w: its gzip is broken", errEncoded)
		case err == nil && a.ok() && !success(e.Status):
			err = errBadStatus
		}
		c.foreign(e, resp, text, err)
		e.classifyForeign(c.path(k.route), text)
	}
	return answer{}, c.finish(k, e)
}

func success(status int) bool { return status >= 200 && status < 300 }

// finish takes the token out of every part of an error, the doubt out of that
// of a read, which changed nothing whatever became of it, and the certainty out
// of that of a write which something else than Milvus answered.
func (c *Client) finish(k call, e *Error) *Error {
	for _, s := range []*string{&e.Database, &e.Alias, &e.Collection, &e.hint} {
		*s = c.redactor.Redact(*s)
	}
	for _, s := range []*string{&e.Message, &e.TraceID, &e.Privilege} {
		*s = c.redactor.Foreign(*s)
	}
	e.Err = redactError(c.redactor, e.Err)
	switch {
	case k.write && (e.foreign || e.newer || e.Status != 0 && e.Code == 0):
		e.class = executor.Unknown
	case !k.write && e.newer && e.class == executor.Unknown:
		e.class = executor.Refused
	case !k.write && e.class == executor.Unknown:
		e.class = executor.Transient
	}
	return e
}

// write sends a change exactly once.
func (c *Client) write(ctx context.Context, k call) error {
	k.write = true
	if _, e := c.exchange(ctx, k); e != nil {
		return e
	}
	return nil
}
