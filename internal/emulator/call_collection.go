package emulator

import (
	"fmt"
	"slices"
)

func listCollections(x *exchange) reply {
	seen := []string{}
	err := x.e.view(func(c *catalog) error {
		found, err := c.listCollections(x.names.DbName)
		for _, name := range found {
			if x.sees(c, name) {
				seen = append(seen, name)
			}
		}
		return err
	})
	return x.data(seen, err)
}

func hasCollection(x *exchange) reply {
	var found struct {
		Has bool `json:"has"`
	}
	err := x.e.view(func(c *catalog) (err error) {
		if found.Has = x.proxy.knows(x.names.DbName, x.names.CollectionName); found.Has {
			return nil
		}
		found.Has, err = c.hasCollection(x.names.DbName, x.names.CollectionName)
		return err
	})
	return x.data(found, err)
}

func dropCollection(x *exchange) reply {
	return x.done(x.e.dropCollection(x.proxy, x.names.DbName, x.names.CollectionName))
}

func (e *Emulator) dropCollection(by *Proxy, database, name string) error {
	return e.change(by, database, name, func(c *catalog) error { return c.dropCollection(database, name) })
}

func renameCollection(x *exchange) reply {
	return x.done(x.e.renameCollection(x.proxy, x.names.DbName, x.names.CollectionName, x.names.NewDbName, x.names.NewCollectionName))
}

func (e *Emulator) renameCollection(by *Proxy, database, name, newDatabase, newName string) error {
	return e.change(by, database, name, func(c *catalog) error {
		return c.renameCollection(database, name, newDatabase, newName)
	})
}

// createRequest is the body of collections/create, v1 and v2.
type createRequest struct {
	Dimension   int    `json:"dimension"`
	MetricType  string `json:"metricType"`
	Description string `json:"description"`
	Schema      *struct {
		AutoID  bool `json:"autoId"`
		Dynamic bool `json:"enableDynamicField"`
		Fields  []struct {
			Name        string         `json:"fieldName"`
			Type        string         `json:"dataType"`
			Description string         `json:"description"`
			Primary     bool           `json:"isPrimary"`
			Partition   bool           `json:"isPartitionKey"`
			Clustering  bool           `json:"isClusteringKey"`
			Nullable    bool           `json:"nullable"`
			Params      map[string]any `json:"elementTypeParams"`
		} `json:"fields"`
	} `json:"schema"`
	IndexParams []indexRequest `json:"indexParams"`
	Params      map[string]any `json:"params"`
}

// consistencyLevels are those of Milvus, the default first.
var consistencyLevels = []string{"Bounded", "Strong", "Session", "Eventually", "Customized"}

// consistency is the level that a request asks for, "" for the default.
func (r *createRequest) consistency() (string, error) {
	asked, ok := r.Params["consistencyLevel"]
	if !ok {
		return "", nil
	}
	level, _ := asked.(string)
	switch slices.Index(consistencyLevels, level) {
	case -1:
		return "", fail(codeInvalid, "consistencyLevel can only be [Strong, Session, Bounded, Eventually, Customized], default: Bounded: "+
			"invalid parameter[expected=Strong, Session, Bounded, Eventually, Customized][actual=%v]", asked)
	case 0:
		return "", nil
	}
	return level, nil
}

func createCollection(x *exchange) reply {
	var asked createRequest
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	if asked.Schema == nil && asked.Dimension == 0 {
		return failureReply(fail(codeInvalid, "dimension is required for quickly create collection(default metric type: COSINE): "+
			"invalid parameter[expected=collectionName & dimension][actual=collectionName]"))
	}
	level, err := asked.consistency()
	if err != nil {
		return failureReply(err)
	}
	made := asked.schema()
	made.Consistency = level
	return x.done(x.e.update(func(c *catalog) error {
		before := c.version
		err := c.createCollection(x.names.DbName, x.names.CollectionName, made)
		if err == nil && c.version != before {
			c.databases[x.names.DbName].collections[x.names.CollectionName].loadFor(c.profile.QuickLoad)
		}
		return err
	}))
}

func (r *createRequest) schema() schema {
	if r.Schema == nil {
		s := quickSetup(fmt.Sprint(r.Dimension), r.MetricType)
		s.Description = r.Description
		return s
	}
	s := schema{Description: r.Description, AutoID: r.Schema.AutoID, Dynamic: r.Schema.Dynamic}
	for i, f := range r.Schema.Fields {
		s.Fields = append(s.Fields, field{
			ID: firstFieldID + int64(i), Name: f.Name, Type: f.Type, Description: f.Description,
			Primary: f.Primary, AutoID: f.Primary && r.Schema.AutoID,
			Nullable: f.Nullable, Partition: f.Partition, Clustering: f.Clustering,
			Params: properties(f.Params),
		})
	}
	for _, ix := range r.IndexParams {
		s.Indexes = append(s.Indexes, ix.index())
	}
	return s
}

// describeCollectionV1 shows less than v2: no ids, no aliases, and the
// dimension within the type.
func describeCollectionV1(x *exchange) reply {
	var found struct {
		CollectionName     string      `json:"collectionName"`
		Description        string      `json:"description"`
		EnableDynamicField bool        `json:"enableDynamicField"`
		Fields             []fieldView `json:"fields"`
		Indexes            []indexView `json:"indexes"`
		Load               string      `json:"load"`
		ShardsNum          int         `json:"shardsNum"`
	}
	found.CollectionName, found.ShardsNum = x.names.CollectionName, 1
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return err
		}
		found.Description = of.schema.Description
		found.EnableDynamicField = of.schema.Dynamic
		found.Indexes = indexViews(of.schema)
		found.Load = of.loadState()
		found.Fields = fieldViews(&x.e.profile, of.schema)
		for i, f := range of.schema.Fields {
			view := &found.Fields[i]
			view.ID, view.Params = 0, nil
			if size := f.param("dim") + f.param("max_length"); size != "" {
				view.Type += "(" + size + ")"
			}
		}
		return nil
	})
	return x.data(found, err)
}

// dropCollectionV1 asks first whether the collection exists, and so answers an
// error where v2 has a success: for a missing database or collection.
func dropCollectionV1(x *exchange) reply {
	database, name := x.names.DbName, x.names.CollectionName
	return x.done(x.e.change(x.proxy, database, name, func(c *catalog) error {
		db := c.databases[database]
		if db == nil {
			return databaseMissing(database)
		}
		if db.resolve(name) == nil {
			return fail(codeCollectionNotFound, "collection not found, database: %s, collection: %s", database, name)
		}
		return c.dropCollection(database, name)
	}))
}
