package milvus

import "context"

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
