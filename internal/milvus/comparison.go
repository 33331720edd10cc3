package milvus

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aliasctl/planner"
)

// compare asks blue and green the same queries, and measures how far they
// agree and how long each takes. A query with a list of ids is compared with that
// list: blue is asked then only where a bound of the latency needs it. Without a
// blue, those queries are all that is asked.
//
// The two take turns, one request at a time: whatever slows the machine or the
// network down for a while hits both. The first query is asked once before,
// unmeasured, for it pays for the connection and for what the server does not
// have in memory yet. A search that fails ends the comparison with a Why.
func (c *Client) compare(ctx context.Context, run planner.GoldenRun, queries []GoldenQuery) (*planner.GoldenFact, error) {
	fact := &planner.GoldenFact{K: run.Golden.Limit}
	if run.Blue == "" {
		queries = slices.DeleteFunc(slices.Clone(queries), func(q GoldenQuery) bool { return q.IDs == nil })
	}
	for i, query := range slices.Concat(queries[:min(1, len(queries))], queries) {
		asked := planner.GoldenQuery{Expected: query.IDs != nil}
		var blue, green hits
		var err error
		if run.Blue != "" && (!asked.Expected || run.Golden.MaxLatencyRatio > 0) {
			blue, err = c.searchIDs(ctx, run, run.Blue, query)
			asked.Blue = blue.took
		}
		if err == nil {
			green, err = c.searchIDs(ctx, run, run.Green, query)
			asked.Green = green.took
		}
		if err != nil {
			if ends(ctx, err) {
				return nil, err
			}
			return &planner.GoldenFact{K: fact.K, Why: fmt.Sprintf("line %d of %s: %s", query.Line, run.Golden.File, whyOf(err))}, nil
		}
		if asked.Expected {
			asked.Overlap = recall(query.IDs, green, fact.K)
		} else {
			asked.Overlap = overlap(blue, green)
		}
		if i > 0 {
			fact.Queries = append(fact.Queries, asked)
		}
	}
	return fact, nil
}

// searchIDs finds the rows of a collection that are nearest to a vector.
func (c *Client) searchIDs(ctx context.Context, run planner.GoldenRun, collection string, query GoldenQuery) (hits, error) {
	rows := rowRequest{Data: [][]float64{query.Vector}, AnnsField: run.Golden.Field, Limit: run.Golden.Limit}
	if query.Filter != "" {
		rows.Filter = &query.Filter
	}
	if query.Params != nil {
		rows.SearchParams = &searchParams{query.Params}
	}
	list, took, err := c.rows(ctx, call{route: entitiesSearch, database: run.Database, collection: collection, rows: rows})
	h := hits{took: took, ids: make(map[string]struct{}, len(list))}
	for _, r := range list {
		h.ids[r.identity()] = struct{}{}
	}
	return h, err
}

// recall is the share of the expected ids that were found, of the first k of them.
// Where nothing is expected, nothing may be found.
func recall(expected []string, found hits, k int) float64 {
	expected = expected[:min(k, len(expected))]
	if len(expected) == 0 {
		if len(found.ids) == 0 {
			return 1
		}
		return 0
	}
	both := 0
	for _, id := range expected {
		_, number := found.ids[`{"id":`+id+`}`]
		_, text := found.ids[row{"id": id}.json()]
		if number || text {
			both++
		}
	}
	return float64(both) / float64(len(expected))
}

// hits are the ids that one search found.
type hits struct {
	ids  map[string]struct{}
	took time.Duration
}

// overlap is the share of ids that both have, of as many as either found:
// collections with fewer rows than were asked for can still agree. Two that
// find nothing agree on nothing.
func overlap(a, b hits) float64 {
	both := 0
	for id := range a.ids {
		if _, ok := b.ids[id]; ok {
			both++
		}
	}
	return float64(both) / float64(max(len(a.ids), len(b.ids), 1))
}

// identity is the primary key of a row that a search without output fields
// found. Milvus shows it as "id", whatever the field is called.
func (r row) identity() string {
	if id, ok := r["id"]; ok {
		return row{"id": id}.json()
	}
	delete(r, distanceField)
	return r.json()
}
