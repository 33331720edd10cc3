package emulator

import "fmt"

// The methods of this file are the calls that another client could make, for
// tests and hooks. They pass by authorization. An error is a *Failure.

// Fill puts what a seed file describes into an empty cluster. Unlike Open it
// keeps no copy: what changes is gone with the process.
func (e *Emulator) Fill(seedPath string) error {
	start, err := readSeed(seedPath)
	if err != nil {
		return err
	}
	return e.update(func(c *catalog) error {
		start.fill(c)
		return nil
	})
}

// CreateDatabase makes a database.
func (e *Emulator) CreateDatabase(database string) error {
	return e.update(func(c *catalog) error { return c.createDatabase(database, nil) })
}

// DropDatabase drops a database without collections.
func (e *Emulator) DropDatabase(database string) error {
	return e.update(func(c *catalog) error { return c.dropDatabase(database) })
}

// CreateCollection makes a loaded collection of 8-dimensional vectors.
func (e *Emulator) CreateCollection(database, collection string) error {
	return e.update(func(c *catalog) error {
		return c.createCollection(database, collection, quickSetup("8", ""))
	})
}

// DropCollection drops a collection as v2 does.
func (e *Emulator) DropCollection(database, collection string) error {
	return e.dropCollection(nil, database, collection)
}

// Unload takes a collection out of memory.
func (e *Emulator) Unload(database, collection string) error {
	return e.update(func(c *catalog) error {
		db, err := c.database(database)
		if err != nil {
			return err
		}
		of := db.collections[collection]
		if of == nil {
			return collectionNotFound(collection)
		}
		of.loaded = false
		c.changed()
		return nil
	})
}

// Loaded reports that a collection can be searched.
func (e *Emulator) Loaded(database, collection string) bool {
	loaded := false
	_ = e.view(func(c *catalog) error { // which changes nothing
		if db, err := c.database(database); err == nil && db.collections[collection] != nil {
			state, _ := db.collections[collection].loadProgress()
			loaded = state == stateLoaded
		}
		return nil
	})
	return loaded
}

// RenameCollection gives a collection another name; its aliases stay with it.
func (e *Emulator) RenameCollection(database, collection, name string) error {
	return e.renameCollection(nil, database, collection, "", name)
}

// CreateAlias binds a new alias.
func (e *Emulator) CreateAlias(database, alias, collection string) error {
	return e.createAlias(nil, database, alias, collection)
}

// AlterAlias moves an alias.
func (e *Emulator) AlterAlias(database, alias, collection string) error {
	return e.alterAlias(nil, database, alias, collection)
}

// DropAlias drops an alias.
func (e *Emulator) DropAlias(database, alias string) error {
	return e.dropAlias(nil, database, alias)
}

// MakeZombie leaves alias bound to a collection that was dropped: what a create
// that raced with a drop leaves on 2.5 (milvus-rest section 13.1, point 4), and
// every drop on a server without the guard. The collection is made and dropped
// for it, or dropped with all its aliases when it exists.
func (e *Emulator) MakeZombie(database, alias, collection string) error {
	return e.change(nil, database, collection, func(c *catalog) error { return c.makeZombie(database, alias, collection) })
}

func (c *catalog) makeZombie(database, alias, name string) error {
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if db.collections[alias] != nil {
		return aliasConflict(database, alias)
	}
	gone := db.collections[name]
	if gone == nil {
		gone = &collection{id: c.newID(), name: name, schema: quickSetup("8", "")}
	}
	db.bind(alias, gone)
	db.remove(gone)
	gone.dropped = true
	c.changed()
	return nil
}

// Bindings returns the target of every alias of a database that is not
// dangling, nil when there is no such database.
func (e *Emulator) Bindings(database string) map[string]string {
	var bindings map[string]string
	_ = e.view(func(c *catalog) error {
		if db := c.databases[database]; db != nil {
			bindings = make(map[string]string, len(db.aliases))
			for alias, to := range db.aliases {
				if !to.dropped {
					bindings[alias] = to.name
				}
			}
		}
		return nil
	})
	return bindings
}

// Collections returns the id of every collection of a database by its name,
// nil when there is no such database.
func (e *Emulator) Collections(database string) map[string]int64 {
	var ids map[string]int64
	_ = e.view(func(c *catalog) error {
		if db := c.databases[database]; db != nil {
			ids = make(map[string]int64, len(db.collections))
			for name, of := range db.collections {
				ids[name] = of.id
			}
		}
		return nil
	})
	return ids
}

// AddGrant gives a role, which is made where it is not there, a privilege or a built-in
// group on a name of a database.
func (e *Emulator) AddGrant(role, database, object, privilege string) error {
	return e.update(func(c *catalog) error {
		kind := onGlobal
		if collectionPrivileges[privilege] {
			kind = onCollection
		}
		if c.roles[role] == nil {
			c.roles[role] = map[grant]bool{}
		}
		return c.setGrant(role, grant{database, kind, c.original(database, object), privilege}, true)
	})
}

// Grants returns what each role is granted, a line each: database, type, object and
// privilege.
func (e *Emulator) Grants() map[string][]string {
	granted := map[string][]string{}
	_ = e.view(func(c *catalog) error {
		for role, grants := range c.roles {
			for g := range grants {
				granted[role] = append(granted[role], fmt.Sprintf("%s %s %s %s", g.database, g.objectType, g.objectName, g.privilege))
			}
		}
		return nil
	})
	return granted
}

// May reports whether a role lets a request through that needs a privilege on a name
// of a database, with what every user may do.
func (e *Emulator) May(role, database, name, privilege string) bool {
	may := false
	_ = e.view(func(c *catalog) error {
		if db := c.databases[database]; db != nil && c.profile.ResolvesGrants {
			name = db.originalName(name)
		}
		for _, r := range []string{role, publicRole} {
			for g := range c.roles[r] {
				may = may || c.covers(g, grant{database, typeOf(privilege), name, privilege})
			}
		}
		return nil
	})
	return may
}
