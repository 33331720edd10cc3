package scene

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/testkit"
)

// reading are the privileges by which readers are told from others.
var reading = []string{"Query", "Search"}

// reader is a role that may read by the name of an alias at first.
type reader struct{ role, name, privilege string }

// readers are all of them.
func (c *Scene) readers() []reader {
	var all []reader
	for _, role := range slices.Sorted(maps.Keys(c.Roles)) {
		for _, name := range slices.Sorted(maps.Keys(c.Want)) {
			for _, privilege := range reading {
				if r := (reader{role, name, privilege}); c.stands(name) && c.may(r, name) {
					all = append(all, r)
				}
			}
		}
	}
	return all
}

func (c *Scene) may(r reader, name string) bool {
	db, bare := program.Place(name)
	return c.May(r.role, db, bare, r.privilege)
}

// readable holds that whoever may read by a name at first may read by it on, as long as
// it stands for anything, and by the new name of its collection.
func (c *Scene) readable(at testkit.Request) {
	for _, r := range c.reading {
		if c.stands(r.name) && !c.may(r, r.name) {
			c.breach(at, "role %s has lost %s on %s, which is at %q", r.role, r.privilege, r.name, c.live(r.name))
		}
		if to := c.called(r.name); to != r.name && c.id(to) == c.origin.IDs[r.name] && !c.may(r, to) {
			c.breach(at, "role %s may not %s %s, which %s is called now", r.role, r.privilege, to, r.name)
		}
	}
}

// misgranted holds what is granted now against what was at first: nothing is taken, and
// what is new is on what an alias goes to, by a role that has it on what it leaves.
func (c *Scene) misgranted() (wrong []string) {
	if c.Roles == nil {
		return nil
	}
	now := c.Grants()
	for role, lines := range now {
		for _, line := range lines {
			if !slices.Contains(c.origin.Grants[role], line) && !c.copied(role, line) {
				wrong = append(wrong, fmt.Sprintf("role %s has got %s", role, line))
			}
		}
	}
	for role, lines := range c.origin.Grants {
		for _, line := range lines {
			if !slices.Contains(now[role], line) && !slices.Contains(now[role], c.moved(line)) && !c.went(line) {
				wrong = append(wrong, fmt.Sprintf("role %s has lost %s", role, line))
			}
		}
	}
	return wrong
}

// copied reports that a new grant of a role is one that it has on a name which an alias
// copies from.
func (c *Scene) copied(role, line string) bool {
	f := strings.Fields(line)
	for alias := range c.Want {
		db, _ := program.Place(alias)
		from, to := c.sources(alias)
		if db == f[0] && slices.Contains(to, f[2]) && slices.Contains(c.origin.Grants[role], strings.Join([]string{f[0], f[1], from, f[3]}, " ")) {
			return true
		}
	}
	return false
}

// went reports that a grant was on a collection that was retired.
func (c *Scene) went(line string) bool {
	f := strings.Fields(line)
	return slices.Contains(c.retirable, f[0]+"/"+f[2]) && c.id(f[0]+"/"+f[2]) == 0
}

// moved is a grant on a displaced collection by its new name.
func (c *Scene) moved(line string) string {
	f := strings.Fields(line)
	_, f[2] = program.Place(c.called(f[0] + "/" + f[2]))
	return strings.Join(f, " ")
}

// entitled holds that all that is to be copied is, at the end of a run.
func (c *Scene) entitled() (wrong []string) {
	now := c.Grants()
	for alias := range c.Want {
		db, _ := program.Place(alias)
		from, to := c.sources(alias)
		for role, lines := range c.origin.Grants {
			for _, line := range lines {
				f := strings.Fields(line)
				if c.Roles[role] == nil || f[0] != db || f[2] != from {
					continue
				}
				for _, name := range to {
					if f[2] = name; !slices.Contains(now[role], strings.Join(f, " ")) && !c.May(role, db, name, f[3]) {
						wrong = append(wrong, fmt.Sprintf("role %s has no %s on %s, which it has on %s", role, f[3], name, from))
					}
				}
			}
		}
	}
	return wrong
}
