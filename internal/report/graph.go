package report

import "aliasctl/planner"

// Drawing is what a plan does to the bindings of a cluster: which alias leaves
// which collection and where it is bound afterwards. It holds only what
// changes, and no more than a reader can follow.
type Drawing struct {
	Aliases     []Node
	Collections []Node
	Edges       []Edge
	More        int // changes that are left out
	Unchanged   int // aliases that stay where they are
	// Within is the same with at most limit aliases, and limit collections that
	// are dropped without one of these leaving them.
	Within func(limit int) *Drawing
}

// Node is an alias or a collection.
type Node struct {
	Name string
	Fate Fate
}

// Fate is what happens to a node.
type Fate int

// The fates.
const (
	Stays Fate = iota
	Created
	Dropped
)

// Edge is a binding that exists only before, or only after the plan.
type Edge struct {
	Alias, Collection int // indexes
	After             bool
}

// DrawingLimit is how many aliases a drawing shows.
const DrawingLimit = 16

func (p plan) graph() []Section {
	d := p.drawing(DrawingLimit)
	if len(d.Aliases)+len(d.Collections) == 0 {
		return nil
	}
	return one(Section{Title: "Bindings before and after", Graph: d})
}

// drawing has the first changes of the plan.
func (p plan) drawing(limit int) *Drawing {
	g := &Drawing{Unchanged: p.Plan.Summary.Unchanged, Within: p.drawing}
	steps := p.Plan.Steps
	places := make(map[planner.Key]int)
	collection := func(database, name string) int {
		key := planner.Key{Database: database, Name: name}
		at, ok := places[key]
		if !ok {
			at = len(g.Collections)
			places[key] = at
			g.Collections = append(g.Collections, Node{Name: p.key(database, name)})
		}
		return at
	}
	lone := 0
	for i := range steps {
		s := &steps[i]
		from, to := "", s.To
		fate := Stays
		switch {
		case s.Op == planner.DropCollection:
			key := planner.Key{Database: s.Database, Name: s.Collection}
			if _, ok := places[key]; !ok {
				if lone == limit {
					g.More++
					continue
				}
				lone++
			}
			g.Collections[collection(s.Database, s.Collection)].Fate = Dropped
			continue
		case !s.Op.Writes(), s.Op.Prepares(), s.Op == planner.ReleaseCollection: // no binding of the cluster changes
			continue
		case s.Op == planner.CreateAlias, s.Op == planner.Displace:
			fate = Created
		case s.Op == planner.DropAlias:
			from, to, fate = s.From, "", Dropped
		default:
			from = s.From
		}
		if len(g.Aliases) == limit {
			g.More++
			continue
		}
		at := len(g.Aliases)
		g.Aliases = append(g.Aliases, Node{p.key(s.Database, s.Alias), fate})
		if from != "" {
			g.Edges = append(g.Edges, Edge{Alias: at, Collection: collection(s.Database, from)})
		}
		if to != "" {
			g.Edges = append(g.Edges, Edge{Alias: at, Collection: collection(s.Database, to), After: true})
		}
	}
	return g
}

// Elided cuts a long name in its middle, because what distinguishes names is
// mostly at the end of them.
func Elided(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	tail := most / 2
	return string(r[:most-3-tail]) + "..." + string(r[len(r)-tail:])
}
