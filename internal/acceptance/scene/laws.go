package scene

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit"
	"aliasctl/planner"
)

// Watch holds at every request what must hold at every instant, whoever made
// the change: no alias that is there before and after is ever unbound, nothing
// unmanaged is touched, and no collection goes that an alias points at. A switch
// by drop and create is asked for with its gap.
func (c *Scene) Watch() {
	lasting, untouched := map[string]bool{}, c.Unmanaged()
	gaps := slices.Contains(c.fixed, "recreate")
	for alias, to := range c.Bound() {
		lasting[alias] = c.Want[alias] == to || c.Want[alias] != "" && !gaps
	}
	look := func(r testkit.Request) {
		now := c.Bound()
		for alias, to := range untouched {
			if now[alias] != to {
				c.breach(r, "unmanaged alias %s is at %q, was at %q", alias, now[alias], to)
			}
		}
		for alias, to := range now {
			db, _ := program.Place(alias)
			if untouched[alias] == "" && !c.Loaded(db, to) {
				c.breach(r, "alias %s points at %s, which is not loaded", alias, to)
			}
		}
		for alias, is := range lasting {
			if is && now[alias] == "" {
				c.breach(r, "alias %s is unbound", alias)
			}
		}
	}
	c.AddHook(testkit.Hook{When: testkit.Before, Do: look})
	c.AddHook(testkit.Hook{When: testkit.After, Do: look})
	c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true}, When: testkit.Before, Do: func(r testkit.Request) {
		if !strings.HasSuffix(r.Route, "collections/drop") {
			return
		}
		for alias, to := range c.Bindings(r.Database) {
			if to == r.Collection {
				c.breach(r, "alias %s points at what it drops, %s/%s", alias, r.Database, r.Collection)
			}
		}
	}})
}

func (c *Scene) breach(r testkit.Request, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(c.breaches, func(b string) bool { return strings.HasSuffix(b, text) }) {
		c.breaches = append(c.breaches, fmt.Sprintf("at request %d (%s): %s", r.N, r.Route, text))
	}
}

// Arrived reports whether the cluster equals the manifest and the state equals
// the cluster, with nothing unfinished.
func (c *Scene) Arrived() error {
	wrong := slices.Clone(c.breaches)
	differ := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	want := c.Unmanaged()
	maps.Copy(want, c.Want)
	now := c.Bound()
	for _, alias := range slices.Sorted(maps.Keys(want)) {
		if now[alias] != want[alias] {
			differ("alias %s is at %q, want %q", alias, now[alias], want[alias])
		}
	}
	for alias, to := range now {
		if want[alias] == "" {
			differ("alias %s is still there, at %q", alias, to)
		}
	}
	for _, name := range c.Existing {
		if retired := slices.Contains(c.Retire, name); retired == c.exists(name) {
			differ("collection %s: retired is %v, there is %v", name, retired, c.exists(name))
		}
	}
	state, err := c.Stored()
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, b := range state.Bindings {
		known[b.Database+"/"+b.Alias] = b.Collection
	}
	if !maps.Equal(known, c.Want) {
		differ("the state knows %v, want %v", known, c.Want)
	}
	for _, p := range state.Pending {
		// What an earlier run announced for another value stays for a while: it
		// could still land. What leads where the manifest wants it does no harm.
		if p.Alias == "" || p.To == c.Want[p.Database+"/"+p.Alias] {
			differ("the state still announces %v", p)
		}
	}
	var fences []string
	for _, r := range state.Retired {
		fences = append(fences, r.Database+"/"+r.Collection)
	}
	if retire := slices.Sorted(slices.Values(c.Retire)); !slices.Equal(slices.Sorted(slices.Values(fences)), retire) {
		differ("the state has retired %v, want %v", fences, retire)
	}
	left, err := os.ReadDir(c.Dir)
	if err != nil {
		return err
	}
	for _, file := range left { // neither a lock nor a temporary file
		if !slices.Contains([]string{"aliases.yaml", "aliases.state.json", "aliases.state.json.backup"}, file.Name()) {
			differ("%s is left behind", file.Name())
		}
	}
	if wrong == nil {
		return nil
	}
	return errors.New(strings.Join(wrong, "\n"))
}

// Settles is promise "Cut anywhere": the same command again brings everything to an end,
// and once more finds nothing to do.
func (c *Scene) Settles() error {
	c.ClearFaults()
	c.Watch()
	again := c.Run("--settle", "200ms") // an alias that may still come is waited for
	if again.Code != 0 {
		return fmt.Errorf("the second run: %v", again)
	}
	if err := c.Arrived(); err != nil {
		return fmt.Errorf("after the second run: %w\n%v", err, again)
	}
	return c.Rests()
}

// Rests reports that a run finds nothing to do.
func (c *Scene) Rests() error {
	once := c.Run("--settle", "200ms")
	if once.Code != 0 || once.Writes != 0 || len(once.Report.Steps) != 0 {
		return fmt.Errorf("one more run is not empty, it wrote %d times: %v", once.Writes, once)
	}
	if err := c.Arrived(); err != nil {
		return fmt.Errorf("after an empty run: %w", err)
	}
	return nil
}

// Truthful holds what a run reported against what is. before are the bindings
// from before the run.
func (c *Scene) Truthful(e program.Ending, before map[string]string) error {
	wrong := slices.Clone(c.breaches)
	differ := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	c.answers(e, before, differ)

	after, err := c.Stored()
	if err != nil {
		return err
	}
	c.accurate(after, differ)
	untouched := maps.Equal(before, c.Bound())
	for _, name := range c.Existing {
		untouched = untouched && c.exists(name)
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

// answers compares each result with the cluster. A run without another client
// at work knows no third value.
func (c *Scene) answers(e program.Ending, before map[string]string, differ func(string, ...any)) {
	for _, r := range e.Report.Results {
		var is bool
		name := r.Database + "/" + cmp.Or(r.Alias, r.Collection)
		switch {
		case r.Op == planner.LoadCollection:
			if db, collection := program.Place(name); r.Outcome == executor.Applied && !c.Loaded(db, collection) {
				differ("%s %s is said to be %s and is not", r.Op, name, r.Outcome)
			}
			continue
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
