package json

import (
	"time"

	"aliasctl/executor"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The forms that differ from what the planner and the executor have: times are
// seconds, lists are never null, and what is in the manifest anyway stays
// there (the vector of a canary, where something was written).

// step is the form of a step. What readers know stays: a switch by drop and
// create is its two halves, and a drop-collection has its id as `from` too.
type step struct {
	planner.Step
	Recreate bool     `json:"recreate,omitempty"`
	Timeout  float64  `json:"timeout_seconds,omitempty"` // of a load
	Cutover  *cutover `json:"cutover,omitempty"`         // in place of the planner's
}

type cutover struct {
	Group         string  `json:"group,omitempty"`
	SwitchBack    bool    `json:"switch_back"`
	Confirmations int     `json:"confirmations,omitempty"`
	Canary        *canary `json:"canary,omitempty"`
}

type canary struct {
	Kind       string  `json:"kind"` // "query" or "search"
	Filter     string  `json:"filter,omitempty"`
	Field      string  `json:"field,omitempty"`
	Limit      int     `json:"limit"`
	MaxLatency float64 `json:"max_latency_seconds,omitempty"`
}

func newStep(s planner.Step, recreate bool) step {
	form := step{Step: s, Recreate: recreate, Timeout: seconds(s.Timeout)}
	if s.Op == planner.DropCollection {
		form.From = s.ID
	}
	if c := s.Cutover; c != nil {
		form.Cutover = &cutover{Group: c.Group, SwitchBack: c.SwitchBack, Confirmations: c.Confirmations, Canary: newCanary(c.Canary)}
	}
	return form
}

func newCanary(c *manifest.Canary) *canary {
	if c == nil {
		return nil
	}
	form := &canary{MaxLatency: c.MaxLatency.Seconds()}
	switch {
	case c.Search != nil:
		form.Kind, form.Filter, form.Field, form.Limit = "search", c.Search.Filter, c.Search.Field, c.Search.Limit
	case c.Query != nil:
		form.Kind, form.Filter, form.Limit = "query", c.Query.Filter, c.Query.Limit
	}
	return form
}

func stepJSON(s *planner.Step) any {
	switch {
	case s.Op == planner.RecreateAlias:
		var parts []any
		for _, half := range s.Halves() {
			parts = append(parts, newStep(half, true))
		}
		return parts
	case s.Cutover == nil && !s.Op.OnCollection():
		return s
	}
	return newStep(*s, false)
}

func conflictJSON(c *planner.Conflict) any {
	if c.WaysOut == nil {
		c := *c
		c.WaysOut = []planner.WayOut{}
		return c
	}
	return c
}

// check is the form of a check with golden queries.
type check struct {
	planner.Check
	Golden *golden `json:"golden,omitempty"` // in place of the planner's
}

type golden struct {
	K       int           `json:"k"`
	Queries []goldenQuery `json:"queries"` // in the order of the file
}

type goldenQuery struct {
	Overlap float64 `json:"overlap"`
	// Expected reports that it is the share of the ids that the file expects.
	Expected bool    `json:"expected,omitempty"`
	Blue     float64 `json:"blue_seconds"` // 0 when blue was not asked
	Green    float64 `json:"green_seconds"`
}

func checkJSON(c *planner.Check) any {
	if c.Golden == nil {
		return c
	}
	if len(c.Golden.Queries) == 0 { // the details say why
		c := *c
		c.Golden = nil
		return c
	}
	form := check{Check: *c, Golden: &golden{K: c.Golden.K, Queries: make([]goldenQuery, len(c.Golden.Queries))}}
	for i, q := range c.Golden.Queries {
		form.Golden.Queries[i] = goldenQuery{Overlap: q.Overlap, Expected: q.Expected, Blue: seconds(q.Blue), Green: seconds(q.Green)}
	}
	return form
}

// result is the form of an executor.Result: its step, and what became of it.
type result struct {
	step
	Outcome executor.Outcome `json:"outcome"`
	Error   string           `json:"error,omitempty"`
	Note    string           `json:"note,omitempty"`
	Seconds float64          `json:"seconds"`
	// Gap is how long the name of a displaced collection stood for nothing.
	Gap float64 `json:"gap_seconds,omitempty"`
	// Converged is how long the witnesses took to see the switch.
	Converged float64 `json:"converged_seconds,omitempty"`
}

func resultJSON(r *executor.Result) any {
	if r.Op != planner.RecreateAlias {
		return newResult(*r, false)
	}
	var parts []any
	for _, half := range r.Halves() {
		parts = append(parts, newResult(half, true))
	}
	return parts
}

func newResult(r executor.Result, recreate bool) result {
	form := result{step: newStep(r.Step, recreate), Outcome: r.Outcome, Note: r.Note, Seconds: seconds(r.Took), Converged: seconds(r.Converged), Gap: seconds(r.Gap)}
	if r.Err != nil {
		form.Error = r.Err.Error()
	}
	return form
}

// ending is the form of an executor.Cutover.
type ending struct {
	Database string   `json:"database"`
	Group    string   `json:"group"` // "" for an alias alone
	Members  []member `json:"members"`
	Mixed    float64  `json:"mixed_seconds"`
	Split    bool     `json:"split"`
	Error    string   `json:"error,omitempty"`
}

type member struct {
	Alias  string            `json:"alias"`
	Stands executor.Standing `json:"stands"`
	At     string            `json:"at"`
}

func cutoverJSON(c *executor.Cutover) any {
	form := ending{Database: c.Database, Group: c.Group, Members: make([]member, len(c.Members)), Mixed: seconds(c.Mixed), Split: c.Split}
	for i, m := range c.Members {
		form.Members[i] = member{Alias: m.Alias, Stands: m.Stands, At: m.At}
	}
	if c.Err != nil {
		form.Error = c.Err.Error()
	}
	return form
}

// seconds is a duration with as many digits as anybody measures.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
