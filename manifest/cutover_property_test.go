package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// genShared draws the part of a cutover that defaults may have too.
func genShared() *rapid.Generator[Cutover] {
	return rapid.Custom(func(t *rapid.T) Cutover {
		c := Cutover{
			OnFailure:     rapid.SampledFrom([]OnFailure{SwitchBack, KeepGoing}).Draw(t, "on_failure"),
			Confirmations: rapid.SampledFrom([]int{0, 1, 3, 1000}).Draw(t, "verify"),
		}
		for _, f := range requireShape.fields {
			if !rapid.Bool().Draw(t, f.name) {
				if name := CheckName(f.name); (name == Loaded || name == MinRows) && rapid.Bool().Draw(t, "waived") {
					c.Waived = append(c.Waived, name)
				}
				continue
			}
			check := Check{Name: CheckName(f.name), AllowUnknown: rapid.Bool().Draw(t, "allow")}
			switch check.Name {
			case MinRows, Rows:
				check.Rows = rapid.Int64Range(0, 1<<62).Draw(t, "rows")
			case RowsWithin:
				check.Percent = float64(rapid.IntRange(0, 100_000).Draw(t, "percent")) / 100
			}
			switch check.Name {
			case Dimension:
				check.Dimension = rapid.Int64Range(1, maxDimension).Draw(t, "dimension")
			case Metric, IndexType:
				check.Word = rapid.SampledFrom([]string{"COSINE", "IVF_FLAT", "NO"}).Draw(t, "word")
			case Fields:
				check.Fields = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"id", "vector", "yes", "a b", "parts[emb]"}), 1, 3, rapid.ID).Draw(t, "fields")
			}
			if check.Dimension > 0 || check.Word != "" {
				check.Field = rapid.SampledFrom([]string{"", "vector"}).Draw(t, "field")
			}
			c.Require = append(c.Require, check)
		}
		return c
	})
}

var genFilter = rapid.SampledFrom([]string{"id >= 0", "a == \"x\"\n and b", "{a} # b", "$x", "*", "é"})

func genOutputFields(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.SampledFrom([]string{"id", "*", "count(*)", "yes"}), 0, 3).Draw(t, "output_fields")
}

// genCutover draws the cutover of an alias that is bound to collection, nil
// for none.
func genCutover(collection string) *rapid.Generator[*Cutover] {
	return rapid.Custom(func(t *rapid.T) *Cutover {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		c := genShared().Draw(t, "shared")
		if rapid.Bool().Draw(t, "from") {
			c.From = "from_v0"
		}
		if rapid.Bool().Draw(t, "group") {
			c.Group = "group_" + string(c.OnFailure[:4]) // so that all members agree
		}
		latency := rapid.SampledFrom([]time.Duration{0, 1, 1500 * time.Millisecond, time.Hour, 90 * time.Hour, 48 * time.Hour})
		limit := rapid.SampledFrom([]int{1, defaultLimit, maxRead})
		switch rapid.IntRange(0, 3).Draw(t, "canary") {
		case 0:
			c.Canary = &Canary{MaxLatency: latency.Draw(t, "max_latency"), Query: &Query{
				Filter: genFilter.Draw(t, "filter"), Limit: limit.Draw(t, "limit"), OutputFields: genOutputFields(t),
			}}
		case 1:
			c.Canary = &Canary{MaxLatency: latency.Draw(t, "max_latency"), Search: &Search{
				Vector: rapid.SliceOfN(rapid.Float64Range(-1e38, 1e38), 1, 5).Draw(t, "vector"),
				Field:  rapid.SampledFrom([]string{"", "dense"}).Draw(t, "field"),
				Limit:  limit.Draw(t, "limit"), OutputFields: genOutputFields(t),
			}}
			if rapid.Bool().Draw(t, "filtered") {
				c.Canary.Search.Filter = genFilter.Draw(t, "filter")
			}
		}
		if rapid.Bool().Draw(t, "golden") {
			c.Golden = &Golden{
				File:            rapid.SampledFrom([]string{"golden.jsonl", "../a b/é.jsonl", "/srv/#1.jsonl", "no"}).Draw(t, "file"),
				Field:           rapid.SampledFrom([]string{"", "dense"}).Draw(t, "field"),
				Limit:           limit.Draw(t, "limit"),
				MinOverlap:      float64(rapid.IntRange(0, 1000).Draw(t, "min_overlap")) / 1000,
				MaxLatencyRatio: float64(rapid.IntRange(0, 5000).Draw(t, "max_latency_ratio")) / 1000,
			}
		}
		if rapid.Bool().Draw(t, "load") {
			c.Load = &Loading{Timeout: rapid.SampledFrom([]time.Duration{time.Second, DefaultLoadTimeout, 36 * time.Hour}).Draw(t, "timeout")}
		}
		if rapid.Bool().Draw(t, "keep") {
			c.Keep = &Keep{N: rapid.IntRange(0, 3).Draw(t, "n"), Match: collection[:4] + "*",
				Order: rapid.SampledFrom([]Order{"", Created}).Draw(t, "order of keep"), After: rapid.SampledFrom([]time.Duration{0, 24 * time.Hour}).Draw(t, "after")}
		}
		return c.orNil()
	})
}

// flow writes a mapping in flow style, its fields in any order.
func (w *writer) flow(fields []string) string {
	if len(fields) == 0 {
		return "{}"
	}
	return "{" + strings.Join(rapid.Permutation(fields).Draw(w.T, "order"), ", ") + "}"
}

// decided reports that c asks for a check or waives it.
func (c *Cutover) decided(name CheckName) bool {
	return c != nil && (slices.Contains(c.Waived, name) || slices.ContainsFunc(c.Require, func(k Check) bool { return k.Name == name }))
}

// defaults draws what a document holds for all its aliases, and writes it. What
// an alias leaves open cannot be taken away again once defaults decide it.
func (w *writer) defaults(aliases []Alias) (c Cutover, releaseFirst bool) {
	if w.flip("no defaults") {
		return Cutover{OnFailure: SwitchBack}, false
	}
	c = genShared().Draw(w.T, "defaults")
	for _, name := range []CheckName{Loaded, MinRows} {
		if slices.ContainsFunc(aliases, func(a Alias) bool { return !a.Cutover.decided(name) }) {
			c.Waived = slices.DeleteFunc(c.Waived, func(n CheckName) bool { return n == name })
			c.Require = slices.DeleteFunc(c.Require, func(k Check) bool { return k.Name == name })
		}
	}
	releaseFirst = w.flip("release first")
	fields := w.shared(Cutover{OnFailure: SwitchBack}, c)
	if releaseFirst || w.flip("said") {
		fields = append(fields, fmt.Sprintf("release_first: %t", releaseFirst))
	}
	w.line("defaults: %s", w.flow(fields))
	return c, releaseFirst
}

// shared writes the fields that make c of defaults.
func (w *writer) shared(defaults, c Cutover) []string {
	var fields []string
	if c.OnFailure != defaults.OnFailure || w.flip("said") {
		fields = append(fields, "on_failure: "+string(c.OnFailure))
	}
	switch {
	case c.Confirmations == defaults.Confirmations && !w.flip("said"):
	case c.Confirmations == 0:
		fields = append(fields, "verify: false")
	case c.Confirmations == defaultConfirmations && w.flip("short"):
		fields = append(fields, "verify: true")
	case w.flip("long"):
		fields = append(fields, fmt.Sprintf("verify: {confirmations: %d}", c.Confirmations))
	default:
		fields = append(fields, fmt.Sprintf("verify: %d", c.Confirmations))
	}
	var checks []string
	for _, f := range requireShape.fields {
		is := func(c Check) bool { return string(c.Name) == f.name }
		want, before := slices.IndexFunc(c.Require, is), slices.IndexFunc(defaults.Require, is)
		waived, unsaid := slices.Contains(c.Waived, CheckName(f.name)), want < 0 && before < 0
		switch {
		case waived && slices.Contains(defaults.Waived, CheckName(f.name)) && !w.flip("said"):
		case waived:
			checks = append(checks, f.name+": false")
		case unsaid && (f.name == string(Loaded) || f.name == string(MinRows)):
		case unsaid && !w.flip("said"):
		case want < 0:
			checks = append(checks, f.name+": false")
		case before >= 0 && reflect.DeepEqual(defaults.Require[before], c.Require[want]) && !w.flip("said"):
		default:
			checks = append(checks, f.name+": "+w.check(c.Require[want]))
		}
	}
	if len(checks) > 0 || w.flip("empty") {
		fields = append(fields, "require: "+w.flow(checks))
	}
	return fields
}

// check writes the value of a check.
func (w *writer) check(c Check) string {
	short, long := "true", []string(nil)
	switch c.Name {
	case MinRows, Rows:
		short = strconv.FormatInt(c.Rows, 10)
		long = []string{"rows: " + short}
	case Dimension:
		short = strconv.FormatInt(c.Dimension, 10)
		long = []string{"dimension: " + short}
	case Metric, IndexType:
		short = c.Word
		if w.flip("lower") {
			short = strings.ToLower(short)
		}
		if scalar(short) != short { // NO
			short = strconv.Quote(short)
		}
		long = []string{string(c.Name) + ": " + short}
	case Fields:
		short = flowList(c.Fields)
		long = []string{"fields: " + short}
	case RowsWithin:
		short = decimalText(c.Percent) + "%"
		long = []string{"percent: " + short}
	}
	if c.Field != "" {
		long = append(long, "field: "+c.Field)
		if !c.AllowUnknown {
			return w.flow(long)
		}
	}
	switch {
	case c.AllowUnknown:
		return w.flow(append(long, "unknown: allow"))
	case w.flip("long"):
		return w.flow(append(long, "unknown: fail"))
	}
	return short
}

// cutover writes the fields that make c, which may be nil, of defaults.
func (w *writer) cutover(defaults Cutover, c *Cutover) []string {
	if c == nil {
		c = &Cutover{OnFailure: SwitchBack}
	}
	fields := w.shared(defaults, *c)
	if c.From != "" {
		fields = append(fields, "from: "+w.name(c.From))
	}
	if c.Group != "" {
		fields = append(fields, "group: "+c.Group)
	}
	if l := c.Load; l != nil {
		switch {
		case l.Timeout != DefaultLoadTimeout || w.flip("long"):
			fields = append(fields, "load: "+w.flow([]string{"timeout: " + l.Timeout.String()}))
		default:
			fields = append(fields, "load: "+rapid.SampledFrom([]string{"true", "{}"}).Draw(w.T, "short"))
		}
	}
	if k := c.Canary; k != nil {
		var canary []string
		if k.MaxLatency > 0 {
			canary = append(canary, "max_latency: "+k.MaxLatency.String())
		}
		if k.Query != nil {
			canary = append(canary, "query: "+w.flow(w.rows(k.Query.Filter, k.Query.Limit, k.Query.OutputFields)))
		} else {
			s := k.Search
			vector := make([]string, len(s.Vector))
			for i, f := range s.Vector {
				vector[i] = strconv.FormatFloat(f, rapid.SampledFrom([]byte("eEg")).Draw(w.T, "format"), -1, 64)
			}
			search := append(w.rows(s.Filter, s.Limit, s.OutputFields), "vector: ["+strings.Join(vector, ", ")+"]")
			if s.Field != "" {
				search = append(search, "field: "+w.name(s.Field))
			}
			canary = append(canary, "search: "+w.flow(search))
		}
		fields = append(fields, "canary: "+w.flow(canary))
	}
	if g := c.Golden; g != nil {
		golden := []string{"file: " + strconv.Quote(g.File)}
		if g.Field != "" {
			golden = append(golden, "field: "+w.name(g.Field))
		}
		if g.Limit != defaultLimit || w.flip("said") {
			golden = append(golden, fmt.Sprintf("limit: %d", g.Limit))
		}
		if g.MinOverlap != defaultMinOverlap || w.flip("said") {
			golden = append(golden, "min_overlap: "+decimalText(g.MinOverlap))
		}
		if g.MaxLatencyRatio != 0 {
			golden = append(golden, "max_latency_ratio: "+decimalText(g.MaxLatencyRatio))
		}
		fields = append(fields, "golden: "+w.flow(golden))
	}
	if c.Keep != nil {
		keep := []string{fmt.Sprintf("count: %d", c.Keep.N)}
		if c.Keep.Order == Created {
			keep = append(keep, "order: created")
		}
		if c.Keep.After > 0 {
			keep = append(keep, "after: "+c.Keep.After.String())
		}
		if len(keep) == 1 && w.flip("short") {
			fields = append(fields, fmt.Sprintf("keep: %d", c.Keep.N))
		} else {
			fields = append(fields, "keep: "+w.flow(keep))
		}
		fields = append(fields, "match: "+w.name(c.Keep.Match))
	}
	return fields
}

func (w *writer) rows(filter string, limit int, outputFields []string) []string {
	var fields []string
	if filter != "" {
		fields = append(fields, "filter: "+strconv.Quote(filter))
	}
	if limit != defaultLimit || w.flip("said") {
		fields = append(fields, fmt.Sprintf("limit: %d", limit))
	}
	if len(outputFields) > 0 || w.flip("empty") {
		quoted := make([]string, len(outputFields))
		for i, f := range outputFields {
			quoted[i] = strconv.Quote(f)
		}
		fields = append(fields, "output_fields: ["+strings.Join(quoted, ", ")+"]")
	}
	return fields
}

func TestAnyManifestIsEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genManifest().Draw(t, "manifest")
		checkRoundTrip(t, m)
		accepts(t, encode(t, m))
	})
}
