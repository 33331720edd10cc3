package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// entityRequest is the body of the calls on rows.
type entityRequest struct {
	Data         json.RawMessage `json:"data"`
	Filter       string          `json:"filter"`
	Limit        int             `json:"limit"`
	Offset       int             `json:"offset"`
	OutputFields []string        `json:"outputFields"`
	AnnsField    string          `json:"annsField"`

	topks []int // how many rows each vector of a search found
}

// rowsBody is the success of a call on rows.
type rowsBody struct {
	Code  int   `json:"code"`
	Cost  int   `json:"cost"`
	Data  any   `json:"data"`
	Topks []int `json:"topks,omitempty"`
}

// defaultLimit is how many rows an answer has at most when nobody says.
const defaultLimit = 100

const countField = "count(*)"

// maxWindow is how far a query or a search may reach, offset and limit together.
const maxWindow = 16384

// checkWindow refuses what a slice cannot be cut to.
func (r *entityRequest) checkWindow() error {
	switch {
	case r.Offset < 0:
		return invalid("invalid max query result window, offset [%d] is invalid, should be gte than 0", r.Offset)
	case r.Limit < 1 || r.Limit > maxWindow || r.Offset > maxWindow-r.Limit:
		return invalid("invalid max query result window, (offset+limit) should be in range [1, %d], but got %d",
			maxWindow, r.Offset+r.Limit)
	}
	return nil
}

// page cuts a window out of a list.
func page[T any](list []T, offset, limit int) []T {
	list = list[min(len(list), offset):]
	return list[:min(len(list), limit)]
}

// rows answers a call that reads rows.
func (x *exchange) rows(do func(c *catalog, asked *entityRequest) ([]row, error)) reply {
	asked := entityRequest{Limit: defaultLimit}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	if err := asked.checkWindow(); err != nil {
		return failureReply(err)
	}
	var found []row
	err := x.e.view(func(c *catalog) (err error) {
		found, err = do(c, &asked)
		return err
	})
	if err != nil {
		return failureReply(err)
	}
	return jsonReply(http.StatusOK, rowsBody{Code: x.route.success, Data: found, Topks: asked.topks})
}

// insertEntities adds rows.
func insertEntities(x *exchange) reply {
	return x.put(false, func(ids []any) any {
		return struct {
			Count int   `json:"insertCount"`
			IDs   []any `json:"insertIds"`
		}{len(ids), ids}
	})
}

// upsertEntities adds rows in the place of those with the same keys.
func upsertEntities(x *exchange) reply {
	return x.put(true, func(ids []any) any {
		return struct {
			Count int   `json:"upsertCount"`
			IDs   []any `json:"upsertIds"`
		}{len(ids), ids}
	})
}

func (x *exchange) put(replace bool, view func(ids []any) any) reply {
	var asked entityRequest
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	ids := []any{}
	err := x.e.update(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return err
		}
		rows, err := c.rows(of, asked.Data)
		if err != nil {
			return err
		}
		key := of.schema.primary().Name
		for _, r := range rows {
			ids = append(ids, r[key])
			if replace {
				of.remove(func(old row) bool { return equal(old[key], r[key]) })
			}
		}
		of.entities = append(of.entities, rows...)
		c.changed()
		return nil
	})
	if err != nil {
		return failureReply(err)
	}
	return jsonReply(http.StatusOK, rowsBody{Code: x.route.success, Data: view(ids)})
}

func deleteEntities(x *exchange) reply {
	var asked entityRequest
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	err := x.e.update(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err != nil {
			return err
		}
		if asked.Filter == "" {
			return fail(codeMissingParameter, "missing required parameters, error: Key: 'CollectionFilterReq.Filter' "+
				"Error:Field validation for 'Filter' failed on the 'required' tag")
		}
		fits, err := parseFilter(asked.Filter)
		if err != nil {
			return err
		}
		of.remove(fits)
		c.changed()
		return nil
	})
	if err != nil {
		return failureReply(err)
	}
	return jsonReply(http.StatusOK, rowsBody{Code: x.route.success, Data: struct{}{}})
}

func queryEntities(x *exchange) reply {
	return x.rows(func(c *catalog, asked *entityRequest) ([]row, error) {
		missing := cannotFindCollection
		if x.e.profile.shape.limiterFirst {
			missing = func(database, collection string) *Failure {
				return fail(codeLimited, "request is rejected by limiter, error: %s", collectionNotFoundIn(database, collection).Message)
			}
		}
		of, err := x.find(c, missing)
		if err != nil {
			return nil, err
		}
		if of.loadState() != stateLoaded {
			return nil, fail(codeNotLoaded, "failed to query: collection not loaded[collection=%d]", of.id)
		}
		fits, err := parseFilter(asked.Filter)
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
		vectors, err := x.vectors(of, asked)
		if err != nil {
			return nil, err
		}
		if of.loadState() != stateLoaded {
			return nil, fail(codeNotLoaded, "failed to search: collection not loaded[collection=%d]", of.id)
		}
		fits, err := parseFilter(asked.Filter)
		if err != nil {
			return nil, err
		}
		found := []row{} // the rows of several vectors stand in one flat list
		for _, vector := range vectors {
			hits := of.search(asked.AnnsField, vector, asked.Offset, asked.Limit, fits)
			for _, h := range hits {
				found = append(found, of.schema.hit(h, asked.OutputFields))
			}
			if x.e.profile.shape.topks {
				asked.topks = append(asked.topks, len(hits))
			}
		}
		return found, nil
	})
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
