package planner

import (
	"time"

	"aliasctl/manifest"
)

// Facts are what a cluster tells about one collection, as far as the checks of
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
	State    string // as Milvus says it: LoadStateLoaded, LoadStateLoading, LoadStateNotLoad
	Progress int    // in percent
	Why      string // why it is unknown, "" when it is known
}

// Loaded is the only load state in which a collection can be searched.
const Loaded = "LoadStateLoaded"

// RowsFact is the number of rows and where it comes from: a strong count(*)
// sees everything, get_stats does not see growing data (milvus-rest section 14).
type RowsFact struct {
	Count  int64
	Source string // "count(*)" or "get_stats"
	Why    string
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

// GoldenQuery is one query vector, answered by both collections by name.
type GoldenQuery struct {
	Overlap     float64 // share of the k results that both give, 0 to 1
	Blue, Green time.Duration
}

// fact says whether it is unknown, and why; "" when it was not asked for.
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
