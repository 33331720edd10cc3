package milvus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"aliasctl/executor"
	"aliasctl/manifest"
)

// DatabaseIgnoredError is an answer about the default database to a question
// about another one. Milvus 2.3.13, 2.3.14 and 2.4.0 ignore `dbName` when they
// describe or drop an alias (milvus-rest section 1.1): a drop would hit the
// alias of the same name in the default database.
type DatabaseIgnoredError struct {
	Asked, Answered string
}

func (e *DatabaseIgnoredError) Error() string {
	return fmt.Sprintf("the server answered for database %q: Milvus 2.3.13, 2.3.14 and 2.4.0 ignore the database when an alias is described or dropped", e.Answered)
}

// ListAliases lists the aliases of a database, in no order. Aliases whose
// collection was dropped are left out by Milvus.
func (c *Client) ListAliases(ctx context.Context, database string) ([]string, error) {
	return c.list(ctx, call{route: aliasesList, database: database})
}

// AliasesOf implements executor.Cluster.
func (c *Client) AliasesOf(ctx context.Context, database, collection string) ([]string, error) {
	list, _, err := c.aliasesOf(ctx, database, collection)
	return list, err
}

// aliasesOf also reports whether the collection exists. An alias in its place is
// not found before 2.6.12, and taken for its collection from then on.
func (c *Client) aliasesOf(ctx context.Context, database, collection string) (list []string, found bool, err error) {
	k := call{route: aliasesList, database: database, collection: collection}
	if collection == "" {
		// Milvus would list the whole database.
		e := k.newError()
		e.Err, e.class = errors.New("no collection is named"), executor.Refused
		return nil, false, e
	}
	list, err = c.list(ctx, k)
	if hasCode(err, CodeCollectionNotFound) {
		return nil, false, nil
	}
	return list, err == nil, err
}

// AliasTarget implements executor.Cluster. A server that answers for another
// database is an error that wraps a *DatabaseIgnoredError.
func (c *Client) AliasTarget(ctx context.Context, database, alias string) (collection string, found bool, err error) {
	k := call{route: aliasesDescribe, database: database, alias: alias}
	data, err := c.read(ctx, k)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeAliasNotFound {
			return "", false, err
		}
		if !isDefault(database) && strings.Contains(e.Message, "[database="+manifest.DefaultDatabase+"]") {
			return "", false, c.databaseIgnored(k)
		}
		return "", false, nil
	}
	var d struct {
		DBName         string `json:"dbName"`
		AliasName      string `json:"aliasName"`
		CollectionName string `json:"collectionName"`
	}
	if err := json.Unmarshal(data, &d); err != nil || d.CollectionName == "" || (d.AliasName != "" && d.AliasName != alias) {
		return "", false, c.badData(k, data)
	}
	if !isDefault(database) && d.DBName != database {
		return "", false, c.databaseIgnored(k)
	}
	if c.redactor.In(d.CollectionName) {
		return "", false, c.tokenInName(k)
	}
	return d.CollectionName, true, nil
}

// CreateAlias implements executor.Cluster. It succeeds when the alias is bound
// to that collection already.
func (c *Client) CreateAlias(ctx context.Context, database, alias, collection string) error {
	return c.write(ctx, call{route: aliasesCreate, database: database, alias: alias, collection: collection})
}

// AlterAlias implements executor.Cluster. It never creates an alias.
func (c *Client) AlterAlias(ctx context.Context, database, alias, collection string) error {
	return c.write(ctx, call{route: aliasesAlter, database: database, alias: alias, collection: collection})
}

// DropAlias implements executor.Cluster. It succeeds when there is none.
func (c *Client) DropAlias(ctx context.Context, database, alias string) error {
	return c.write(ctx, call{route: aliasesDrop, database: database, alias: alias})
}

// list asks for a list of names. An absent or null list is an error, not an
// empty one: "no aliases" is what permits a drop.
func (c *Client) list(ctx context.Context, k call) ([]string, error) {
	k.names = true
	a, err := c.readAnswer(ctx, k)
	switch {
	case err != nil:
		return nil, err
	case a.names == nil:
		return nil, c.badData(k, a.data)
	case c.redactor.In(a.names...):
		return nil, c.tokenInName(k)
	}
	return a.names, nil
}

// badData is the error of an answer that claims success and holds nothing usable.
func (c *Client) badData(k call, data json.RawMessage) *Error {
	e := k.newError()
	e.Status, e.Err, e.Message = 200, errNoData, excerpt(c.redactor, data, maxExcerpt)
	e.class, e.hint = executor.Refused, hintURI
	return c.finish(k, e)
}

// tokenInName is the error of an answer whose names hold the token. Names go
// everywhere, into reports, saved plans, manifests and the state, and there they
// have to be what they are: a token is kept from all of that here.
func (c *Client) tokenInName(k call) *Error {
	e := k.newError()
	e.Status, e.Err, e.class, e.hint = 200, errTokenInName, executor.Refused, hintInName
	return c.finish(k, e)
}

func (c *Client) databaseIgnored(k call) *Error {
	e := k.newError()
	e.Err = &DatabaseIgnoredError{Asked: k.database, Answered: manifest.DefaultDatabase}
	e.class, e.hint = executor.Refused, hintIgnored
	return c.finish(k, e)
}

func isDefault(database string) bool {
	return database == "" || database == manifest.DefaultDatabase
}

// Bindings returns every alias of a database with its collection. Aliases whose
// collection was dropped are not in it: Milvus hides them. A database that does
// not exist is an error (IsDatabaseMissing).
//
// The API has no call for it: `aliases/list` has names alone. So Bindings
// asks, after one list of all aliases and one of all collections, either for
// the aliases of each collection or for the collection of each alias, whichever
// is less; and by describe for the aliases that are in no collection's list, or
// in two: another client changed them meanwhile, or the user may not see their
// collection. Describe needs the privilege DescribeAlias.
func Bindings(ctx context.Context, c *Client, database string) (map[string]string, error) {
	aliases, err := c.ListAliases(ctx, database)
	if err != nil {
		return nil, err
	}
	var collections []string
	if len(aliases) > 1 {
		if collections, err = c.ListCollections(ctx, database); err != nil {
			return nil, err
		}
	}
	// homes holds, for each alias, the collections whose list it is in.
	homes := make(map[string][]string, len(aliases))
	for _, alias := range aliases {
		homes[alias] = nil
	}
	if len(collections) < len(aliases) {
		lists := make([][]string, len(collections))
		err := c.throttle.Each(ctx, len(collections), func(ctx context.Context, i int) (err error) {
			lists[i], err = c.AliasesOf(ctx, database, collections[i])
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, list := range lists {
			for _, alias := range list {
				homes[alias] = append(homes[alias], collections[i])
			}
		}
	}

	bindings := make(map[string]string, len(homes))
	var open []string
	for alias, at := range homes {
		if len(at) == 1 {
			bindings[alias] = at[0]
		} else {
			open = append(open, alias)
		}
	}
	targets := make([]string, len(open))
	err = c.throttle.Each(ctx, len(open), func(ctx context.Context, i int) (err error) {
		targets[i], _, err = c.AliasTarget(ctx, database, open[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, alias := range open {
		if targets[i] != "" {
			bindings[alias] = targets[i]
		}
	}
	return bindings, nil
}
