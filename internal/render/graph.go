package render

import "aliasctl/planner"

// graph is what a plan does to the bindings of a cluster: which alias leaves
// which collection and where it is bound afterwards. It holds only what
// changes, and no more than a reader can follow.
type graph struct {
	aliases     []node
	collections []node
	edges       []edge
	more        int // changes that are left out
}

type node struct {
	name string
	fate fate
}

// fate is what happens to a node.
type fate int

const (
	stays fate = iota
	created
	dropped
)

// edge is a binding that exists only before, or only after the plan.
type edge struct {
	alias, collection int // indexes
	after             bool
}

// newGraph draws the first changes of a plan, at most limit aliases and limit
// collections that are dropped without one of these leaving them.
func newGraph(n names, steps []planner.Step, limit int) graph {
	var g graph
	places := make(map[planner.Key]int)
	collection := func(database, name string) int {
		key := planner.Key{Database: database, Name: name}
		at, ok := places[key]
		if !ok {
			at = len(g.collections)
			places[key] = at
			g.collections = append(g.collections, node{name: n.key(database, name)})
		}
		return at
	}
	lone := 0
	for i := 0; i < len(steps); i++ {
		s := steps[i]
		from, to := "", s.To
		fate := stays
		switch {
		case s.Op == planner.DropCollection:
			key := planner.Key{Database: s.Database, Name: s.Collection}
			if _, ok := places[key]; !ok {
				if lone == limit {
					g.more++
					continue
				}
				lone++
			}
			g.collections[collection(s.Database, s.Collection)].fate = dropped
			continue
		case !s.Op.Writes(): // no binding of the cluster changes
			continue
		case recreates(steps, i):
			from, to = s.From, steps[i+1].To
			i++
		case s.Op == planner.CreateAlias:
			fate = created
		case s.Op == planner.DropAlias:
			from, to, fate = s.From, "", dropped
		default:
			from = s.From
		}
		if len(g.aliases) == limit {
			g.more++
			continue
		}
		at := len(g.aliases)
		g.aliases = append(g.aliases, node{n.key(s.Database, s.Alias), fate})
		if from != "" {
			g.edges = append(g.edges, edge{alias: at, collection: collection(s.Database, from)})
		}
		if to != "" {
			g.edges = append(g.edges, edge{alias: at, collection: collection(s.Database, to), after: true})
		}
	}
	return g
}

func (g graph) empty() bool { return len(g.aliases)+len(g.collections) == 0 }

// elided cuts a long name in its middle, because what tells names apart is
// mostly at the end of them.
func elided(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	tail := most / 2
	return string(r[:most-3-tail]) + "..." + string(r[len(r)-tail:])
}
