package emulator

import (
	"sync/atomic"
	"time"
)

// DefaultDatabase is the database of a call that names none.
const DefaultDatabase = "default"

// catalog is the metadata of one cluster: what exists and under which name. It
// knows nothing of HTTP and does not lock; Emulator.view and Emulator.update
// do that around it.
//
// An alias is bound to a collection, not to the name of one: a rename carries
// the aliases along, and a collection that is created again under an old name
// gets none of them. A collection that was dropped while aliases pointed at it
// stays behind them with dropped set. Such dangling aliases are hidden from
// list and describe, yet create still trips over them (milvus-rest sections 2
// and 13.1, point 4).
type catalog struct {
	profile *Profile
	// start is the first id of this run of the server, nextID follows the last
	// one that was given out, in this run or an earlier one.
	start, nextID int64
	databases     map[string]*database
	names         nameSet // of the databases, for lists
	roster
	builtIn []privilegeGroup // of the profile, in the order of lists
	// version counts the changes, so that calls that change nothing are distinguished
	// from those that do.
	version uint64
	// loadTime is how long a collection stays in LoadStateLoading.
	loadTime time.Duration
	turn     *atomic.Uint64
}

type database struct {
	id          int64
	name        string
	properties  []property
	collections map[string]*collection
	byID        map[int64]*collection
	aliases     map[string]*collection
	// The names of both, for lists.
	collectionNames, aliasNames nameSet
}

type property struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func newCatalog(profile *Profile, firstID int64, turn *atomic.Uint64) *catalog {
	c := &catalog{profile: profile, start: firstID, nextID: firstID, databases: map[string]*database{}, roster: newRoster(), builtIn: profile.privilegeGroups(), turn: turn}
	c.addDatabase(DefaultDatabase, 1)
	return c
}

// newID returns an id that no object of this cluster ever had. As in Milvus, ids
// ascend, and all of one run carry the millisecond in which the server started.
func (c *catalog) newID() int64 {
	id := max(c.nextID, c.start)
	c.nextID = id + 1
	return id
}

func (c *catalog) changed() { c.version++ }

func (c *catalog) addDatabase(name string, id int64) *database {
	db := &database{
		id: id, name: name,
		collections: map[string]*collection{},
		byID:        map[int64]*collection{},
		aliases:     map[string]*collection{},
	}
	c.databases[name] = db
	c.names.add(name)
	return db
}

func (c *catalog) database(name string) (*database, error) {
	db, ok := c.databases[name]
	if !ok {
		return nil, databaseNotFound(name)
	}
	return db, nil
}

func (c *catalog) listDatabases() []string { return c.names.list(c.turn.Add(1)) }

func (c *catalog) createDatabase(name string, properties []property) error {
	if err := checkDatabase(name); err != nil {
		return err
	}
	if c.databases[name] != nil {
		return c.profile.unclassified("database already exist: %s", name)
	}
	c.addDatabase(name, c.newID()).properties = properties
	c.changed()
	return nil
}

// dropDatabase is a success for a database that does not exist.
func (c *catalog) dropDatabase(name string) error {
	if name == DefaultDatabase {
		return c.profile.unclassified("can not drop default database")
	}
	db := c.databases[name]
	if db == nil {
		return nil
	}
	if len(db.collections) > 0 {
		return c.profile.unclassified("database:%s not empty, must drop all collections before drop database", name)
	}
	delete(c.databases, name)
	c.names.remove(name)
	c.changed()
	return nil
}

func (db *database) bind(alias string, to *collection) {
	if old := db.aliases[alias]; old != nil {
		old.aliases.remove(alias)
	}
	db.aliases[alias] = to
	db.aliasNames.add(alias)
	to.aliases.add(alias)
}

func (db *database) unbind(alias string) {
	if old := db.aliases[alias]; old != nil {
		old.aliases.remove(alias)
		db.aliasNames.remove(alias)
		delete(db.aliases, alias)
	}
}

// resolve finds a collection by its name or by an alias of it, nil for neither.
// The alias comes first, as in Milvus.
func (db *database) resolve(name string) *collection {
	if to := db.aliases[name]; to != nil && !to.dropped {
		return to
	}
	return db.collections[name]
}

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
