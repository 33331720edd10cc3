package planner

import (
	"fmt"
	"time"

	"aliasctl/manifest"
)

// Unverified is a switch that a run began with a verification to follow, and
// that no run has verified since: it was killed or interrupted in between, or
// the verification failed and the switch stayed. The next apply makes it up, and
// goes back to From when it fails. So is a switch by drop and create that left
// its alias unbound: whichever run binds it again goes back to From.
type Unverified struct {
	Database string    `json:"database"`
	Alias    string    `json:"alias"`
	From     string    `json:"from,omitempty"` // what the switch left, "" for absent
	To       string    `json:"to"`
	At       time.Time `json:"at"` // when the switch was announced
	// Failed reports that a verification was made and failed.
	Failed bool `json:"failed,omitempty"`

	// What was promised. A member of a group without a verification of its own
	// is in the list too: it shares the fate of the others.
	Group         string `json:"group,omitempty"`
	SwitchBack    bool   `json:"switch_back,omitempty"`
	Confirmations int    `json:"confirmations,omitempty"`
	Canary        *Probe `json:"canary,omitempty"`
}

// Progress is how far an unverified switch is known to have got.
type Progress string

// The degrees of progress.
const (
	Switched  Progress = "switched"  // the alias is at To
	Announced Progress = "announced" // a run that did not finish may have made it
	Unmade    Progress = "unmade"    // the alias is not at To
)

// Owed is an unverified switch with its progress.
type Owed struct {
	Unverified
	Progress Progress
}

// OwedBy lists the unverified switches of a state in their order. live is nil
// where the cluster was not read: then the state alone tells.
func OwedBy(s State, live *Live) []Owed {
	if len(s.Unverified) == 0 {
		return nil
	}
	at, announced := make(map[Key]string, len(s.Bindings)), make(map[Key]map[string]bool)
	for _, b := range s.Bindings {
		at[Key{b.Database, b.Alias}] = b.Collection
	}
	if live == nil {
		for _, a := range s.Pending {
			k := Key{a.Database, a.Alias}
			if announced[k] == nil {
				announced[k] = make(map[string]bool)
			}
			announced[k][a.To] = true
		}
	}
	owed := make([]Owed, len(s.Unverified))
	for i, u := range s.Unverified {
		k := Key{u.Database, u.Alias}
		now, progress := at[k], Unmade
		if live != nil {
			now = live.at(k)
		}
		switch {
		case now == u.To:
			progress = Switched
		case announced[k][u.To]:
			progress = Announced
		}
		owed[i] = Owed{u, progress}
	}
	return owed
}

func (l *Live) at(k Key) string {
	if d := l.Databases[k.Database]; d != nil {
		return d.Bindings[k.Name]
	}
	return ""
}

// Probe is a canary as the state keeps it.
type Probe struct {
	Filter       string        `json:"filter,omitempty"`
	Vector       []float64     `json:"vector,omitempty"` // of a search; a query has none
	Field        string        `json:"field,omitempty"`
	Limit        int           `json:"limit"`
	OutputFields []string      `json:"output_fields,omitempty"`
	MaxLatency   time.Duration `json:"max_latency,omitempty"` // in nanoseconds
}

// ProbeOf is the form of a canary in a state, nil for nil.
func ProbeOf(c *manifest.Canary) *Probe {
	switch {
	case c == nil:
		return nil
	case c.Search != nil:
		s := c.Search
		return &Probe{Filter: s.Filter, Vector: s.Vector, Field: s.Field, Limit: s.Limit, OutputFields: s.OutputFields, MaxLatency: c.MaxLatency}
	case c.Query != nil:
		q := c.Query
		return &Probe{Filter: q.Filter, Limit: q.Limit, OutputFields: q.OutputFields, MaxLatency: c.MaxLatency}
	}
	return &Probe{MaxLatency: c.MaxLatency}
}

func (p *Probe) canary() *manifest.Canary {
	switch {
	case p == nil:
		return nil
	case len(p.Vector) > 0:
		return &manifest.Canary{MaxLatency: p.MaxLatency, Search: &manifest.Search{
			Vector: p.Vector, Field: p.Field, Filter: p.Filter, Limit: p.Limit, OutputFields: p.OutputFields,
		}}
	}
	return &manifest.Canary{MaxLatency: p.MaxLatency, Query: &manifest.Query{Filter: p.Filter, Limit: p.Limit, OutputFields: p.OutputFields}}
}

// owed is the verification that is to be made up: what the manifest asks for
// now, where it asks for one, or else what was promised. A canary that was
// mended counts; one that was lost does not set the switch free.
func (u Unverified) owed(want *manifest.Cutover) *Cutover {
	c := &Cutover{Group: u.Group, SwitchBack: u.SwitchBack, Confirmations: u.Confirmations, Canary: u.Canary.canary()}
	if want == nil {
		return c
	}
	c.Group, c.SwitchBack = want.Group, want.OnFailure != manifest.KeepGoing
	if want.Confirmations > 0 || want.Canary != nil {
		c.Confirmations, c.Canary = want.Confirmations, want.Canary
	}
	return c
}

// makeUp adds the step that verifies a binding which is where the manifest
// wants it and was never verified; false where nothing is owed.
func (b *builder) makeUp(d *database, e *managed) bool {
	to := e.want.Collection
	var u *Unverified
	for i := range e.unverified {
		if e.unverified[i].To == to {
			u = &e.unverified[i]
		}
	}
	if u == nil || b.options.RollingBack {
		return false
	}
	owed := u.owed(e.want.Cutover)
	if owed.Confirmations > 0 && owed.Canary == nil && !b.options.Witnessed {
		b.plan.Remarks = append(b.plan.Remarks, WayOut{Kind: liftVerifyURI, After: " asks its proxies",
			Before: fmt.Sprintf("alias %q was switched to %q and never confirmed: ", b.flagName(d, e.alias), to)})
		return false
	}
	if u.From == "" && e.want.Displaces != nil { // see staying
		owed.SwitchBack = false
	}
	step := Step{
		Op: VerifyAlias, Database: d.name, Alias: e.alias, From: to, To: to, Back: u.From,
		Protect: e.want.Protect, Cutover: owed, RenamedFrom: e.renamedFrom(), RecreateBack: u.From != "" && b.options.Switch == ByRecreate,
	}
	b.binds = append(b.binds, step)
	b.plan.Asks = append(b.plan.Asks, Ask{Database: d.name, Alias: e.alias, Cutover: e.want.Cutover})
	b.plan.Summary.Verify++
	b.after(d, e, to)
	return true
}

// leftBy is the collection that a switch by drop and create left before it was
// cut in between, "" where the alias is created for the first time. A create that
// goes back goes there, not to an alias without a binding.
func (e *managed) leftBy(create Step) string {
	if create.Cutover == nil || !create.Cutover.SwitchBack {
		return ""
	}
	for _, u := range e.unverified {
		if u.From != "" && u.From != create.To {
			return u.From
		}
	}
	for _, a := range e.pending { // of a switch without a verification
		if a.Op == DropAlias && a.From != create.To {
			return a.From
		}
	}
	return ""
}

// promised reports whether a cutover has anything to verify.
func (c *Cutover) promised() bool { return c != nil && (c.Confirmations > 0 || c.Canary != nil) }

// Promises are the verifications that follow the steps of a plan, as a state
// keeps them until they are made. witnessed: there are proxies to
// confirm a switch.
func Promises(steps []Step, witnessed bool, now time.Time) []Unverified {
	promised := make(map[Key]bool) // by group; an alias alone is its own
	unit := func(s Step) Key {
		if s.Cutover.Group != "" {
			return Key{s.Database, "group " + s.Cutover.Group}
		}
		return Key{s.Database, s.Alias}
	}
	owed := func(s Step) Cutover {
		c := *s.Cutover
		if !witnessed {
			c.Confirmations = 0
		}
		return c
	}
	for _, s := range steps {
		if s.Cutover != nil {
			c := owed(s)
			promised[unit(s)] = promised[unit(s)] || c.promised()
		}
	}
	var list []Unverified
	for _, s := range steps {
		if s.Cutover == nil || !promised[unit(s)] {
			continue
		}
		c := owed(s)
		u := Unverified{
			Database: s.Database, Alias: s.Alias, From: s.From, To: s.To, At: now,
			Group: c.Group, SwitchBack: c.SwitchBack, Confirmations: c.Confirmations, Canary: ProbeOf(c.Canary),
		}
		u.From = s.Blue()
		list = append(list, u)
	}
	return list
}
