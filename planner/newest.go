package planner

import (
	"fmt"
	"strings"

	"aliasctl/manifest"
)

// The newest that is ready
//
// A manifest may describe the collection of an alias instead of naming it: the newest
// one that a pattern matches and that meets the checks of the alias. What that is
// depends on the cluster, so it is decided after the first read, and everything that
// follows (checks, plan, digest, state) sees the name alone.
//
// Candidates are looked at from the newest down. The walk ends at the collection that
// the alias has: it serves, whatever its checks would show now. So a `newest` goes
// forward and never back. What is unknown is not passed over either: it is chosen, and
// its unknown check refuses the plan.

// Newest is what the `newest` of one alias came to.
type Newest struct {
	Database string         `json:"database"`
	Alias    string         `json:"alias"`
	Match    string         `json:"newest"` // the pattern
	Order    manifest.Order `json:"order"`
	// Collection is the one that was chosen, "" for none.
	Collection string `json:"collection"`
	// PassedOver are the newer ones, the newest first.
	PassedOver []PassedOver `json:"passed_over"`
}

// PassedOver is a collection that was not chosen although it is newer.
type PassedOver struct {
	Collection string `json:"collection"`
	Why        string `json:"why"`
}

// Chosen are the collections that each `newest` came to, by alias: Options.Chosen of a
// plan that is made again.
func (p Plan) Chosen() map[Key]string {
	chosen := make(map[Key]string, len(p.Newest))
	for _, n := range p.Newest {
		if n.Collection != "" {
			chosen[Key{n.Database, n.Alias}] = n.Collection
		}
	}
	return chosen
}

// newest lists what every `newest` came to, and notes what a reader has to know.
func (b *builder) newest() {
	for _, d := range b.databases {
		for i := range d.aliases {
			e := &d.aliases[i]
			if e.newest == nil {
				continue
			}
			c, name := e.newest, b.flagName(d, e.alias)
			b.plan.Newest = append(b.plan.Newest, c.Newest)
			switch {
			case b.live == nil && e.want.Collection == "":
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; it is left out", name, c.Match)
				continue
			case b.live == nil:
				b.note("alias %q: without the cluster it is not known which collection is the newest of %q; taken for %q, which the state has", name, c.Match, e.want.Collection)
				continue
			case c.conflict == nil && c.Collection != "" && b.live.Databases[d.name].Bindings[e.alias] != c.Collection:
				also := ""
				if len(c.strays) > 0 {
					also = fmt.Sprintf("; %s have no version in their names", named(c.strays))
					if len(c.strays) == 1 {
						also = fmt.Sprintf("; %s has no version in its name", named(c.strays))
					}
				}
				b.note("alias %q: the newest of %q that is ready is %q%s", name, c.Match, c.Collection, also)
			}
			for _, p := range c.PassedOver {
				if c.conflict == nil {
					b.note("alias %q: the newer %q is passed over: %s", name, p.Collection, p.Why)
				}
			}
			if c.held {
				b.plan.Remarks = append(b.plan.Remarks, WayOut{Kind: liftForward, Target: name, After: " lets it go forward",
					Before: fmt.Sprintf("alias %q stays until there is something newer than %q, which it was rolled back from: ", name, e.last.RolledBackFrom)})
			}
		}
	}
}

// named lists the first few names.
func named(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", words(names[:most]), len(names)-most)
	}
	return words(names)
}

// orOf quotes names that " or " joins.
func orOf(names string) string { return `"` + strings.ReplaceAll(names, " or ", `" or "`) + `"` }
