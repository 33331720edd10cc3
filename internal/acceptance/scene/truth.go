package scene

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/planner"
)

// Picture is what a cluster has at one time.
type Picture struct {
	Bound  map[string]string   // the collection of each alias
	IDs    map[string]int64    // of each collection
	Grants map[string][]string // of each role
}

// Look takes a picture of the cluster.
func (c *Scene) Look() Picture {
	p := Picture{Bound: c.Bound(), IDs: map[string]int64{}, Grants: c.Grants()}
	for _, db := range c.Databases() {
		for name, id := range c.Collections(db) {
			p.IDs[db+"/"+name] = id
		}
	}
	for _, lines := range p.Grants {
		slices.Sort(lines)
	}
	return p
}

// same reports that nothing has changed between two pictures.
func (p Picture) same(q Picture) bool {
	return maps.Equal(p.Bound, q.Bound) && maps.Equal(p.IDs, q.IDs) && maps.EqualFunc(p.Grants, q.Grants, slices.Equal)
}

// Truthful holds what a run reported against what is. before is what
// there was before the run.
func (c *Scene) Truthful(e program.Ending, before Picture) error {
	wrong := slices.Clone(c.breaches)
	differ := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	c.told(e, before, differ)

	after, err := c.Stored()
	if err != nil {
		return err
	}
	c.accurate(after, differ)
	now := c.Look()
	untouched := before.same(now)
	for alias, to := range now.Bound {
		if was := before.Bound[alias]; to != c.Want[alias] && to != was && to != c.follows(alias, was) {
			differ("alias %s went from %q to %q, and the manifest has %q", alias, was, to, c.Want[alias])
		}
	}
	for alias := range c.Displaces {
		if !c.stands(alias) && !e.Unknown(alias) {
			differ("%s stands for nothing at the end, and nothing reports that", alias)
		}
	}
	switch e.Code {
	case 0:
		if err := c.Arrived(); err != nil {
			differ("exit code 0, but %v", err)
		}
	case 1:
		if !untouched {
			differ("exit code 1, but the cluster was changed")
		}
	case 3:
		if e.NotLoaded() {
			if !untouched {
				differ("exit code 3 for a load, but something was changed")
			}
			break
		}
		// Something in between answered a check in Milvus' place: green may be unable
		// to serve, so the run leaves everything as it is.
		if !untouched || e.Writes > int64(len(c.Unloaded)) || !e.Unanswered() {
			differ("exit code 3, but not for an unanswered check alone, or something was changed")
		}
	case 5, 130:
	default:
		differ("exit code %d", e.Code)
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s\n%v", strings.Join(wrong, "\n"), e)
}

// told compares each result with the cluster. A run without another client
// at work knows no third value.
func (c *Scene) told(e program.Ending, before Picture, differ func(string, ...any)) {
	for _, r := range e.Report.Results {
		var is bool
		name := r.Database + "/" + cmp.Or(r.Alias, r.Collection)
		switch {
		case r.Op == planner.LoadCollection:
			if db, collection := program.Place(name); r.Outcome == executor.Applied && !c.Loaded(db, collection) {
				differ("%s %s is said to be %s and is not", r.Op, name, r.Outcome)
			}
			continue
		case r.Op == planner.ReleaseCollection:
			is = !c.Loaded(program.Place(name))
		case r.Op == planner.GrantPrivilege:
			line := strings.Join([]string{r.Database, r.ObjectType, r.Collection, r.Privilege}, " ")
			if is = slices.Contains(c.Grants()[r.Role], line); is && strings.HasPrefix(r.Privilege, "GetLoad") {
				continue // which Load brings along
			}
			if !is && c.id(r.Database+"/"+r.Collection) == 0 {
				continue // it went back with a collection that has its old name again
			}
			name = r.Role + " on " + name
		case r.Op == planner.DropCollection:
			is = !c.exists(name)
		case r.Op == planner.DropAlias && r.Recreate:
			continue // its other half shows where the alias is now
		case r.Op.Writes():
			is = c.live(name) == r.To
		default:
			continue
		}
		switch r.Outcome {
		case executor.Applied, executor.AlreadyDone:
			if !is {
				differ("%s %s is said to be %s and is not", r.Op, name, r.Outcome)
			}
		case executor.Failed, executor.NotReached:
			if is && !r.Recreate {
				differ("%s %s is said to be %s and has happened", r.Op, name, r.Outcome)
			}
		}
	}
}

// accurate reports that the state knows every managed alias where it is.
func (c *Scene) accurate(state planner.State, differ func(string, ...any)) {
	ours := map[string][]string{}
	for _, b := range state.Bindings {
		ours[b.Database+"/"+b.Alias] = append(ours[b.Database+"/"+b.Alias], b.Collection)
	}
	for _, p := range state.Pending {
		if p.Alias != "" {
			ours[p.Database+"/"+p.Alias] = append(ours[p.Database+"/"+p.Alias], p.From, p.To)
		}
	}
	for alias, values := range ours {
		if now := c.live(alias); !slices.Contains(values, now) {
			differ("alias %s is at %q and the state knows it at %q", alias, now, values)
		}
	}
	now := c.Bound()
	for alias, to := range now {
		if _, known := ours[alias]; !known && c.Others[alias] == "" {
			differ("alias %s (at %q) is in no state", alias, to)
		}
	}
}
