package planner

// Live is what the cluster said when it was read: of the managed names, and
// of what a plan over them could harm. A nil *Live means that the cluster was
// not read; the planner then assumes that it equals the state.
type Live struct {
	Databases map[string]*LiveDatabase // by name; every database of Scope is in it
}

// LiveDatabase is one database as it was read.
type LiveDatabase struct {
	// Missing says that the cluster has no such database (code 800).
	Missing bool
	// Bindings holds the target of every managed alias that exists. A managed
	// alias that is not in it does not exist.
	Bindings map[string]string
	// Aliases holds the name of every alias of the database, also unmanaged
	// ones. A dangling alias is in neither: Milvus hides it.
	Aliases map[string]struct{}
	// Collections holds the existing ones among the collections that the
	// manifest or the state names (targets, retirees, and names that an alias
	// would take). One that was asked for and is not in it does not exist.
	Collections map[string]LiveCollection
	// Names are all collections of the database, sorted; read where an alias
	// retires by pattern (DatabaseScope.Names), and where a collection that the
	// manifest names does not exist.
	Names []string
	// Golden holds the measured comparisons, by alias.
	Golden map[string]*GoldenFact
	// Serving holds, by collection, what Needs.Serving asked: Load and Rows of
	// each green, and of a blue only where its green falls short.
	Serving map[string]*Facts
}

// LiveCollection is one existing collection.
type LiveCollection struct {
	// ID is the collection id as decimal digits. It is read for retirees and
	// for what is inspected, and is "" for collections whose id no step needs.
	ID string
	// Facts are what the checks of a cutover asked for; nil for nothing.
	Facts *Facts
	// Aliases are all aliases that point at the collection, also unmanaged
	// ones, sorted; read for retirees (`aliases/list` with `collectionName`).
	Aliases []string
}

// Scope says what has to be read for a plan: per database, the managed aliases
// with the collections where they are expected, and the collections that the
// manifest wants to bind or to retire.
type Scope struct {
	Databases []DatabaseScope // sorted by name
}

// DatabaseScope is the scope within one database.
type DatabaseScope struct {
	Name string
	// Aliases maps each managed alias to the collection where it is most
	// likely found: that of the state, else that of the manifest.
	Aliases map[string]string
	// Targets are the collections that the manifest binds, sorted.
	Targets []string
	// Retirees are the collections that the manifest retires, sorted.
	Retirees []string
	// Names asks for the names of all collections of the database.
	Names bool
}
