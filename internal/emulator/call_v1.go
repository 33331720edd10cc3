package emulator

// describeCollectionV1 tells less than v2: no ids, no aliases, and the
// dimension within the type.
func describeCollectionV1(x *exchange) reply {
	var found struct {
		CollectionName     string      `json:"collectionName"`
		Description        string      `json:"description"`
		EnableDynamicField bool        `json:"enableDynamicField"`
		Fields             []fieldView `json:"fields"`
		Indexes            []indexView `json:"indexes"`
		Load               string      `json:"load"`
		ShardsNum          int         `json:"shardsNum"`
	}
	found.CollectionName, found.ShardsNum = x.names.CollectionName, 1
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return err
		}
		found.Description = of.schema.Description
		found.EnableDynamicField = of.schema.Dynamic
		found.Indexes = indexViews(of.schema)
		found.Load = of.loadState()
		found.Fields = fieldViews(&x.e.profile, of.schema)
		for i, f := range of.schema.Fields {
			view := &found.Fields[i]
			view.ID, view.Params = 0, nil
			if size := f.param("dim") + f.param("max_length"); size != "" {
				view.Type += "(" + size + ")"
			}
		}
		return nil
	})
	return x.data(found, err)
}

// dropCollectionV1 asks first whether the collection exists, and so answers an
// error where v2 has a success: for a missing database or collection.
func dropCollectionV1(x *exchange) reply {
	database, name := x.names.DbName, x.names.CollectionName
	return x.done(x.e.change(x.proxy, database, name, func(c *catalog) error {
		db := c.databases[database]
		if db == nil {
			return fail(codeDatabaseNotFound, "database not found, database: %s", database)
		}
		if db.resolve(name) == nil {
			return fail(codeCollectionNotFound, "collection not found, database: %s, collection: %s", database, name)
		}
		return c.dropCollection(database, name)
	}))
}
