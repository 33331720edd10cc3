package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// fieldView is a field as collections/describe shows it.
type fieldView struct {
	AutoID      bool       `json:"autoId"`
	Clustering  bool       `json:"clusteringKey"`
	Description string     `json:"description"`
	ID          int64      `json:"id,omitempty"` // not in v1
	Name        string     `json:"name"`
	Nullable    *bool      `json:"nullable,omitempty"`
	Params      []property `json:"params,omitempty"` // not in v1
	Partition   bool       `json:"partitionKey"`
	Primary     bool       `json:"primaryKey"`
	Type        string     `json:"type"`
}

type indexView struct {
	FieldName  string `json:"fieldName"`
	IndexName  string `json:"indexName"`
	MetricType string `json:"metricType"`
}

// empty is a list that is there and has nothing in it.
var empty = &[]string{}

type collectionView struct {
	Aliases            []string    `json:"aliases"`
	AutoID             bool        `json:"autoId"`
	CollectionID       int64       `json:"collectionID"`
	CollectionName     string      `json:"collectionName"`
	ConsistencyLevel   string      `json:"consistencyLevel"`
	Description        string      `json:"description"`
	EnableDynamicField bool        `json:"enableDynamicField"`
	ExternalSource     *string     `json:"externalSource,omitempty"`
	ExternalSpec       *string     `json:"externalSpec,omitempty"`
	Fields             []fieldView `json:"fields"`
	Functions          *[]string   `json:"functions,omitempty"`
	Indexes            []indexView `json:"indexes"`
	Load               string      `json:"load"`
	PartitionsNum      int         `json:"partitionsNum"`
	Properties         []property  `json:"properties"`
	ShardsNum          int         `json:"shardsNum"`
	StructFields       *[]string   `json:"structFields,omitempty"`
}

// describeCollection answers as the handler of Milvus does: the collection
// itself, and three more calls whose failures end up in the message of a
// success (milvus-rest section 1.4). The name is that of the request, also
// when it is an alias.
func describeCollection(x *exchange) reply {
	p := &x.e.profile
	found := collectionView{
		Aliases: []string{}, Indexes: []indexView{}, Properties: []property{},
		CollectionName: x.names.CollectionName,
		PartitionsNum:  1, ShardsNum: 1,
	}
	message := ""
	err := x.e.view(func(c *catalog) error {
		of, err := x.describe(c)
		if err != nil {
			return err
		}
		found.CollectionID = of.id
		found.Description = of.schema.Description
		found.AutoID = of.schema.AutoID
		found.ConsistencyLevel = cmp.Or(of.schema.Consistency, consistencyLevels[0])
		found.EnableDynamicField = of.schema.Dynamic
		found.Fields = fieldViews(p, of.schema)
		found.Properties = p.properties(of.schema)

		if err := x.allowed(c, "GetLoadState"); err != nil {
			message += err.(*Failure).Message + ";"
		} else {
			found.Load = of.loadState()
		}
		if found.Indexes = indexViews(of.schema); len(found.Indexes) == 0 {
			message += indexNotFound(x.names.CollectionName).Message + ";"
		}
		if found.Aliases, err = c.listAliases(x.names.DbName, x.names.CollectionName); err != nil {
			found.Aliases = []string{}
			message += err.(*Failure).Message + "."
		}
		return nil
	})
	if err != nil {
		return failureReply(err)
	}
	if p.shape.nullable {
		found.Functions = empty
	}
	if p.shape.external {
		found.ExternalSource, found.ExternalSpec = new(string), new(string)
	}
	if p.shape.structFields {
		found.StructFields = empty
	}
	return jsonReply(http.StatusOK, successBody{x.route.success, found, &message})
}

// describe resolves the collection of collections/describe.
func (x *exchange) describe(c *catalog) (*collection, error) {
	if x.e.profile.DescribesFresh {
		return c.find(x.names.DbName, x.names.CollectionName, cannotFindCollection)
	}
	return x.find(c, cannotFindCollection)
}

func fieldViews(p *Profile, s schema) []fieldView {
	views := make([]fieldView, len(s.Fields))
	for i, f := range s.Fields {
		views[i] = fieldView{
			AutoID: f.AutoID, Clustering: f.Clustering, Description: f.Description, ID: f.ID, Name: f.Name,
			Params: f.Params, Partition: f.Partition, Primary: f.Primary, Type: f.Type,
		}
		if p.shape.nullable {
			views[i].Nullable = &f.Nullable
		}
	}
	return views
}

func indexViews(s schema) []indexView {
	views := make([]indexView, len(s.Indexes))
	for i, ix := range s.Indexes {
		views[i] = indexView{ix.Field, ix.Name, ix.Metric}
	}
	return views
}

func (p *Profile) properties(s schema) []property {
	all := []property{}
	if p.shape.timezone {
		all = append(all, property{"timezone", "UTC"})
	}
	if p.shape.external {
		all = append(all, property{"namespace.sharding.enabled", "false"},
			property{"max_field_id", fmt.Sprint(s.maxFieldID())})
	}
	return append(all, s.Properties...)
}

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
		// What a server answers that has not built the index with any version yet.
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
	return x.change(func(c *catalog, of *collection) error {
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
	})
}

// dropIndex is a success for an index that does not exist.
func dropIndex(x *exchange) reply {
	return x.change(func(c *catalog, of *collection) error {
		if of.loaded {
			return c.profile.unclassified("index cannot be dropped, collection is loaded, please release it first")
		}
		of.schema.Indexes = slices.DeleteFunc(of.schema.Indexes, func(ix index) bool {
			return ix.Name == x.names.IndexName
		})
		c.changed()
		return nil
	})
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
