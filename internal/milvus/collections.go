package milvus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"aliasctl/planner"
)

// ListDatabases lists the databases of the cluster, in no order. Milvus has
// the route from 2.4.18 and 2.5.0.
func (c *Client) ListDatabases(ctx context.Context) ([]string, error) {
	return c.list(ctx, call{route: databasesList, server: true})
}

// ListCollections lists the collections of a database, in no order and without
// aliases. Milvus leaves out, and answers success, what the user has no privilege
// for: a name that is not listed may well exist (milvus-rest section 13.1).
func (c *Client) ListCollections(ctx context.Context, database string) ([]string, error) {
	return c.list(ctx, call{route: collectionsList, database: database})
}

// HasCollection implements executor.Cluster. In a database that does not exist
// there is no collection: 2.4 answers so, and code 800 of later versions is read
// the same way.
func (c *Client) HasCollection(ctx context.Context, database, collection string) (bool, error) {
	k := call{route: collectionsHas, database: database, collection: collection}
	data, err := c.read(ctx, k)
	switch {
	case IsDatabaseMissing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	var d struct {
		Has *bool `json:"has"`
	}
	if err := json.Unmarshal(data, &d); err != nil || d.Has == nil {
		return false, c.badData(k, data)
	}
	return *d.Has, nil
}

// CollectionID implements executor.Cluster. The id is exact: ids have more
// digits than a float64 holds.
func (c *Client) CollectionID(ctx context.Context, database, collection string) (id string, found bool, err error) {
	d, found, err := c.describe(ctx, database, collection)
	return d.id, found, err
}

// DropCollection implements executor.Cluster, by the v1 or the v2 route as
// Config.CollectionAPI names. CollectionAuto is v2, on which the limits and stops
// of operators act, and v1 on a server that does not have it. A collection that
// does not exist is success by both: v2 answers so, and code 100 of v1 is read the
// same way. What is gone has to be verified afterwards, and who dropped it is
// unknown.
//
// A 404 of the v2 route is an error like others, and never followed by a second
// request: it may be of something in between, after the drop. The next call for
// that collection takes the v1 route (see Detour), so who makes it has read
// before.
func (c *Client) DropCollection(ctx context.Context, database, collection string) error {
	k := call{route: collectionsDrop, database: database, collection: collection}
	auto := c.cfg.CollectionAPI == CollectionAuto
	key := planner.Key{Database: database, Name: collection}
	_, turned := c.turnedOff.LoadAndDelete(key)
	if c.cfg.CollectionAPI == CollectionV1 || auto && (turned || c.v2Gone.Load()) {
		k.route = collectionsDropV1
		err := c.write(ctx, k)
		if hasCode(err, CodeCollectionNotFound) {
			return nil
		}
		return err
	}
	err := c.write(ctx, k)
	if e := (*Error)(nil); auto && errors.As(err, &e) && e.Status == http.StatusNotFound && e.Code == 0 {
		e.detour = true
		if e.missing {
			c.v2Gone.Store(true)
		}
		c.turnedOff.Store(key, struct{}{})
	}
	return err
}

// IsRouteMissing reports that a path is not served, by Milvus or by what answers for
// it (IsForeign).
func IsRouteMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound && e.Code == 0
}

// description is a collection as `collections/describe` shows it. Its aliases,
// indexes and load state are not read: they come from calls of their own, whose
// failure Milvus hides in the message of a success (milvus-rest section 1.4).
type description struct {
	id      string
	dynamic bool
	fields  json.RawMessage
	structs json.RawMessage // fields that hold fields, of newer versions
}

// describe asks for a collection; found is false for code 100.
func (c *Client) describe(ctx context.Context, database, collection string) (d description, found bool, err error) {
	k := call{route: collectionsDescribe, database: database, collection: collection}
	data, err := c.read(ctx, k)
	switch {
	case hasCode(err, CodeCollectionNotFound):
		return description{}, false, nil
	case err != nil:
		return description{}, false, err
	}
	var view struct {
		CollectionID       json.Number     `json:"collectionID"`
		EnableDynamicField bool            `json:"enableDynamicField"`
		Fields             json.RawMessage `json:"fields"`
		StructFields       json.RawMessage `json:"structFields"`
	}
	if json.Unmarshal(data, &view) != nil {
		return description{}, false, c.badData(k, data)
	}
	n, err := strconv.ParseInt(view.CollectionID.String(), 10, 64)
	if err != nil || n <= 0 {
		return description{}, false, c.badData(k, data)
	}
	return description{
		id: strconv.FormatInt(n, 10), dynamic: view.EnableDynamicField,
		fields: view.Fields, structs: view.StructFields,
	}, true, nil
}

// fieldView is a field as Milvus shows it.
type fieldView struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	ElementType string      `json:"elementType"` // of an array
	Primary     bool        `json:"primaryKey"`
	Params      []pair      `json:"params"`
	Fields      []fieldView `json:"fields"` // of a field that holds fields
}

type pair struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// schema returns the fields, sorted by name; the metric of each is left open.
// A field within a field is named as Milvus names it, OUTER[INNER].
func (d description) schema() ([]planner.Field, error) {
	var plain, nested []fieldView
	if json.Unmarshal(d.fields, &plain) != nil || len(plain) == 0 {
		return nil, errNoData
	}
	if len(d.structs) > 0 && json.Unmarshal(d.structs, &nested) != nil {
		return nil, errNoData
	}
	var fields []planner.Field
	for _, v := range plain {
		fields = append(fields, v.field(v.Name))
	}
	for _, outer := range nested {
		fields = append(fields, outer.field(outer.Name))
		for _, v := range outer.Fields {
			fields = append(fields, v.field(outer.Name+"["+v.Name+"]"))
		}
	}
	slices.SortFunc(fields, func(a, b planner.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields, nil
}

func (v fieldView) field(name string) planner.Field {
	f := planner.Field{Name: name, Type: v.Type, Primary: v.Primary}
	if v.ElementType != "" {
		f.Type += " of " + v.ElementType
	}
	for _, p := range v.Params {
		if p.Key == "dim" {
			f.Dim = text(p.Value)
		}
	}
	return f
}

// text is a value that may be written as a JSON string or as a number.
func text(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	raw, err := json.Marshal(value)
	if err != nil || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	return string(raw)
}
