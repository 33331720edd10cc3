package planner

// Newcomer is a retiree that looks like new work: it was made after every
// collection that the plan leaves bound in its database, and the state has never
// known an alias to leave it. After a lost state, an index that was built again
// under a retired name looks so, and so does a name that was mistyped.
type Newcomer struct {
	Database   string `json:"database"`
	Collection string `json:"collection"`
	ID         string `json:"id"`
}

// left holds the collections of a database that an alias has left or leaves, by
// name, with the ids that the state recorded; "" stands for any.
type left map[string][]string

func (l left) has(name, id string) bool {
	for _, known := range l[name] {
		if known == "" || known == id {
			return true
		}
	}
	return false
}

// leftOf gathers them from the state, from what unfinished runs announced, and
// from the cluster: what an alias of ours is bound to now has served.
func leftOf(d *database, s State, live *LiveDatabase) left {
	l := make(left)
	add := func(name, id string) {
		if name != "" {
			l[name] = append(l[name], id)
		}
	}
	for i := range d.aliases {
		e := &d.aliases[i]
		if e.last != nil {
			add(e.last.Collection, e.last.CollectionID)
		}
		for _, p := range e.pending {
			add(p.From, "")
			add(p.To, "")
		}
		add(live.Bindings[e.alias], "")
	}
	for _, entry := range s.History {
		for _, c := range entry.Changes {
			if c.Database == d.name {
				add(c.From, c.FromID)
				add(c.To, c.ToID)
			}
		}
	}
	for name, ids := range d.announced {
		for _, id := range ids {
			add(name, id)
		}
	}
	for name, r := range d.retired {
		if r.CollectionID != "" {
			add(name, r.CollectionID)
		}
	}
	return l
}

// newcomers notes the retirees among the drops of a database that look like new
// work. What `keep` retires was compared with the bound collection already.
func (b *builder) newcomers(d *database, live *LiveDatabase, drops []Step) {
	if len(drops) == 0 || b.live == nil {
		return
	}
	bound, known := b.boundIDs(d, live), leftOf(d, b.state, live)
	for _, s := range drops {
		asked := b.options.RetireNewer.Has(d.name, s.Collection) || b.options.RetireAgain.Has(d.name, s.Collection)
		if s.Surplus || asked || known.has(s.Collection, s.ID) || !newest(s.ID, bound) {
			continue
		}
		b.plan.Newcomers = append(b.plan.Newcomers, Newcomer{Database: d.name, Collection: s.Collection, ID: s.ID})
	}
}

// newest reports whether an id is greater than all of those that are known, of which
// there must be one.
func newest(id string, bound map[string]string) bool {
	compared := false
	for _, other := range bound {
		order, known := compareIDs(id, other)
		if known && order <= 0 {
			return false
		}
		compared = compared || known
	}
	return compared
}

// mayBeNewcomer reports whether the ids of what stays bound have to be read to judge
// a retiree: the recorded ones do not show that it is older than one of them.
func (d *database) mayBeNewcomer(l left, live *LiveDatabase, name string) bool {
	c, exists := live.Collections[name]
	if !exists || len(c.Aliases) > 0 || l.has(name, c.ID) {
		return false
	}
	for i := range d.aliases {
		if last := d.aliases[i].last; last != nil && d.aliases[i].wanted() == last.Collection {
			if order, known := compareIDs(c.ID, last.CollectionID); known && order < 0 {
				return false
			}
		}
	}
	return true
}
