package milvus

import (
	"context"
	"slices"
	"time"

	"aliasctl/planner"
)

// compare asks blue and green the same queries, and measures how far they
// agree and how long each takes.
//
// The two take turns, one request at a time: whatever slows the machine or the
// network down for a while hits both. The first query is asked once before,
// unmeasured, for it pays for the connection and for what the server does not
// have in memory yet. A search that fails ends the comparison with a Why.
func (c *Client) compare(ctx context.Context, run planner.GoldenRun, vectors [][]float64) (*planner.GoldenFact, error) {
	fact := &planner.GoldenFact{K: run.Golden.Limit}
	for i, vector := range slices.Concat(vectors[:min(1, len(vectors))], vectors) {
		blue, err := c.searchIDs(ctx, run, run.Blue, vector)
		var green hits
		if err == nil {
			green, err = c.searchIDs(ctx, run, run.Green, vector)
		}
		if err != nil {
			if ends(ctx, err) {
				return nil, err
			}
			return &planner.GoldenFact{K: fact.K, Why: whyOf(err)}, nil
		}
		if i > 0 {
			fact.Queries = append(fact.Queries, planner.GoldenQuery{Overlap: overlap(blue, green), Blue: blue.took, Green: green.took})
		}
	}
	return fact, nil
}

// searchIDs finds the rows of a collection that are nearest to a vector.
func (c *Client) searchIDs(ctx context.Context, run planner.GoldenRun, collection string, vector []float64) (hits, error) {
	list, took, err := c.rows(ctx, call{
		route: entitiesSearch, database: run.Database, collection: collection,
		rows: rowRequest{Data: [][]float64{vector}, AnnsField: run.Golden.Field, Limit: run.Golden.Limit},
	})
	h := hits{took: took, ids: make(map[string]struct{}, len(list))}
	for _, r := range list {
		h.ids[r.identity()] = struct{}{}
	}
	return h, err
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
