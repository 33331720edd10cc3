package milvus

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"time"
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
}

// countField is the output field that counts rows.
const countField = "count(*)"

// distanceField is what a search adds to each row.
const distanceField = "distance"

// row is one row of an answer, by field. Numbers are kept as they were written:
// a primary key may have more digits than a float64 holds.
type row map[string]any

// rows asks for rows, and says how long the last try took.
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
