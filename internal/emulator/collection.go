package emulator

import (
	"strings"
	"sync"
	"time"
)

// collection is one collection. Its id is never given out again.
type collection struct {
	id     int64
	name   string
	schema schema
	// rows is how many rows the seed gave it. The first of them can be seen
	// (sample); gone are the ids of those that were deleted since.
	rows    int64
	noise   float64
	origin  string // its name in the seed
	gone    map[int64]bool
	sampled sync.Once
	samples []row
	// entities are the rows that were added one by one.
	entities []row
	// pending is how many rows the indexes lack.
	pending int64
	loaded  bool
	// loading and loadedAt are when LoadStateLoading begins and ends, for a
	// loaded collection.
	loading, loadedAt time.Time
	aliases           nameSet
	// dropped marks a collection that only dangling aliases still know.
	dropped bool
}

// createCollection is a success when the collection exists with the same
// schema. A collection whose vectors are all indexed is loaded by itself.
func (c *catalog) createCollection(database, name string, s schema) error {
	if err := c.profile.checkCollection(name); err != nil {
		return err
	}
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if db.aliases[name] != nil {
		if c.profile.TypedErrors {
			conflict := aliasConflict(database, name)
			conflict.Message = "please choose a unique name: " + conflict.Message
			return conflict
		}
		return fail(codeUnexpected, "collection name [%s] conflicts with an existing alias, please choose a unique name", name)
	}
	if old := db.collections[name]; old != nil {
		if !old.schema.equal(s) {
			return c.profile.unclassified("create duplicate collection with different parameters, collection: %s", name)
		}
		return nil
	}
	added := &collection{id: c.newID(), name: name, schema: s}
	db.add(added)
	c.changed()
	if len(s.Indexes) == 0 {
		return nil
	}
	return c.load(added)
}

// load starts to load a collection. It needs an index on every vector field;
// without any the code is 700.
func (c *catalog) load(of *collection) error {
	if len(of.schema.Indexes) == 0 {
		return indexNotFound(of.name)
	}
	if bare := of.schema.unindexed(); len(bare) > 0 {
		return c.profile.unclassified("there is no vector index on field: [%s], please create index firstly",
			strings.Join(bare, " "))
	}
	if !of.loaded {
		of.loaded, of.loading = true, time.Now()
		of.loadedAt = of.loading.Add(c.loadTime)
		c.changed()
	}
	return nil
}

// loadFor makes a collection that is loading take at least so long.
func (of *collection) loadFor(least time.Duration) {
	if ready := of.loading.Add(least); of.loaded && of.loadedAt.Before(ready) {
		of.loadedAt = ready
	}
}

// dropCollection is a success for a collection or a database that does not
// exist.
func (c *catalog) dropCollection(database, name string) error {
	if c.profile.TrimsNames {
		if err := c.profile.checkCollection(name); err != nil {
			return err
		}
	}
	db := c.databases[database]
	if db == nil {
		return nil
	}
	if to := db.aliases[name]; to != nil && !to.dropped {
		return c.profile.unclassified("cannot drop the collection via alias = %s", name)
	}
	gone := db.collections[name]
	if gone == nil {
		return nil
	}
	if c.profile.Guard && gone.aliases.len() > 0 {
		return c.profile.unclassified("unable to drop the collection [%s] because it has associated aliases [%s], "+
			"please remove all aliases before dropping the collection",
			name, strings.Join(gone.aliases.list(c.turn.Add(1)), " "))
	}
	db.remove(gone)
	gone.dropped = true
	c.regrant(database, name, "", "")
	c.changed()
	return nil
}

func (db *database) add(of *collection) {
	db.collections[of.name], db.byID[of.id] = of, of
	db.collectionNames.add(of.name)
}

func (db *database) remove(of *collection) {
	delete(db.collections, of.name)
	delete(db.byID, of.id)
	db.collectionNames.remove(of.name)
}

// renameCollection gives a collection another name and, where newDatabase is
// not "", another database. Its aliases stay with it.
func (c *catalog) renameCollection(database, name, newDatabase, newName string) error {
	if err := c.profile.checkCollection(newName); err != nil {
		return err
	}
	db, err := c.database(database)
	if err != nil {
		return err
	}
	if c.profile.shape.renameToOther && name == newName && (newDatabase == "" || newDatabase == database) {
		return c.profile.unclassified("collection name or database name should be different")
	}
	to := db
	if newDatabase != "" && newDatabase != database {
		if to = c.databases[newDatabase]; to == nil {
			return c.profile.targetDatabaseNotFound(newDatabase)
		}
	}
	if db.aliases[name] != nil {
		return c.profile.unclassified("unsupported use an alias to rename collection, alias:%s", name)
	}
	if to.aliases[newName] != nil {
		if c.profile.TypedErrors {
			return aliasConflict(to.name, newName)
		}
		return fail(codeUnexpected, "cannot rename collection to an existing alias: %s", newName)
	}
	if to.collections[newName] != nil {
		return c.profile.unclassified("duplicated new collection name %s:%s with other collection name or alias", to.name, newName)
	}
	moved := db.collections[name]
	if moved == nil && c.profile.shape.renameByID {
		return collectionNotFoundAt(db.id, name)
	} else if moved == nil {
		return collectionNotFoundIn(database, name)
	}
	if to != db && moved.aliases.len() > 0 {
		return c.profile.unclassified("fail to rename db name, must drop all aliases of this collection before rename")
	}
	db.remove(moved)
	moved.name = newName
	to.add(moved)
	c.regrant(db.name, name, to.name, newName)
	c.changed()
	return nil
}

func (c *catalog) listCollections(database string) ([]string, error) {
	db, err := c.database(database)
	if err != nil {
		return nil, err
	}
	return db.collectionNames.list(c.turn.Add(1)), nil
}

// hasCollection is true for the name of an alias too.
func (c *catalog) hasCollection(database, name string) (bool, error) {
	if err := c.profile.checkCollection(name); err != nil {
		return false, err
	}
	db := c.databases[database]
	if db == nil {
		if c.profile.HasForgivesDatabase {
			return false, nil
		}
		return false, databaseNotFound(database)
	}
	return db.resolve(name) != nil, nil
}

// find resolves a collection by name or alias for the calls that take both;
// missing makes the error of one that is not there.
func (c *catalog) find(database, name string, missing func(database, name string) *Failure) (*collection, error) {
	db, err := c.database(database)
	if err != nil {
		return nil, err
	}
	found := db.resolve(name)
	if found == nil {
		return nil, missing(database, name)
	}
	return found, nil
}

// Load states, as Milvus spells them.
const (
	stateNotLoaded = "LoadStateNotLoad"
	stateLoading   = "LoadStateLoading"
	stateLoaded    = "LoadStateLoaded"
)

func (of *collection) loadState() string {
	state, _ := of.loadProgress()
	return state
}

// loadProgress is the load state, and how much is loaded in percent.
func (of *collection) loadProgress() (state string, percent int) {
	now := time.Now()
	switch {
	case !of.loaded:
		return stateNotLoaded, 0
	case now.Before(of.loadedAt):
		return stateLoading, int(100 * now.Sub(of.loading) / of.loadedAt.Sub(of.loading))
	}
	return stateLoaded, 100
}
