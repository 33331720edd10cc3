package scene

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"aliasctl/internal/acceptance/program"
)

// Arrived reports whether the cluster equals the manifest and the state equals
// the cluster, with nothing unfinished.
func (c *Scene) Arrived() error {
	wrong := slices.Clone(c.breaches)
	differ := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	want := c.Unmanaged()
	for alias, to := range want {
		want[alias] = c.follows(alias, to)
	}
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
		now := c.called(name)
		if retired := slices.Contains(c.Retire, name); retired == c.exists(now) {
			differ("collection %s: retired is %v, there is %v", now, retired, c.exists(now))
		}
		if now != name && (c.id(name) != 0 || c.id(now) != c.origin.IDs[name]) {
			differ("collection %s is not called %s: %v", name, now, c.Look().IDs)
		}
	}
	for name := range c.Keep {
		if db, bare := program.Place(name); c.Loaded(db, bare) {
			differ("collection %s is in memory", name)
		}
	}
	wrong = append(wrong, c.entitled()...)
	wrong = append(wrong, c.misgranted()...)
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
