package emulator

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// row is one entity of a collection, by field. A whole number is an int64: ids
// do not fit into a float64.
type row map[string]any

// UnmarshalJSON reads a row. Within lists and objects numbers are float64.
func (r *row) UnmarshalJSON(text []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	*r = make(row, len(raw))
	for name, text := range raw {
		if whole, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			(*r)[name] = whole
			continue
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return err
		}
		(*r)[name] = value
	}
	return nil
}

// rows reads the rows of a request and completes them: the key of a collection
// with automatic ids is made here.
func (c *catalog) rows(of *collection, data json.RawMessage) ([]row, error) {
	var rows []row
	if len(data) > 0 && data[0] == '{' {
		data = slices.Concat([]byte("["), data, []byte("]"))
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fail(codeBadJSON, "can only accept json format request, error: %v", err)
	}
	for _, r := range rows {
		for _, f := range of.schema.Fields {
			if f.AutoID {
				if r[f.Name] = any(c.newID()); f.Type == "VarChar" {
					r[f.Name] = fmt.Sprint(r[f.Name])
				}
			}
		}
		if problem := of.schema.problem(r); problem != "" {
			return nil, fail(codeBadRow, "fail to deal the insert data, error: %s", problem)
		}
	}
	return rows, nil
}

// problem says why a row does not fit, or "".
func (s *schema) problem(r row) string {
	for _, f := range s.Fields {
		if problem := f.problem(r[f.Name]); problem != "" {
			return problem
		}
	}
	return ""
}

// problem says why a value cannot stand in the field, or "".
func (f field) problem(value any) string {
	if value == nil && !f.Nullable {
		return fmt.Sprintf("fieldName %s should not be null or missing", f.Name)
	}
	vector, ok := toVector(value)
	if f.Type == "FloatVector" && (!ok || len(vector) != f.dimension()) {
		return fmt.Sprintf("[]float32 size %d doesn't equal to vector dimension %s of FloatVector: invalid parameter",
			len(vector), f.param("dim"))
	}
	return ""
}

// remove deletes the rows that fit.
func (of *collection) remove(fits func(row) bool) {
	of.forget(fits)
	of.entities = slices.DeleteFunc(of.entities, fits)
}

func (s *schema) field(name string) field {
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return field{}
}

func (s *schema) primary() field {
	for _, f := range s.Fields {
		if f.Primary {
			return f
		}
	}
	return field{}
}

// vectorField is the field that a search means when it names none.
func (s *schema) vectorField() string {
	for _, f := range s.Fields {
		if f.isVector() {
			return f.Name
		}
	}
	return ""
}

// output leaves of each row the fields that were asked for and its key.
func (s *schema) output(rows []row, fields []string) []row {
	shown := make([]row, len(rows))
	for i, r := range rows {
		shown[i] = s.project(r, fields)
	}
	return shown
}

func (s *schema) project(r row, fields []string) row {
	key := s.primary().Name
	out := row{key: r[key]}
	for name, value := range r {
		vector := s.field(name).isVector()
		if slices.Contains(fields, name) || slices.Contains(fields, "*") || len(fields) == 0 && !vector {
			out[name] = value
		}
	}
	return out
}

// hit is a row that a search found.
type hit struct {
	row      row
	distance float64
}

func (s *schema) hit(h hit, fields []string) row {
	key := s.primary().Name
	out := row{key: h.row[key]}
	if len(fields) > 0 {
		out = s.project(h.row, fields)
	}
	out["distance"] = h.distance
	return out
}

// search compares every row with the vector: this is for small data.
func (of *collection) search(field string, vector []float64, offset, limit int, fits func(row) bool) []hit {
	metric := "COSINE"
	if ix := of.schema.indexOn(field); ix != nil {
		metric = ix.Metric
	}
	var hits []hit
	for r := range of.all() {
		if stored, ok := toVector(r[field]); ok && len(stored) == len(vector) && fits(r) {
			hits = append(hits, hit{r, distance(metric, vector, stored)})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if near := a.distance < b.distance; near == (metric == "L2") && a.distance != b.distance {
			return -1
		} else if a.distance != b.distance {
			return 1
		}
		return 0
	})
	return page(hits, offset, limit)
}

// distance is small for near vectors with L2, large with the others. It is
// never infinite or undefined, which JSON has no word for.
func distance(metric string, a, b []float64) float64 {
	var dot, aa, bb, square float64
	for i := range a {
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
		square += (a[i] - b[i]) * (a[i] - b[i])
	}
	d := dot / math.Sqrt(aa*bb)
	switch metric {
	case "L2":
		d = square
	case "IP":
		d = dot
	}
	if math.IsNaN(d) {
		return 0
	}
	return max(-math.MaxFloat64, min(d, math.MaxFloat64))
}

func toVector(value any) ([]float64, bool) {
	if vector, ok := value.([]float64); ok {
		return vector, true
	}
	list, ok := value.([]any)
	vector := make([]float64, len(list))
	for i, item := range list {
		number, isNumber := item.(float64)
		ok = ok && isNumber
		vector[i] = number
	}
	return vector, ok
}
