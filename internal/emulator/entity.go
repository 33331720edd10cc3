package emulator

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
	"strconv"

	"aliasctl/internal/emulator/filter"
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

// problem reports why a row does not fit, or "".
func (s *schema) problem(r row) string {
	for _, f := range s.Fields {
		if problem := f.problem(r[f.Name]); problem != "" {
			return problem
		}
	}
	return ""
}

// problem reports why a value cannot stand in the field, or "".
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

// truncate deletes every row, also those that cannot be seen.
func (of *collection) truncate() {
	of.rows, of.pending, of.gone, of.entities, of.samples = 0, 0, nil, nil, nil
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

// maxSample is how many of a seed's rows can be seen. The others are only
// counted, so that a seed may say `rows: 5000000`.
const maxSample = 1000

// sample makes the first rows of a seeded collection: ids from 1, and vectors
// that depend on nothing but the id, the dimension, and as much as noise adds
// on the collection. So two collections of a seed answer alike, as blue and
// green of a good rebuild do, unless one of them has noise: at 0.1 the order
// of near rows changes, at 1 the two have nothing in common.
func (of *collection) sample() []row {
	of.sampled.Do(func() {
		vectors := of.schema.field(of.schema.vectorField())
		dimension := vectors.dimension()
		own := fnv.New64a()
		own.Write([]byte(of.origin))
		of.samples = make([]row, min(of.rows, maxSample))
		for i := range of.samples {
			id := int64(i) + 1
			vector := make([]float64, dimension)
			for d := range vector {
				at := uint64(id)<<20 + uint64(d)
				mixed := (1-of.noise)*pseudorandom(at) + of.noise*pseudorandom(at^own.Sum64())
				vector[d] = math.Round(mixed*1e4) / 1e4
			}
			of.samples[i] = row{of.schema.primary().Name: id, vectors.Name: vector}
		}
	})
	return of.samples
}

// pseudorandom is a number from -1 to 1 (the finalizer of SplitMix64).
func pseudorandom(n uint64) float64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return float64(int64(n^n>>31)) / (1 << 63)
}

// all are the rows that can be seen: what is left of the seed's, and what was
// added.
func (of *collection) all() iter.Seq[row] {
	return func(yield func(row) bool) {
		key := of.schema.primary().Name
		for _, r := range of.sample() {
			if !of.gone[r[key].(int64)] && !yield(r) {
				return
			}
		}
		for _, r := range of.entities {
			if !yield(r) {
				return
			}
		}
	}
}

// count is how many rows there are, also those that cannot be seen.
func (of *collection) count() int64 {
	return of.rows - int64(len(of.gone)) + int64(len(of.entities))
}

// forget hides the seed's rows that fit.
func (of *collection) forget(fits func(row) bool) {
	key := of.schema.primary().Name
	for _, r := range of.sample() {
		if id := r[key].(int64); fits(r) && !of.gone[id] {
			if of.gone == nil {
				of.gone = map[int64]bool{}
			}
			of.gone[id] = true
		}
	}
}

// fitting is which rows an expression fits.
func fitting(expression string) (func(row) bool, error) {
	fits, err := filter.Parse(expression)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return func(r row) bool { return fits(r) }, nil
}
