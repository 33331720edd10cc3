package milvus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"aliasctl/planner"
)

// rowRequest is the part of a request that asks for rows. Fields that a server
// does not know are ignored by it.
type rowRequest struct {
	Data             [][]float64 `json:"data,omitempty"`
	AnnsField        string      `json:"annsField,omitempty"`
	Filter           *string     `json:"filter,omitempty"`
	Limit            int         `json:"limit,omitempty"`
	OutputFields     []string    `json:"outputFields,omitempty"`
	ConsistencyLevel string      `json:"consistencyLevel,omitempty"`
	// SearchParams are of 2.4 and later; all of them take them in this form.
	SearchParams *searchParams `json:"searchParams,omitempty"`
}

// searchParams are the parameters of an index for one search.
type searchParams struct {
	Params json.RawMessage `json:"params"`
}

// countField is the output field that counts rows.
const countField = "count(*)"

// distanceField is what a search adds to each row.
const distanceField = "distance"

// row is one row of an answer, by field. Numbers are kept as they were written:
// a primary key may have more digits than a float64 holds.
type row map[string]any

// rows asks for rows, and measures how long the last try took.
func (c *Client) rows(ctx context.Context, k call) ([]row, time.Duration, error) {
	a, err := c.readAnswer(ctx, k)
	if err != nil {
		return nil, 0, err
	}
	var list []row
	dec := json.NewDecoder(bytes.NewReader(a.data))
	dec.UseNumber()
	// Null is an error: an empty answer is a list with nothing in it.
	if dec.Decode(&list) != nil || list == nil {
		return nil, 0, c.badData(k, a.data)
	}
	return list, a.took, nil
}

// count counts the rows of a collection, which has to be loaded (code 101). It
// asks for strong consistency, so that growing data is in it; servers that do
// not know the field count at the collection's own level.
func (c *Client) count(ctx context.Context, database, collection string) (int64, error) {
	k := call{route: entitiesQuery, database: database, collection: collection, rows: rowRequest{
		Filter: new(string), OutputFields: []string{countField}, ConsistencyLevel: "Strong",
	}}
	list, _, err := c.rows(ctx, k)
	if err != nil {
		return 0, err
	}
	if len(list) == 1 {
		if n, ok := rowNumber(list[0][countField]); ok {
			return n, nil
		}
	}
	return 0, c.badData(k, nil)
}

// stats asks for the number of rows without growing data; it works for a
// collection that is not loaded too.
func (c *Client) stats(ctx context.Context, database, collection string) (int64, error) {
	k := call{route: collectionsStats, database: database, collection: collection}
	data, err := c.read(ctx, k)
	if err != nil {
		return 0, err
	}
	var d struct {
		RowCount json.Number `json:"rowCount"`
	}
	if json.Unmarshal(data, &d) == nil {
		if n, ok := rowNumber(d.RowCount); ok {
			return n, nil
		}
	}
	return 0, c.badData(k, data)
}

// rowNumber reads a number of rows. Milvus writes 64-bit numbers as strings when
// its proxy.http.acceptTypeAllowInt64 is off.
func rowNumber(value any) (int64, bool) {
	var digits string
	switch v := value.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = v
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0
}

// LoadState reports how far a collection is in memory: the state as Milvus writes
// it (planner.Loaded, LoadStateLoading, LoadStateNotLoad) and the progress in
// percent. A collection that does not exist is an error (IsNotFound).
func (c *Client) LoadState(ctx context.Context, database, collection string) (state string, progress int, err error) {
	k := call{route: collectionsState, database: database, collection: collection}
	data, err := c.read(ctx, k)
	if err != nil {
		return "", 0, err
	}
	var d struct {
		LoadState    string `json:"loadState"`
		LoadProgress int    `json:"loadProgress"` // only when there is any
	}
	if json.Unmarshal(data, &d) != nil || d.LoadState == "" {
		return "", 0, c.badData(k, data)
	}
	if c.redactor.In(d.LoadState) {
		return "", 0, c.tokenInName(k)
	}
	return d.LoadState, d.LoadProgress, nil
}

// LoadCollection starts to load a collection, and returns before it is loaded:
// LoadState tells. It is a success for a loaded one. A collection without an
// index on its vectors cannot be loaded (code 700).
func (c *Client) LoadCollection(ctx context.Context, database, collection string) error {
	return c.write(ctx, call{route: collectionsLoad, database: database, collection: collection})
}

// ReleaseCollection takes a collection out of memory. It is a success for one
// that is not loaded. An alias in its place stands for its collection: ask for
// collections by name alone.
func (c *Client) ReleaseCollection(ctx context.Context, database, collection string) error {
	return c.write(ctx, call{route: collectionsRelease, database: database, collection: collection})
}

// RenameCollection implements executor.Cluster.
func (c *Client) RenameCollection(ctx context.Context, database, collection, name string) error {
	return c.write(ctx, call{route: collectionsRename, database: database, collection: collection, newName: name})
}

// indexes describes every index of a collection, also of fields that are no
// vectors, sorted by field and name. One that is dropped in between is left out.
func (c *Client) indexes(ctx context.Context, database, collection string) ([]planner.VectorIndex, error) {
	list, err := c.list(ctx, call{route: indexesList, database: database, collection: collection})
	if err != nil {
		return nil, err
	}
	var all []planner.VectorIndex
	for _, name := range list {
		k := call{route: indexesDescribe, database: database, collection: collection, index: name}
		data, err := c.read(ctx, k)
		if hasCode(err, codeIndexNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var views []struct {
			FieldName   string `json:"fieldName"`
			IndexName   string `json:"indexName"`
			IndexState  string `json:"indexState"`
			IndexType   string `json:"indexType"`
			MetricType  string `json:"metricType"`
			PendingRows int64  `json:"pendingRows"`
		}
		if json.Unmarshal(data, &views) != nil || len(views) == 0 {
			return nil, c.badData(k, data)
		}
		for _, v := range views {
			if c.redactor.In(v.FieldName, v.IndexName, v.IndexState, v.IndexType, v.MetricType) {
				return nil, c.tokenInName(k)
			}
			all = append(all, planner.VectorIndex{
				Field: v.FieldName, Index: v.IndexName, State: v.IndexState, Type: v.IndexType, Metric: v.MetricType, Pending: v.PendingRows,
			})
		}
	}
	slices.SortFunc(all, func(a, b planner.VectorIndex) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Index, b.Index))
	})
	return all, nil
}
