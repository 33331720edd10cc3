package milvus

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"aliasctl/planner"
)

// ListDatabases lists the databases of the cluster, in no order. Milvus has
// the route from 2.4.18 and 2.5.0.
func (c *Client) ListDatabases(ctx context.Context) ([]string, error) {
	return c.list(ctx, call{route: databasesList, server: true})
}

// ListCollections lists the collections of a database, in no order and without
// aliases. Milvus leaves out, and answers success, what the user has no privilege
// for: a name that is not listed may well exist (milvus-rest section 13.1).
func (c *Client) ListCollections(ctx context.Context, database string) ([]string, error) {
	return c.list(ctx, call{route: collectionsList, database: database})
}

// HasCollection implements executor.Cluster. In a database that does not exist
// there is no collection: 2.4 answers so, and code 800 of later versions is read
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
// Config.CollectionAPI names. CollectionAuto is v2, on which the limits and stops
// of operators act, and v1 on a server that does not have it. A collection that
// does not exist is success by both: v2 answers so, and code 100 of v1 is read the
// same way. What is gone has to be verified afterwards, and who dropped it is
// unknown.
//
// A 404 of the v2 route is an error like others, and never followed by a second
// request: it may be of something in between, after the drop. The next call for
// that collection takes the v1 route (see Detour), so who makes it has read
// before.
func (c *Client) DropCollection(ctx context.Context, database, collection string) error {
	k := call{route: collectionsDrop, database: database, collection: collection}
	auto := c.cfg.CollectionAPI == CollectionAuto
	key := planner.Key{Database: database, Name: collection}
	_, turned := c.turnedOff.LoadAndDelete(key)
	if c.cfg.CollectionAPI == CollectionV1 || auto && (turned || c.v2Gone.Load()) {
		k.route = collectionsDropV1
		err := c.write(ctx, k)
		if hasCode(err, CodeCollectionNotFound) {
			return nil
		}
		return err
	}
	err := c.write(ctx, k)
	if e := (*Error)(nil); auto && errors.As(err, &e) && e.Status == http.StatusNotFound && e.Code == 0 {
		e.detour = true
		if e.missing {
			c.v2Gone.Store(true)
		}
		c.turnedOff.Store(key, struct{}{})
	}
	return err
}

// IsRouteMissing reports that a path is not served, by Milvus or by what answers for
// it (IsForeign).
func IsRouteMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound && e.Code == 0
}
