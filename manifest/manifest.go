// Package manifest is the desired side: it turns YAML bytes into a Manifest,
// every value with the file, line and column it came from, and reports every
// problem of every file in one run. It knows nothing of a cluster or a state.
//
// It also writes a Manifest as YAML, and describes the format as a JSON Schema.
//
// The planner consumes a Manifest; internal/sync calls Load, internal/cli Encode and Schema.
package manifest

import (
	"fmt"
	"time"
)

// Version is the version of the format, the value of `version`.
const Version = 1

// DefaultDatabase is the database that a document without a `database` field
// means. Milvus calls it so in every version (milvus-rest section 1).
const DefaultDatabase = "default"

// Manifest is what the documents of one run want, merged.
type Manifest struct {
	// Cluster is the label that the documents agree on, "" when none has one.
	Cluster string
	// Databases stand in the order in which the documents first name them; a
	// database that several documents name is here once.
	Databases []Database
}

// Database is the desired side of one database.
type Database struct {
	Name string
	// Named reports that a document spells the name out. It matters for the
	// default database alone: only then is `dbName` sent, because a Zilliz
	// Cloud cluster without databases may refuse the field.
	Named bool
	Pos   Position

	Aliases  []Alias   // in the order of the documents
	Retire   []Retiree // likewise
	Releases []Release // likewise
}

// Alias is one desired binding.
type Alias struct {
	Name       string
	Collection string // "" where Newest is set: the cluster decides then
	// Newest is what stands in the place of the name of a collection, nil for a name.
	Newest *Newest
	// RenamedFrom is the name that the alias had, "" for none. Both serve until KeepOld
	// is over since the new one was made; then the old one is dropped.
	RenamedFrom string
	KeepOld     time.Duration
	RenamedPos  *Position // nil without RenamedFrom
	KeepOldPos  *Position // nil without KeepOld
	// Protect forbids any later plan to drop the alias until the mark has been
	// taken away in an apply of its own.
	Protect bool
	// Displaces is what becomes of a collection that has the name of the alias; nil
	// for a conflict.
	Displaces *Displaced
	// Cutover is nil for an alias that asks for nothing beyond its binding.
	Cutover *Cutover
	Pos     Position // of the alias's name
}

// Displaced is a collection whose name an alias takes.
type Displaced struct {
	RenameTo string // what it is called then
	Pos      Position
}

// Retiree is a collection to drop once nothing points at it.
type Retiree struct {
	Collection string
	// After is how long the collection has to be without any alias before it
	// is dropped; 0 for no wait.
	After time.Duration
	// ReleaseFirst releases the collection from memory before it is dropped.
	ReleaseFirst bool
	// KeepData releases the collection from memory and drops it only where After is
	// set, when that time is over.
	KeepData bool
	Pos      Position
}

// Release names an alias to forget without dropping it.
type Release struct {
	Alias string
	Pos   Position
}

// Position is a place in a manifest file. Line and Column count from 1.
type Position struct {
	File         string
	Line, Column int
}

// String is FILE:LINE:COLUMN, as editors and CI systems find it.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Add adds an alias to the last database, or to a new one where that has another
// name: the aliases come sorted by database.
func (m *Manifest) Add(database string, a Alias) {
	if n := len(m.Databases); n == 0 || m.Databases[n-1].Name != database {
		m.Databases = append(m.Databases, Database{Name: database})
	}
	d := &m.Databases[len(m.Databases)-1]
	d.Aliases = append(d.Aliases, a)
}

// Golden are the golden files of a manifest, each once.
func (m *Manifest) Golden() []*Golden {
	if m == nil {
		return nil
	}
	var all []*Golden
	seen := make(map[string]bool)
	for _, d := range m.Databases {
		for _, a := range d.Aliases {
			if a.Cutover == nil || a.Cutover.Golden == nil || a.Cutover.Golden.File == "" || seen[a.Cutover.Golden.Path()] {
				continue
			}
			seen[a.Cutover.Golden.Path()] = true
			all = append(all, a.Cutover.Golden)
		}
	}
	return all
}
