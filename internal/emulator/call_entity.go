package emulator

import (
	"encoding/json"
	"net/http"
	"time"

	"aliasctl/internal/emulator/filter"
)

// entityRequest is the body of the calls on rows.
type entityRequest struct {
	Data         json.RawMessage `json:"data"`
	Filter       string          `json:"filter"`
	Limit        int             `json:"limit"`
	Offset       int             `json:"offset"`
	OutputFields []string        `json:"outputFields"`
	AnnsField    string          `json:"annsField"`
	ID           json.RawMessage `json:"id"`

	topks []int // how many rows each vector of a search found
}

// rowsBody is the success of a call on rows.
type rowsBody struct {
	Code  int   `json:"code"`
	Cost  int   `json:"cost"`
	Data  any   `json:"data"`
	Topks []int `json:"topks,omitempty"`
}

// defaultLimit is how many rows an answer has at most by default.
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
	x.awaitLoad()
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

// awaitLoad waits for a collection that is loading, as a read of it does
// (milvus-rest section 16, point 30).
func (x *exchange) awaitLoad() {
	var ready time.Time
	_ = x.e.view(func(c *catalog) error {
		of, err := x.find(c, cannotFindCollection)
		if err == nil && of.loaded {
			ready = of.loadedAt
		}
		return err
	})
	if left := time.Until(ready); left > 0 {
		select {
		case <-time.After(min(left, defaultTimeout)):
		case <-x.http.Context().Done():
		}
	}
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
				of.remove(func(old row) bool { return filter.Equal(old[key], r[key]) })
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
		fits, err := fitting(asked.Filter)
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
