package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// Check is one preflight check of a binding that the plan makes: is green, the
// collection that readers will be sent to, fit to serve? Blue is the one that
// they leave.
type Check struct {
	Database string             `json:"database"`
	Alias    string             `json:"alias"`
	Name     manifest.CheckName `json:"check"`
	Blue     string             `json:"blue"`  // what blue shows, "" when it does not matter
	Green    string             `json:"green"` // what green shows
	Verdict  Verdict            `json:"verdict"`
	// Details reports what is wrong, one line each.
	Details []string `json:"details,omitempty"`
	// Golden is what the check by golden queries measured.
	Golden *GoldenFact `json:"golden,omitempty"`
	// Implied marks a check that is made of every switch: the manifest does not
	// ask for it.
	Implied bool `json:"implied,omitempty"`
	// Would is what the verdict of a skipped check would be; Spell puts it into Details.
	Would Verdict `json:"-"`
	// Mend is what helps, beside skipping it; "" for mending the collection.
	Mend string `json:"-"`
}

// Verdict is the result of a check.
type Verdict string

// The verdicts. Failed and Unknown ones refuse the plan; a skipped check shows
// its true verdict in Details.
const (
	CheckPassed  Verdict = "pass"
	CheckFailed  Verdict = "fail"
	CheckUnknown Verdict = "unknown"         // the server could not answer
	CheckAllowed Verdict = "unknown-allowed" // likewise, and the manifest allows it
	CheckSkipped Verdict = "skipped"         // by a choice of the run
	CheckPending Verdict = "pending"         // green is not built or loaded yet, or the cluster was not read
)

// refuses reports that a plan with such a check is not applied.
func (v Verdict) Refuses() bool { return v == CheckFailed || v == CheckUnknown }

// preflight makes the checks of one binding that is about to be made.
func (b *builder) preflight(d *database, e *managed, live *LiveDatabase, step Step) {
	c := e.want.Cutover
	if c == nil {
		b.serving(d, e, live, step)
		return
	}
	_, built := live.Collections[step.To]
	awaits := b.awaitsLoad(live, step.To)
	for _, want := range requirements(c) {
		check, applies := required(d, e, live, step, want)
		if !applies {
			continue
		}
		if b.live == nil || !built {
			check = Check{Database: d.name, Alias: e.alias, Name: want.Name, Verdict: CheckPending}
		} else if awaits && needsMemory(want.Name) {
			check = Check{Database: d.name, Alias: e.alias, Name: want.Name}
			check.await()
		}
		b.addCheck(check, want.AllowUnknown)
	}
	b.serving(d, e, live, step)
	// A first binding leaves nothing to compare with but the ids in the file.
	if fact := live.Golden[e.alias]; c.Golden != nil && (step.From != "" || awaits || fact != nil && (len(fact.Queries) > 0 || fact.Why != "")) {
		check := Check{Database: d.name, Alias: e.alias, Name: manifest.GoldenCheck, Golden: fact}
		if b.live == nil || !built {
			check.Verdict = CheckPending
		} else if awaits {
			check.await()
		} else {
			check.judgeGolden(c.Golden)
		}
		b.addCheck(check, false)
	}
}

// required holds what was read against one requirement of a binding; false where that
// does not apply.
func required(d *database, e *managed, live *LiveDatabase, step Step, want manifest.Check) (Check, bool) {
	if (want.Name == manifest.RowsWithin || want.Name == manifest.SameSchema) && step.From == "" {
		return Check{}, false // a first binding leaves nothing to compare with
	}
	if want.Name == manifest.SameGrants && live.Bindings[e.alias] == step.To {
		return Check{}, false // made anew: what was granted on the one that is gone is not known
	}
	check := Check{Database: d.name, Alias: e.alias, Name: want.Name}
	if want.Name == manifest.SameGrants {
		check.sameGrants(want, step, live.Grants.with(live.Grants.copies(e.want.Cutover, step)))
	} else {
		check.judge(want, live.Collections[step.From].Facts, live.Collections[step.To].Facts)
	}
	return check, true
}

func (b *builder) addCheck(c Check, allowUnknown bool) {
	switch {
	case b.options.SkipChecks[c.Name].Has(c.Database, c.Alias):
		c.Would, c.Verdict = c.Verdict, CheckSkipped
	case c.Verdict == CheckUnknown && allowUnknown:
		c.Verdict = CheckAllowed
	}
	b.plan.Checks = append(b.plan.Checks, c)
}

// await leaves a check for later.
func (c *Check) await() {
	c.Verdict = CheckPending
	c.Details = append(c.Details, afterLoad)
}

// judge holds the facts against one requirement.
func (c *Check) judge(want manifest.Check, blue, green *Facts) {
	if blue == nil {
		blue = &Facts{}
	}
	if green == nil {
		green = &Facts{}
	}
	switch want.Name {
	case manifest.Exists:
		c.Green = "there"
		c.Verdict = CheckPassed
	case manifest.Loaded:
		c.loaded(blue.Load, green.Load)
	case manifest.Indexed:
		c.indexed(green.Indexes)
	case manifest.Rows:
		c.rows(want.Rows, blue.Rows, green.Rows)
	case manifest.Dimension, manifest.Metric, manifest.IndexType:
		c.vectorFields(want, blue.Schema, green.Schema)
	case manifest.Fields:
		c.fields(want.Fields, blue.Schema, green.Schema)
	case manifest.MinRows:
		c.minRows(want.Rows, blue.Rows, green.Rows)
	case manifest.RowsWithin:
		c.rowsWithin(want.Percent, blue.Rows, green.Rows)
	case manifest.SameSchema:
		c.sameSchema(blue.Schema, green.Schema)
	}
}

func (c *Check) unknown(why string) {
	if why == "" {
		why = "the server was not asked"
	}
	c.Verdict = CheckUnknown
	c.Details = append(c.Details, why)
}

// answered reports that every fact is known; otherwise the check is unknown, for
// the reason of the first that is not.
func (c *Check) answered(facts ...fact) bool {
	for _, f := range facts {
		if why, unknown := f.unknown(); unknown {
			c.unknown(why)
			return false
		}
	}
	return true
}

func (c *Check) verdict(ok bool, format string, args ...any) {
	c.Verdict = CheckPassed
	if !ok {
		c.Verdict = CheckFailed
		c.Details = append(c.Details, fmt.Sprintf(format, args...))
	}
}

func (c *Check) loaded(blue, green *LoadFact) {
	if blue != nil && blue.Why == "" {
		c.Blue = loadWords(blue)
	}
	if !c.answered(green) {
		return
	}
	c.Green = loadWords(green)
	c.verdict(green.State == Loaded, "load it, and wait until it is: readers would get errors")
}

func loadWords(f *LoadFact) string {
	word := strings.ToLower(strings.TrimPrefix(f.State, "LoadState"))
	if word == "notload" {
		word = "not loaded"
	}
	if f.State != Loaded && f.Progress > 0 {
		return fmt.Sprintf("%s, %d%%", word, f.Progress)
	}
	return word
}

func (c *Check) indexed(green *IndexFact) {
	if !c.answered(green) {
		return
	}
	done := 0
	for _, f := range green.Fields {
		switch {
		case f.Index == "":
			c.Details = append(c.Details, fmt.Sprintf("vector field %q has no index", f.Field))
		case f.State != "Finished":
			c.Details = append(c.Details, fmt.Sprintf("index %q of field %q is %s", f.Index, f.Field, strings.ToLower(f.State)))
		case f.Pending > 0:
			c.Details = append(c.Details, fmt.Sprintf("index %q of field %q has %d pending rows", f.Index, f.Field, f.Pending))
		default:
			done++
		}
	}
	c.Green = fmt.Sprintf("%d of %d fields", done, len(green.Fields))
	c.Verdict = CheckPassed
	if done < len(green.Fields) || done == 0 {
		c.Verdict = CheckFailed
	}
}

func rowsWords(f *RowsFact) string { return fmt.Sprintf("%d (%s)", f.Count, f.Source) }

func (c *Check) minRows(least int64, blue, green *RowsFact) {
	if blue != nil && blue.Why == "" {
		c.Blue = rowsWords(blue)
	}
	if least == 0 { // any answer is good enough, and so is none
		if _, unknown := green.unknown(); unknown {
			c.Verdict = CheckPassed
			return
		}
	}
	if !c.answered(green) {
		return
	}
	c.Green = rowsWords(green)
	c.verdict(green.Count >= least, "%s fewer than %d", quantity.Phrase(int(green.Count), "row is", "rows are"), least)
}

func (c *Check) rowsWithin(percent float64, blue, green *RowsFact) {
	if !c.answered(blue, green) {
		return
	}
	c.Blue, c.Green = rowsWords(blue), rowsWords(green)
	away := green.Count - blue.Count
	if away < 0 {
		away = -away
	}
	within := float64(away)*100 <= percent*float64(blue.Count)
	if blue.Count == 0 {
		c.verdict(green.Count == 0, "blue has no rows and green has %d", green.Count)
		return
	}
	c.verdict(within, "%s %.1f%% away from %d; %v%% are allowed", quantity.Phrase(int(green.Count), "row is", "rows are"), float64(away)*100/float64(blue.Count), blue.Count, percent)
}

func (c *Check) sameSchema(blue, green *SchemaFact) {
	if !c.answered(blue, green) {
		return
	}
	c.Blue, c.Green = quantity.Of(len(blue.Fields), "field"), quantity.Of(len(green.Fields), "field")
	c.Details = append(c.Details, differences(*blue, *green)...)
	c.Verdict = CheckPassed
	if len(c.Details) > 0 {
		c.Verdict = CheckFailed
	}
}

// differences lists, one by one, in what two schemas differ.
func differences(blue, green SchemaFact) []string {
	var out []string
	for _, b := range blue.Fields {
		i := slices.IndexFunc(green.Fields, func(f Field) bool { return f.Name == b.Name })
		if i < 0 {
			out = append(out, fmt.Sprintf("field %q is missing in green", b.Name))
			continue
		}
		g := green.Fields[i]
		for _, d := range []struct{ what, blue, green string }{
			{"type", b.Type, g.Type}, {"dimension", b.Dim, g.Dim}, {"metric", b.Metric, g.Metric},
		} {
			if d.blue != d.green {
				out = append(out, fmt.Sprintf("field %q: %s is %q in blue and %q in green", b.Name, d.what, d.blue, d.green))
			}
		}
		if b.Primary != g.Primary {
			out = append(out, fmt.Sprintf("field %q: primary key is %v in blue and %v in green", b.Name, b.Primary, g.Primary))
		}
	}
	for _, g := range green.Fields {
		if !slices.ContainsFunc(blue.Fields, func(f Field) bool { return f.Name == g.Name }) {
			out = append(out, fmt.Sprintf("field %q is new in green", g.Name))
		}
	}
	if blue.Dynamic != green.Dynamic {
		out = append(out, fmt.Sprintf("dynamic field is %v in blue and %v in green", blue.Dynamic, green.Dynamic))
	}
	return out
}

func (c *Check) judgeGolden(want *manifest.Golden) {
	f := c.Golden
	if !c.answered(f) {
		c.Mend = "correct the query, or mend the collection"
		return
	}
	if len(f.Queries) == 0 {
		c.unknown("the file has no query")
		return
	}
	sum, least := 0.0, 1.0
	var blue, green, all []time.Duration
	expected := 0
	for _, q := range f.Queries {
		sum += q.Overlap
		least = min(least, q.Overlap)
		all = append(all, q.Green)
		if q.Expected {
			expected++
		}
		if q.Blue > 0 { // the two are compared where both were asked
			blue, green = append(blue, q.Blue), append(green, q.Green)
		}
	}
	mean := sum / float64(len(f.Queries))
	c.Green = fmt.Sprintf("median %v, overlap %.2f (least %.2f)", short(median(all)), mean, least)
	with := "agree"
	if expected == len(f.Queries) {
		with = "have the expected ids"
	} else if expected > 0 {
		with = fmt.Sprintf("agree, or have the expected ids (%d of %d queries),", expected, len(f.Queries))
	}
	c.verdict(mean >= want.MinOverlap, "the top %d %s by %.2f on average; %.2f is asked for", f.K, with, mean, want.MinOverlap)
	if len(blue) == 0 {
		return
	}
	b, g := median(blue), median(green)
	c.Blue = fmt.Sprintf("median %v", short(b))
	if ratio := float64(g) / float64(max(b, 1)); want.MaxLatencyRatio > 0 && ratio > want.MaxLatencyRatio {
		c.Verdict = CheckFailed
		c.Details = append(c.Details, fmt.Sprintf("green takes %.2f times as long as blue; %.2f is allowed", ratio, want.MaxLatencyRatio))
	}
}

// short is a time with three digits or so.
func short(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}
