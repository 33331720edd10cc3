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
	return x.done(x.e.CreateAlias(x.names.DbName, x.names.AliasName, x.names.CollectionName))
}

func alterAlias(x *exchange) reply {
	return x.done(x.e.AlterAlias(x.names.DbName, x.names.AliasName, x.names.CollectionName))
}

func dropAlias(x *exchange) reply {
	return x.done(x.e.DropAlias(x.names.DbName, x.names.AliasName))
}
