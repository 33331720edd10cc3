// Package bare is the plainest HTTP client for the calls of aliasctl: net/http,
// encoding/json, and not one thing that makes a call safe. What aliasctl takes
// more is the price of that.
package bare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"aliasctl/testdata/bench/workload"
)

// Client calls one server.
type Client struct {
	uri      string
	parallel int
	http     *http.Client
}

// New returns a Client that sends so many requests at once.
func New(uri string, parallel int) *Client {
	return &Client{uri + "/v2/vectordb/", parallel, &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: parallel, DisableCompression: true,
	}}}
}

// NewMultiplexed returns a Client that sends so many requests at once over one
// connection, by HTTP/2 without TLS.
func NewMultiplexed(uri string, parallel int) *Client {
	c := New(uri, parallel)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	c.http.Transport.(*http.Transport).Protocols = protocols
	return c
}

// Close closes the connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Read sends what a sync without changes sends: one look at the id of a
// collection, the list of all aliases, and the list of each collection.
func (c *Client) Read(bindings []workload.Binding) error {
	var collections []string
	seen := make(map[string]bool)
	for _, b := range bindings {
		if !seen[b.From] {
			seen[b.From] = true
			collections = append(collections, b.From)
		}
	}
	if err := c.call("collections/describe", map[string]string{"collectionName": collections[0]}, &struct{}{}); err != nil {
		return err
	}
	var names []string
	if err := c.call("aliases/list", map[string]string{}, &names); err != nil {
		return err
	}
	return each(c.parallel, collections, func(collection string) error {
		var names []string
		return c.call("aliases/list", map[string]string{"collectionName": collection}, &names)
	})
}

// Switch re-reads, writes and verifies each alias that moves.
func (c *Client) Switch(bindings []workload.Binding) error {
	var moving []workload.Binding
	for _, b := range bindings {
		if b.From != b.To {
			moving = append(moving, b)
		}
	}
	return each(c.parallel, moving, c.move)
}

func (c *Client) move(b workload.Binding) error {
	if err := c.expect(b.Alias, b.From); err != nil {
		return err
	}
	if err := c.call("aliases/alter", map[string]string{"aliasName": b.Alias, "collectionName": b.To}, &struct{}{}); err != nil {
		return err
	}
	return c.expect(b.Alias, b.To)
}

func (c *Client) expect(alias, collection string) error {
	var found struct{ CollectionName string }
	err := c.call("aliases/describe", map[string]string{"aliasName": alias}, &found)
	if err == nil && found.CollectionName != collection {
		err = fmt.Errorf("%s is on %s, not on %s", alias, found.CollectionName, collection)
	}
	return err
}

// Load describes aliases without a pause for so long.
func (c *Client) Load(bindings []workload.Binding, lasting time.Duration) error {
	end := time.Now().Add(lasting)
	return each(c.parallel, make([]struct{}, c.parallel), func(struct{}) error {
		for i := 0; time.Now().Before(end); i++ {
			b := bindings[i%len(bindings)]
			if err := c.expect(b.Alias, b.From); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Client) call(route string, body map[string]string, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, c.uri+route, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if data, err = io.ReadAll(response.Body); err != nil {
		return err
	}
	answer := struct {
		Code    int
		Message string
		Data    any
	}{Data: into}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	if answer.Code != 0 {
		return fmt.Errorf("%s: code %d: %s", route, answer.Code, answer.Message)
	}
	return nil
}

// each does something with each of list, so many at once, up to the first error.
func each[T any](parallel int, list []T, do func(T) error) error {
	var next atomic.Int64
	var first atomic.Pointer[error]
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for first.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				if err := do(list[i]); err != nil {
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	workers.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}
