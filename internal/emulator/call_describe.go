package emulator

import (
	"fmt"
	"net/http"
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
		CollectionName: x.names.CollectionName, ConsistencyLevel: "Bounded",
		PartitionsNum: 1, ShardsNum: 1,
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
		found.EnableDynamicField = of.schema.Dynamic
		found.Fields = fieldViews(p, of.schema)
		found.Properties = p.properties(of.schema)

		if err := x.allowed("GetLoadState"); err != nil {
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
	return all
}
