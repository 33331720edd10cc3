package milvus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"aliasctl/planner"
)

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
