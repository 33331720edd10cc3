package milvus

import (
	"context"
	"encoding/json"
	"errors"
)

// ListDatabases lists the databases of the cluster, in no order. Milvus has
// the route from 2.4.18 and 2.5.0.
func (c *Client) ListDatabases(ctx context.Context) ([]string, error) {
	return c.list(ctx, call{route: databasesList, server: true})
}

// ListCollections lists the collections of a database, in no order and without
// aliases. Milvus leaves out, and says success, what the user has no privilege
// for: a name that is not listed may well exist (milvus-rest section 13.1).
func (c *Client) ListCollections(ctx context.Context, database string) ([]string, error) {
	return c.list(ctx, call{route: collectionsList, database: database})
}

// HasCollection implements executor.Cluster. In a database that does not exist
// there is no collection: 2.4 says so, and code 800 of later versions is read
// the same way.
func (c *Client) HasCollection(ctx context.Context, database, collection string) (bool, error) {
	k := call{route: collectionsHas, database: database, collection: collection}
	data, err := c.read(ctx, k)
	switch {
	case IsDatabaseMissing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	var d struct {
		Has *bool `json:"has"`
	}
	if err := json.Unmarshal(data, &d); err != nil || d.Has == nil {
		return false, c.badData(k, data)
	}
	return *d.Has, nil
}

// CollectionID implements executor.Cluster. The id is exact: ids have more
// digits than a float64 holds.
func (c *Client) CollectionID(ctx context.Context, database, collection string) (id string, found bool, err error) {
	d, found, err := c.describe(ctx, database, collection)
	return d.id, found, err
}

// DropCollection implements executor.Cluster, by the v1 or the v2 route as
// Config.CollectionAPI says. A collection that does not exist is success by
// both: v2 says so, and code 100 of v1 is read the same way. What is gone has
// to be verified afterwards, and who dropped it is known to nobody.
func (c *Client) DropCollection(ctx context.Context, database, collection string) error {
	k := call{route: collectionsDrop, database: database, collection: collection}
	api := c.cfg.CollectionAPI
	if api == CollectionV2 || api == CollectionAuto && c.v1Gone.Load() {
		return c.write(ctx, k)
	}
	v1 := k
	v1.route = collectionsDropV1
	err := c.write(ctx, v1)
	switch {
	case hasCode(err, CodeCollectionNotFound):
		return nil
	case api == CollectionAuto && noRoute(err):
		// The first request met no handler: nothing was executed.
		c.v1Gone.Store(true)
		return c.write(ctx, k)
	}
	return err
}

// noRoute says that the server does not have the route.
func noRoute(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == 404 && e.Code == 0
}
