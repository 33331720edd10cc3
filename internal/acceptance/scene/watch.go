package scene

import (
	"fmt"
	"slices"
	"strings"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit"
)

// Watch holds at every request what must hold at every instant, whoever made
// the change: no alias that is there before and after is ever unbound, nothing
// unmanaged is touched, no collection goes that an alias points at or that nobody
// retires, and whoever may read may read on. A switch by drop and create is asked for
// with its gap; the name of a displaced collection has one.
func (c *Scene) Watch() {
	lasting, untouched := map[string]bool{}, c.Unmanaged()
	gaps := slices.Contains(c.fixed, "recreate")
	for alias, to := range c.Bound() {
		lasting[alias] = c.Want[alias] == to || c.Want[alias] != "" && !gaps
	}
	look := func(r testkit.Request) {
		now := c.Bound()
		c.kept(r)
		c.readable(r)
		for _, wrong := range c.misgranted() {
			c.breach(r, "%s", wrong)
		}
		for alias, of := range c.Renamed {
			db, _ := program.Place(alias)
			if now[alias] == "" && now[db+"/"+of.From] == "" {
				c.breach(r, "neither %s nor %s is bound", alias, of.From)
			}
		}
		for alias, to := range untouched {
			if now[alias] != to && now[alias] != c.follows(alias, to) {
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

// follows is where an alias is that follows its collection to a new name.
func (c *Scene) follows(alias, collection string) string {
	db, _ := program.Place(alias)
	_, name := program.Place(c.called(db + "/" + collection))
	return name
}

// kept holds that no data is gone that nothing retires: each collection of the
// beginning is there by its id, under its name or the one that it is to get.
func (c *Scene) kept(r testkit.Request) {
	for name, id := range c.origin.IDs {
		if slices.Contains(c.retirable, name) || c.id(name) == id {
			continue
		}
		if to := c.called(name); to == name || c.id(to) != id {
			c.breach(r, "collection %s (%d) is gone", name, id)
		}
	}
}

// id is the id that the collection of a name has now, 0 for none.
func (c *Scene) id(collection string) int64 {
	db, name := program.Place(collection)
	return c.Collections(db)[name]
}

// stands reports that a name stands for something.
func (c *Scene) stands(name string) bool { return c.live(name) != "" || c.id(name) != 0 }
