// Package testkit is for tests: what goes wrong between a client and a cluster.
// Faults stand before any server that speaks Milvus' REST API, a real one as
// well as the emulator; Cluster is an emulator with faults before it. Its
// sub-packages are a file system that fails and a real S3 server.
package testkit

import (
	"net/http"
	"time"

	"aliasctl/internal/emulator"
)

// Faults are what tests have planned for the requests to come, and the log of
// those that came. Everything is safe for concurrent use.
type Faults struct {
	like   *emulator.Emulator
	script script
}

// NewFaults returns faults for servers of one version: it decides what a
// request is understood as, how a time limit is answered, and whether a write
// lands after it.
func NewFaults(version emulator.Profile) *Faults { return &Faults{like: emulator.New(version)} }

// Before puts the faults before a server. Several servers, such as the proxies
// of one cluster, may share them: their requests are counted together.
func (f *Faults) Before(server http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, server) })
}

// Cluster is an emulated cluster with faults before it. The methods of the
// emulator play another client, which no fault meets.
type Cluster struct {
	*emulator.Emulator
	*Faults
}

var _ http.Handler = (*Cluster)(nil)

// New returns an empty cluster.
func New(version emulator.Profile) *Cluster { return Around(emulator.New(version)) }

// FromSeed returns the cluster of a seed file. What changes is gone with the
// process.
func FromSeed(path string, version emulator.Profile) (*Cluster, error) {
	c := New(version)
	return c, c.Fill(path)
}

// Around puts faults before an emulated cluster.
func Around(e *emulator.Emulator) *Cluster { return &Cluster{Emulator: e, Faults: &Faults{like: e}} }

// ServeHTTP answers one call of the REST API.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.serve(w, r, c.Emulator) }

// Proxy is a further proxy of a cluster, with the faults of the cluster.
type Proxy struct {
	http.Handler
	proxy *emulator.Proxy
}

// SetLag changes the lag for the changes to come.
func (p *Proxy) SetLag(lag time.Duration) { p.proxy.SetLag(lag) }

// AddProxy puts a further proxy before the cluster.
func (c *Cluster) AddProxy(lag time.Duration) *Proxy {
	p := c.Emulator.AddProxy(lag)
	return &Proxy{c.Before(p), p}
}
