package emulator

func listDatabases(x *exchange) reply {
	var found []string
	err := x.e.view(func(c *catalog) error {
		found = c.listDatabases()
		return nil
	})
	return x.data(found, err)
}

func describeDatabase(x *exchange) reply {
	found := struct {
		ID         int64      `json:"dbID"`
		Name       string     `json:"dbName"`
		Properties []property `json:"properties"`
	}{Properties: []property{}}
	err := x.e.view(func(c *catalog) error {
		db, err := c.database(x.names.DbName)
		if err != nil {
			return err
		}
		found.ID, found.Name = db.id, db.name
		found.Properties = append(found.Properties, db.properties...)
		return nil
	})
	return x.data(found, err)
}

func createDatabase(x *exchange) reply {
	var asked struct {
		Properties map[string]any `json:"properties"`
	}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	return x.done(x.e.update(func(c *catalog) error {
		return c.createDatabase(x.names.DbName, properties(asked.Properties))
	}))
}

func dropDatabase(x *exchange) reply {
	return x.done(x.e.DropDatabase(x.names.DbName))
}
