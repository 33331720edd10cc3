package milvus

import (
	"context"

	"aliasctl/planner"
)

// Reader is a client that cannot write: it has no method that does, and hands
// its client to nobody. Commands that only look are given one.
type Reader struct{ client *Client }

// NewReader is New for a Reader.
func NewReader(cfg Config) (*Reader, error) {
	client, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &Reader{client}, nil
}

// Read is the function of that name.
func (r *Reader) Read(ctx context.Context, scope planner.Scope) (*planner.Live, error) {
	return Read(ctx, r.client, scope)
}

// Bindings is the function of that name.
func (r *Reader) Bindings(ctx context.Context, database string) (map[string]string, error) {
	return Bindings(ctx, r.client, database)
}

// ListDatabases is the method of that name of Client.
func (r *Reader) ListDatabases(ctx context.Context) ([]string, error) {
	return r.client.ListDatabases(ctx)
}

// Close ends idle connections.
func (r *Reader) Close() { r.client.Close() }
