package emulator

import (
	"encoding/json"
	"slices"
)

func listIndexes(x *exchange) reply {
	found := []string{}
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		for _, ix := range of.schema.Indexes {
			found = append(found, ix.Name)
		}
		return nil
	})
	return x.data(found, err)
}

// indexDetail is an index as indexes/describe shows it. Only what newer
// versions tell is a pointer or may be left out.
type indexDetail struct {
	FailReason       string     `json:"failReason"`
	FieldName        string     `json:"fieldName"`
	IndexName        string     `json:"indexName"`
	IndexParams      []property `json:"indexParams,omitempty"`
	IndexState       string     `json:"indexState"`
	IndexType        string     `json:"indexType"`
	IndexedRows      int64      `json:"indexedRows"`
	IndexOffsetCache *string    `json:"indexoffsetcache.enabled,omitempty"`
	MaxIndexVersion  int64      `json:"maxIndexVersion,omitempty"`
	MetricType       string     `json:"metricType"`
	MinIndexVersion  int64      `json:"minIndexVersion,omitempty"`
	Mmap             *string    `json:"mmap.enabled,omitempty"`
	PendingRows      int64      `json:"pendingRows"`
	TotalRows        int64      `json:"totalRows"`
	Warmup           *string    `json:"warmup,omitempty"`
}

func describeIndex(x *exchange) reply {
	var found []indexDetail
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		for _, ix := range of.schema.Indexes {
			if ix.Name == x.names.IndexName {
				found = append(found, x.e.profile.indexDetail(ix, of))
			}
		}
		if found == nil {
			return fail(codeIndexNotFound, "index not found[indexName=%s]", x.names.IndexName)
		}
		return nil
	})
	return x.data(found, err)
}

func (p *Profile) indexDetail(ix index, of *collection) indexDetail {
	detail := indexDetail{
		FieldName: ix.Field, IndexName: ix.Name, IndexState: "Finished", IndexType: ix.Type,
		IndexedRows: of.rows - of.pending, MetricType: ix.Metric, PendingRows: of.pending, TotalRows: of.rows,
	}
	if of.pending > 0 {
		detail.IndexState = "InProgress"
	}
	if p.shape.indexParams {
		detail.IndexParams = []property{{"index_type", ix.Type}, {"metric_type", ix.Metric}}
		if len(ix.Params) > 0 {
			params := map[string]string{}
			for _, p := range ix.Params {
				params[p.Key] = p.Value
			}
			text, _ := json.Marshal(params)
			detail.IndexParams = append(detail.IndexParams, property{"params", string(text)})
		}
		// What a server says that has not built the index with any version yet.
		detail.MaxIndexVersion, detail.MinIndexVersion = -2147483648, 2147483647
		detail.IndexOffsetCache, detail.Mmap = new(string), new(string)
	}
	if p.shape.warmup {
		detail.Warmup = new(string)
	}
	return detail
}

// indexRequest is an index as a client asks for it.
type indexRequest struct {
	Field  string         `json:"fieldName"`
	Name   string         `json:"indexName"`
	Type   string         `json:"indexType"`
	Metric string         `json:"metricType"`
	Params map[string]any `json:"params"`
}

func (r indexRequest) index() index {
	name := r.Name
	if name == "" {
		name = r.Field
	}
	return index{Name: name, Field: r.Field, Type: r.Type, Metric: r.Metric, Params: properties(r.Params)}
}

func createIndex(x *exchange) reply {
	var asked struct {
		IndexParams []indexRequest `json:"indexParams"`
	}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	return x.done(x.e.update(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		for _, ix := range asked.IndexParams {
			if of.schema.field(ix.Field).Name == "" {
				return c.profile.unclassified("cannot create index on non-exist field: %s", ix.Field)
			}
			if of.schema.indexOn(ix.Field) == nil {
				of.schema.Indexes = append(of.schema.Indexes, ix.index())
				c.changed()
			}
		}
		return nil
	}))
}

// dropIndex is a success for an index that does not exist.
func dropIndex(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		if of.loaded {
			return c.profile.unclassified("index cannot be dropped, collection is loaded, please release it first")
		}
		of.schema.Indexes = slices.DeleteFunc(of.schema.Indexes, func(ix index) bool {
			return ix.Name == x.names.IndexName
		})
		c.changed()
		return nil
	}))
}

// listPartitions knows the one partition that every collection has.
func listPartitions(x *exchange) reply {
	err := x.e.view(func(c *catalog) error {
		_, err := x.find(c, collectionNotFoundIn)
		return err
	})
	return x.data([]string{"_default"}, err)
}

func listResourceGroups(x *exchange) reply {
	return x.data([]string{"__default_resource_group"}, nil)
}
