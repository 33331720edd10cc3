package emulator

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
