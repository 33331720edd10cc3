package milvus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// Ask implements executor.Cluster. The read goes out at the consistency level
// that readers get, that of the collection. The Summary has at most some 200
// bytes, all printable.
//
// # When two answers say the same
//
// The Digest is over the rows as a set, with their fields sorted by name: for a
// query that is all there is to compare, for Milvus promises no order. A search
// adds its distances. They are sums of many float32 and may differ in their
// last digits from call to call, so three decimals of them count (of numbers
// from 1 on, four digits). Every answer to a search is sorted by distance: equal
// sets have equal orders, but for rows that are equally far away. `cost` and
// whatever else a server puts beside the rows is ignored.
func (c *Client) Ask(ctx context.Context, database, name string, canary *manifest.Canary) (executor.Answer, error) {
	k := call{route: entitiesQuery, database: database, collection: name}
	if s := canary.Search; s != nil {
		k.route, k.rows = entitiesSearch, rowRequest{
			Data: [][]float64{s.Vector}, AnnsField: s.Field, Limit: s.Limit, OutputFields: s.OutputFields,
		}
		if s.Filter != "" {
			k.rows.Filter = &s.Filter
		}
	} else if q := canary.Query; q != nil {
		k.rows = rowRequest{Filter: &q.Filter, Limit: q.Limit, OutputFields: q.OutputFields}
	}
	list, took, err := c.rows(ctx, k)
	if err != nil {
		return executor.Answer{}, err
	}
	return executor.Answer{
		Rows:    len(list),
		Digest:  digest(list, canary.Search != nil),
		Took:    took,
		Summary: c.summary(list),
	}, nil
}

// digest is what two answers of the same rows share.
func digest(list []row, searched bool) string {
	lines := make([]string, len(list))
	for i, r := range list {
		if n, ok := r[distanceField].(json.Number); ok && searched {
			r = maps.Clone(r)
			r[distanceField] = rounded(n)
		}
		lines[i] = r.json()
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// rounded is the part of a distance that counts. It has no seam at 1, around
// which the similarity of a vector with itself lies.
func rounded(n json.Number) string {
	d, err := n.Float64()
	if err != nil {
		return n.String()
	}
	scale := 1000.0
	if size := math.Abs(d); size >= 1 {
		scale = math.Pow(10, 3-math.Floor(math.Log10(size)))
	}
	r := math.Round(d*scale) / scale
	if r == 0 {
		return "0" // also for -0
	}
	return strconv.FormatFloat(r, 'g', 5, 64)
}

// json is the row as JSON, with its fields sorted by name.
func (r row) json() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any(r)); err != nil {
		return fmt.Sprint(r) // cannot happen: it was decoded from JSON
	}
	return strings.TrimSpace(b.String())
}

// summary shows how many rows an answer has, and the first of them.
func (c *Client) summary(list []row) string {
	count := quantity.Of(len(list), "row") + ": "
	switch len(list) {
	case 0:
		return "no rows"
	case 1:
		count = "1 row: "
	}
	var first bytes.Buffer
	for i, r := range list[:min(len(list), 10)] {
		if i > 0 {
			first.WriteString(", ")
		}
		first.WriteString(r.json())
	}
	return count + excerpt(c.redactor, first.Bytes(), maxExcerpt)
}
