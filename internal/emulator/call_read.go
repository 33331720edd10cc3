package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func queryEntities(x *exchange) reply {
	return x.rows(func(c *catalog, asked *entityRequest) ([]row, error) {
		missing := cannotFindCollection
		if x.e.profile.shape.limiterFirst {
			missing = func(database, collection string) *Failure {
				return fail(codeLimited, "request is rejected by limiter, error: %s", collectionNotFoundIn(database, collection).Message)
			}
		}
		of, err := x.find(c, missing)
		if err == nil {
			err = of.serves("query")
		}
		if err != nil {
			return nil, err
		}
		fits, err := fitting(asked.Filter)
		if err != nil {
			return nil, err
		}
		var found []row
		for r := range of.all() {
			if fits(r) {
				found = append(found, r)
			}
		}
		if slices.Contains(asked.OutputFields, countField) {
			count := int64(len(found))
			if asked.Filter == "" {
				count = of.count()
			}
			return []row{{countField: count}}, nil
		}
		return of.schema.output(page(found, asked.Offset, asked.Limit), asked.OutputFields), nil
	})
}

func searchEntities(x *exchange) reply {
	return x.rows(func(c *catalog, asked *entityRequest) ([]row, error) {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return nil, err
		}
		if data := string(asked.Data); data == "" || data == "null" {
			return nil, fail(codeMissingParameter, "either 'ids' (for primary key search) or 'data' (for vector search) must be provided")
		}
		perVector, err := x.search(of, asked)
		if err != nil {
			return nil, err
		}
		found := []row{} // the rows of several vectors stand in one flat list
		for _, hits := range perVector {
			found = append(found, x.show(of, asked, hits)...)
		}
		return found, nil
	})
}

// search answers the hits of each vector of a search.
func (x *exchange) search(of *collection, asked *entityRequest) ([][]hit, error) {
	vectors, err := x.vectors(of, asked)
	if err != nil {
		return nil, err
	}
	if err := of.serves("search"); err != nil {
		return nil, err
	}
	fits, err := fitting(asked.Filter)
	if err != nil {
		return nil, err
	}
	var found [][]hit
	for _, vector := range vectors {
		found = append(found, of.search(asked.AnnsField, vector, asked.Offset, asked.Limit, fits))
	}
	return found, nil
}

// show makes rows of the hits of one vector.
func (x *exchange) show(of *collection, asked *entityRequest, hits []hit) []row {
	var found []row
	for _, h := range hits {
		found = append(found, of.schema.hit(h, asked.OutputFields))
	}
	if x.e.profile.shape.topks {
		asked.topks = append(asked.topks, len(hits))
	}
	return found
}

// serves refuses a read of a collection that is not loaded.
func (of *collection) serves(what string) error {
	if of.loadState() == stateLoaded {
		return nil
	}
	return fail(codeNotLoaded, "failed to %s: collection not loaded[collection=%d]", what, of.id)
}

// getEntities reads rows by their keys, one or a list of them.
func getEntities(x *exchange) reply {
	return x.rows(func(c *catalog, asked *entityRequest) ([]row, error) {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return nil, err
		}
		wanted, err := of.schema.keys(asked.ID)
		if err == nil {
			err = of.serves("query")
		}
		if err != nil {
			return nil, err
		}
		key := of.schema.primary().Name
		found := []row{}
		for r := range of.all() {
			if wanted[fmt.Sprint(r[key])] {
				found = append(found, r)
			}
		}
		return of.schema.output(found, asked.OutputFields), nil
	})
}

// keys reads the id of a request: a key, or a list of keys. A whole number may
// stand as text.
func (s *schema) keys(id json.RawMessage) (map[string]bool, error) {
	list := id
	if len(id) > 0 && id[0] != '[' {
		list = slices.Concat([]byte("["), id, []byte("]"))
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(list, &texts); err != nil {
		return nil, badKey(err)
	}
	wanted := map[string]bool{}
	for _, text := range texts {
		key := string(text)
		if json.Unmarshal(text, &key) != nil {
			key = string(text)
		}
		if s.primary().Type == "Int64" {
			if _, err := strconv.ParseInt(key, 10, 64); err != nil {
				return nil, badKey(fmt.Errorf("unable to cast %q of type string to int64", key))
			}
		}
		wanted[key] = true
	}
	return wanted, nil
}

func badKey(err error) *Failure {
	return fail(codeBadKey, "please check the primary key and its' type can only in [int, string], error: %v", err)
}

// vectors reads the vectors of a search and compares their length with the
// field that is searched.
func (x *exchange) vectors(of *collection, asked *entityRequest) ([][]float64, error) {
	var vectors [][]float64
	if err := json.Unmarshal(asked.Data, &vectors); err != nil {
		return nil, fail(codeBadJSON, "can only accept json format request, error: %v", err)
	}
	if asked.AnnsField == "" {
		asked.AnnsField = of.schema.vectorField()
	}
	dimension := of.schema.field(asked.AnnsField).dimension()
	for _, vector := range vectors {
		if len(vector) != dimension {
			quoted := quoteVector(vector)
			switch shape := &x.e.profile.shape; {
			case shape.rawVectors:
				quoted = string(asked.Data)
			case shape.nestedVectors:
				quoted = "[" + quoted + "]"
			}
			return nil, fail(codeBadJSON, "can only accept json format request, error: dimension: %d, but length of []float: %d: "+
				"invalid parameter[expected=FloatVector][actual=%s]", dimension, len(vector), quoted)
		}
	}
	return vectors, nil
}

func quoteVector(vector []float64) string {
	var numbers []string
	for _, v := range vector {
		numbers = append(numbers, fmt.Sprint(v))
	}
	return "[" + strings.Join(numbers, ", ") + "]"
}

// hybridRequest is the body of entities/hybrid_search: several searches whose
// hits are put into one order.
type hybridRequest struct {
	Search       []entityRequest `json:"search"`
	Limit        int             `json:"limit"`
	OutputFields []string        `json:"outputFields"`
	Rerank       struct {
		Strategy string `json:"strategy"` // "rrf", or "weighted" ("ws")
		Params   struct {
			K       *float64  `json:"k"`
			Weights []float64 `json:"weights"`
		} `json:"params"`
	} `json:"rerank"`
}

// defaultRankConstant is the k of reciprocal rank fusion.
const defaultRankConstant = 60

func hybridSearch(x *exchange) reply {
	asked := hybridRequest{Limit: defaultLimit}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	all := entityRequest{Limit: asked.Limit, OutputFields: asked.OutputFields}
	if err := all.checkWindow(); err != nil {
		return failureReply(err)
	}
	x.awaitLoad()
	found := []row{}
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return err
		}
		if len(asked.Search) == 0 {
			return invalid("search requests are empty")
		}
		fused := fusion{of: of, scores: map[string]float64{}, rows: map[string]row{}}
		for i, one := range asked.Search {
			if one.Limit == 0 {
				one.Limit = defaultLimit
			}
			if err := one.checkWindow(); err != nil {
				return err
			}
			hits, err := x.search(of, &one)
			if err != nil {
				return err
			}
			for _, list := range hits {
				fused.add(list, asked.score(i))
			}
		}
		found = append(found, x.show(of, &all, page(fused.hits(), 0, asked.Limit))...)
		return nil
	})
	if err != nil {
		return failureReply(err)
	}
	return jsonReply(http.StatusOK, rowsBody{Code: x.route.success, Data: found, Topks: all.topks})
}

// score is what a hit of search number i is worth: by its place, or by its
// weighted distance.
func (r *hybridRequest) score(i int) func(place int, h hit) float64 {
	if weights := r.Rerank.Params.Weights; r.Rerank.Strategy != "rrf" && i < len(weights) {
		return func(_ int, h hit) float64 { return weights[i] * h.distance }
	}
	k := float64(defaultRankConstant)
	if r.Rerank.Params.K != nil {
		k = *r.Rerank.Params.K
	}
	return func(place int, _ hit) float64 { return 1 / (k + float64(place) + 1) }
}

// fusion adds up what the rows are worth.
type fusion struct {
	of     *collection
	scores map[string]float64
	rows   map[string]row
	order  []string
}

func (f *fusion) add(hits []hit, score func(int, hit) float64) {
	key := f.of.schema.primary().Name
	for place, h := range hits {
		id := fmt.Sprint(h.row[key])
		if _, known := f.rows[id]; !known {
			f.rows[id] = h.row
			f.order = append(f.order, id)
		}
		f.scores[id] += score(place, h)
	}
}

// hits are the rows, the best first.
func (f *fusion) hits() []hit {
	slices.SortStableFunc(f.order, func(a, b string) int { return cmp.Compare(f.scores[b], f.scores[a]) })
	var all []hit
	for _, id := range f.order {
		all = append(all, hit{f.rows[id], f.scores[id]})
	}
	return all
}
