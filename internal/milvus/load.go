package milvus

import (
	"context"
	"encoding/json"
)

// LoadState says how far a collection is in memory: the state as Milvus writes
// it (planner.Loaded, LoadStateLoading, LoadStateNotLoad) and the progress in
// percent. A collection that does not exist is an error (IsNotFound).
func (c *Client) LoadState(ctx context.Context, database, collection string) (state string, progress int, err error) {
	k := call{route: collectionsState, database: database, collection: collection}
	data, err := c.read(ctx, k)
	if err != nil {
		return "", 0, err
	}
	var d struct {
		LoadState    string `json:"loadState"`
		LoadProgress int    `json:"loadProgress"` // only when there is any
	}
	if json.Unmarshal(data, &d) != nil || d.LoadState == "" {
		return "", 0, c.badData(k, data)
	}
	if c.redactor.In(d.LoadState) {
		return "", 0, c.tokenInName(k)
	}
	return d.LoadState, d.LoadProgress, nil
}

// LoadCollection starts to load a collection, and returns before it is loaded:
// LoadState tells. It is a success for a loaded one. A collection without an
// index on its vectors cannot be loaded (code 700).
func (c *Client) LoadCollection(ctx context.Context, database, collection string) error {
	return c.write(ctx, call{route: collectionsLoad, database: database, collection: collection})
}

// ReleaseCollection takes a collection out of memory. It is a success for one
// that is not loaded. An alias in its place stands for its collection: ask for
// collections by name alone.
func (c *Client) ReleaseCollection(ctx context.Context, database, collection string) error {
	return c.write(ctx, call{route: collectionsRelease, database: database, collection: collection})
}
