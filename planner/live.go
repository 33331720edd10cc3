package planner

import (
	"strings"
	"time"

	"github.com/xrash/smetrics"

	"aliasctl/manifest"
)

// Live is what the cluster answered when it was read: of the managed names, and
// of what a plan over them could harm. A nil *Live means that the cluster was
// not read; the planner then assumes that it equals the state.
type Live struct {
	Databases map[string]*LiveDatabase // by name; every database of Scope is in it
}

// LiveDatabase is one database as it was read.
type LiveDatabase struct {
	// Missing reports that the cluster has no such database (code 800).
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
	// Grants is what roles are granted here; nil when Needs.Grants does not ask.
	Grants *GrantFact
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

// Scope reports what has to be read for a plan: per database, the managed aliases
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

// Facts are what a cluster reports of one collection, as far as the checks of
// a cutover asked. A fact that was not asked for is nil. One that the server
// could not answer has a Why.
type Facts struct {
	Load    *LoadFact
	Rows    *RowsFact
	Indexes *IndexFact
	Schema  *SchemaFact
}

// LoadFact is the load state (`collections/get_load_state`).
type LoadFact struct {
	State    string // as Milvus says it: Loaded, Loading, LoadStateNotLoad
	Progress int    // in percent
	Why      string // why it is unknown, "" when it is known
	// Unanswered reports that Why is no word of Milvus: something in between
	// answered in its place.
	Unanswered bool
}

// Loaded is the only load state in which a collection can be searched.
const Loaded = "LoadStateLoaded"

// Loading is the load state of a collection on its way there.
const Loading = "LoadStateLoading"

// RowsFact is the number of rows and where it comes from: a strong count(*)
// sees everything, get_stats does not see growing data (milvus-rest section 14).
type RowsFact struct {
	Count  int64
	Source string // "count(*)" or "get_stats"
	Why    string
	// Unanswered is that of a LoadFact.
	Unanswered bool
}

// IndexFact is one entry per vector field.
type IndexFact struct {
	Fields []VectorIndex // sorted by field
	Why    string
}

// VectorIndex is the index of one vector field.
type VectorIndex struct {
	Field   string
	Index   string // "" when the field has none
	State   string // "Finished" when it is
	Metric  string
	Type    string // such as HNSW
	Pending int64  // rows that are not indexed yet
}

// SchemaFact is what two collections must share to be interchangeable.
type SchemaFact struct {
	Fields  []Field // sorted by name
	Dynamic bool
	Why     string
}

// Field is one field of a schema.
type Field struct {
	Name    string
	Type    string
	Dim     string // of a vector, as Milvus gives it
	Primary bool
	Metric  string // of its index, "" when it has none
	Index   string // the type of its index, "" when it has none
}

// GoldenFact is what a comparison by golden queries measured.
type GoldenFact struct {
	Queries []GoldenQuery
	K       int
	Why     string
}

// GoldenQuery is one query, answered by both collections by name, or by green alone.
type GoldenQuery struct {
	// Overlap is the share of the k results that both give, or of the expected ids
	// that green gives; from 0 to 1.
	Overlap     float64
	Blue, Green time.Duration // Blue is 0 when it was not asked
	Expected    bool          // the file has the ids
}

// fact reports whether it is unknown, and why; "" when it was not asked for.
type fact interface {
	unknown() (why string, unknown bool)
}

func (f *LoadFact) unknown() (string, bool) { return missing(f == nil, func() string { return f.Why }) }
func (f *RowsFact) unknown() (string, bool) { return missing(f == nil, func() string { return f.Why }) }
func (f *IndexFact) unknown() (string, bool) {
	return missing(f == nil, func() string { return f.Why })
}
func (f *SchemaFact) unknown() (string, bool) {
	return missing(f == nil, func() string { return f.Why })
}
func (f *GoldenFact) unknown() (string, bool) {
	return missing(f == nil, func() string { return f.Why })
}

func missing(unasked bool, why func() string) (string, bool) {
	if unasked {
		return "", true
	}
	return why(), why() != ""
}

// Inspection names one collection and the facts that are to be read of it.
type Inspection struct {
	Database, Collection        string
	Load, Rows, Indexes, Schema bool
}

// GoldenRun names one comparison to make.
type GoldenRun struct {
	Database, Alias, Blue, Green string
	Golden                       *manifest.Golden
}

// nearest is the collection of a database whose name is spelt most like another
// one, "" when none is near: at most two letters apart, and at most a third of the
// name. A name that differs in its numbers alone is no misspelling: products_v43
// beside products_v42 is the next build.
func nearest(name string, live *LiveDatabase) string {
	const longest, most = 255, 10_000 // bound the work of a hint
	best, distance := "", min(3, len(name)/3+1)
	for i, other := range live.Names {
		if i == most || len(name) > longest {
			break
		}
		if d := len(other) - len(name); d >= distance || -d >= distance || alike(other, name) {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(other), 1, 1, 1); d < distance {
			best, distance = other, d
		}
	}
	return best
}

// At is what an alias is bound to, "" for nothing.
func (l *Live) At(k Key) string {
	if d := l.Databases[k.Database]; d != nil {
		return d.Bindings[k.Name]
	}
	return ""
}

// Learn adds ids that were read elsewhere to those of the collections that exist.
func (l *Live) Learn(ids map[Key]string) {
	for k, id := range ids {
		d := l.Databases[k.Database]
		if d == nil {
			continue
		}
		if c, exists := d.Collections[k.Name]; exists && c.ID == "" {
			c.ID = id
			d.Collections[k.Name] = c
		}
	}
}

// MadeAnew reports whether the collection that a binding of the state is bound to is
// another one than was recorded under that name, with both ids.
//
// A collection that was dropped and made anew under its name keeps every binding by
// name, and is another collection: empty at first, with another schema perhaps. Only
// its id shows that. `aliases/list` and `collections/list`, which prove the bindings,
// give none, so it is seen where an id is read for another reason
// (LiveDatabase.Collections).
func (b *Binding) MadeAnew(live *LiveDatabase) (was, is string, anew bool) {
	if b == nil || b.CollectionID == "" || live.Bindings[b.Alias] != b.Collection {
		return "", "", false
	}
	is = live.Collections[b.Collection].ID
	return b.CollectionID, is, is != "" && is != b.CollectionID
}
