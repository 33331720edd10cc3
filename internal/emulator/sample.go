package emulator

import (
	"hash/fnv"
	"iter"
	"math"
)

// maxSample is how many of a seed's rows can be seen. The others are only
// counted, so that a seed may say `rows: 5000000`.
const maxSample = 1000

// sample makes the first rows of a seeded collection: ids from 1, and vectors
// that depend on nothing but the id, the dimension, and as much as noise says
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
