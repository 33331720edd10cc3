package emulator

// createAlias binds a new alias. The same binding again is a success, another
// target is code 1602, which names the collection that the alias is bound to
// (also a dropped one).
func (c *catalog) createAlias(database, alias, target string) error {
	if err := c.profile.checkAlias(alias); err != nil {
		return err
	}
	if err := c.profile.checkCollection(target); err != nil {
		return err
	}
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if c.profile.LooksUpTarget && db.resolve(target) == nil {
		return collectionNotFoundAt(db.id, target)
	}
	if db.collections[alias] != nil {
		return aliasConflict(database, alias)
	}
	to := c.target(db, target)
	if to == nil {
		return collectionNotFoundIn(database, target)
	}
	switch old := db.aliases[alias]; old {
	case nil:
		db.bind(alias, to)
		c.changed()
		return nil
	case to:
		return nil
	default:
		return fail(codeAliasExists, "%s is alias to another collection: %s: alias already exist[database=%s][alias=%s]",
			alias, old.name, database, alias)
	}
}

// alterAlias moves an alias, whatever it is bound to now: Milvus has no
// compare-and-set. A dangling alias is healed by it.
func (c *catalog) alterAlias(database, alias, target string) error {
	if err := c.profile.checkAlias(alias); err != nil {
		return err
	}
	if err := c.profile.checkCollection(target); err != nil {
		return err
	}
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if db.collections[alias] != nil {
		return aliasConflict(database, alias)
	}
	to := c.target(db, target)
	if to == nil {
		return collectionNotFound(target)
	}
	old := db.aliases[alias]
	if old == nil {
		return aliasNotFound(database, alias)
	}
	if old != to {
		db.bind(alias, to)
		c.changed()
	}
	return nil
}

// dropAlias is a success for an alias that does not exist and for the name of
// a collection.
func (c *catalog) dropAlias(database, alias string) error {
	if c.profile.TrimsNames {
		if err := c.profile.checkAlias(alias); err != nil {
			return err
		}
	}
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if db.aliases[alias] != nil {
		db.unbind(alias)
		c.changed()
	}
	return nil
}

// describeAlias returns the collection that an alias is bound to.
func (c *catalog) describeAlias(database, alias string) (string, error) {
	if err := c.profile.checkAlias(alias); err != nil {
		return "", err
	}
	db, err := c.database(database)
	if err != nil {
		return "", err
	}
	to := db.aliases[alias]
	if to == nil || to.dropped {
		return "", aliasNotFound(database, alias)
	}
	return to.name, nil
}

// listAliases lists the aliases of a collection, or of the whole database when
// collection is "". Dangling aliases are not in the list.
func (c *catalog) listAliases(database, collection string) ([]string, error) {
	if collection != "" {
		if err := c.profile.checkCollection(collection); err != nil {
			return nil, err
		}
	}
	db, err := c.database(database)
	if err != nil {
		return nil, err
	}
	turn := c.turn.Add(1)
	if collection != "" {
		of := c.target(db, collection)
		if of == nil {
			return nil, collectionNotFound(collection)
		}
		return of.aliases.list(turn), nil
	}
	all := db.aliasNames.list(turn)
	shown := all[:0]
	for _, alias := range all {
		if !db.aliases[alias].dropped {
			shown = append(shown, alias)
		}
	}
	return shown, nil
}

// target finds the collection that an alias call names, nil when there is none.
func (c *catalog) target(db *database, name string) *collection {
	if c.profile.ResolvesTargets {
		return db.resolve(name)
	}
	return db.collections[name]
}

func listAliases(x *exchange) reply {
	var found []string
	err := x.e.view(func(c *catalog) (err error) {
		found, err = c.listAliases(x.names.DbName, x.names.CollectionName)
		return err
	})
	return x.data(found, err)
}

func describeAlias(x *exchange) reply {
	found := struct {
		AliasName      string `json:"aliasName"`
		CollectionName string `json:"collectionName"`
		DbName         string `json:"dbName"`
	}{AliasName: x.names.AliasName, DbName: x.names.DbName}
	err := x.e.view(func(c *catalog) (err error) {
		found.CollectionName, err = c.describeAlias(x.names.DbName, x.names.AliasName)
		return err
	})
	return x.data(found, err)
}

func createAlias(x *exchange) reply {
	return x.done(x.e.createAlias(x.proxy, x.names.DbName, x.names.AliasName, x.names.CollectionName))
}

func alterAlias(x *exchange) reply {
	return x.done(x.e.alterAlias(x.proxy, x.names.DbName, x.names.AliasName, x.names.CollectionName))
}

func dropAlias(x *exchange) reply {
	return x.done(x.e.dropAlias(x.proxy, x.names.DbName, x.names.AliasName))
}

// The changes, sent through a proxy or, with nil, through none.

func (e *Emulator) createAlias(by *Proxy, database, alias, target string) error {
	return e.change(by, database, alias, func(c *catalog) error { return c.createAlias(database, alias, target) })
}

func (e *Emulator) alterAlias(by *Proxy, database, alias, target string) error {
	return e.change(by, database, alias, func(c *catalog) error { return c.alterAlias(database, alias, target) })
}

func (e *Emulator) dropAlias(by *Proxy, database, alias string) error {
	return e.change(by, database, alias, func(c *catalog) error { return c.dropAlias(database, alias) })
}
