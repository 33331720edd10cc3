package milvus

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"aliasctl/planner"
)

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
