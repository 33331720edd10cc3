package emulator

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schema is what a collection's rows look like and how they are indexed.
type schema struct {
	Description string  `json:"description,omitempty"`
	AutoID      bool    `json:"auto_id,omitempty"`
	Dynamic     bool    `json:"dynamic,omitempty"`
	Fields      []field `json:"fields"`
	Indexes     []index `json:"indexes,omitempty"`
	// Consistency is the level, "" for Bounded; properties were set later.
	Consistency string     `json:"consistency,omitempty"`
	Properties  []property `json:"properties,omitempty"`
}

type field struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	Type        string     `json:"type"` // as in Milvus: Int64, VarChar, FloatVector, ...
	Description string     `json:"description,omitempty"`
	Primary     bool       `json:"primary,omitempty"`
	AutoID      bool       `json:"auto_id,omitempty"`
	Nullable    bool       `json:"nullable,omitempty"`
	Partition   bool       `json:"partition_key,omitempty"`
	Clustering  bool       `json:"clustering_key,omitempty"`
	Params      []property `json:"params,omitempty"` // dim, max_length
}

type index struct {
	Name   string     `json:"name"`
	Field  string     `json:"field"`
	Type   string     `json:"type"`
	Metric string     `json:"metric"`
	Params []property `json:"params,omitempty"`
}

// firstFieldID is the id of a collection's first field; smaller ones are
// system fields.
const firstFieldID = 100

// quickSetup is the schema that Milvus makes of a dimension alone.
func quickSetup(dimension, metric string) schema {
	if metric == "" {
		metric = "COSINE"
	}
	return schema{
		Dynamic: true,
		Fields: []field{
			{ID: firstFieldID, Name: "id", Type: "Int64", Primary: true},
			{ID: firstFieldID + 1, Name: "vector", Type: "FloatVector",
				Params: []property{{"dim", dimension}}},
		},
		Indexes: []index{{Name: "vector", Field: "vector", Type: "AUTOINDEX", Metric: metric}},
	}
}

// equal compares what a collection is created with; indexes and properties may
// differ.
func (s schema) equal(t schema) bool {
	s.Indexes, t.Indexes, s.Properties, t.Properties = nil, nil, nil, nil
	return reflect.DeepEqual(s, t)
}

// setProperty adds a property, or changes the one of that key.
func (s *schema) setProperty(p property) {
	s.Properties = slices.DeleteFunc(s.Properties, func(old property) bool { return old.Key == p.Key })
	s.Properties = append(s.Properties, p)
}

// unindexed names the vector fields without an index.
func (s schema) unindexed() []string {
	var bare []string
	for _, f := range s.Fields {
		if f.isVector() && s.indexOn(f.Name) == nil {
			bare = append(bare, f.Name)
		}
	}
	return bare
}

func (s schema) indexOn(field string) *index {
	for i := range s.Indexes {
		if s.Indexes[i].Field == field {
			return &s.Indexes[i]
		}
	}
	return nil
}

// maxFieldID counts the hidden field that holds dynamic values.
func (s schema) maxFieldID() int64 {
	last := int64(firstFieldID + len(s.Fields) - 1)
	if s.Dynamic {
		last++
	}
	return last
}

// dimension is 0 for a field without one.
func (f field) dimension() int {
	n, _ := strconv.Atoi(f.param("dim"))
	return n
}

func (f field) isVector() bool { return strings.HasSuffix(f.Type, "Vector") }

func (f field) param(key string) string {
	for _, p := range f.Params {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// properties are the pairs of a JSON object, sorted by key, nil for none.
// Milvus keeps every value as text.
func properties(object map[string]any) []property {
	var pairs []property
	for _, key := range slices.Sorted(maps.Keys(object)) {
		pairs = append(pairs, property{key, fmt.Sprint(object[key])})
	}
	return pairs
}
