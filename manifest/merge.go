package manifest

import "slices"

// merger puts the documents of a run together into one Manifest and finds what
// no document can see alone: duplicates, and names used in two ways.
type merger struct {
	*collector
	manifest   Manifest
	clusterPos Position
	index      map[string]int // of a database's name in manifest.Databases
	names      []names        // one for each of manifest.Databases
}

// names finds the entries of one database by name. Positions in its slices
// instead of the entries themselves keep it small.
type names struct {
	aliases, retire, release map[string]int32
}

func newMerger(c *collector) *merger {
	return &merger{collector: c, index: map[string]int{}}
}

func (m *merger) setCluster(label string, pos Position) {
	switch {
	case m.manifest.Cluster == "":
		m.manifest.Cluster, m.clusterPos = label, pos
	case m.manifest.Cluster != label:
		m.report(ClusterMismatch, pos, "all documents of a run are for one cluster",
			"cluster %s differs from %s at %s", quoted(label), quoted(m.manifest.Cluster), m.clusterPos)
	}
}

// database makes room for the entries of one document and returns the place of
// its database. named reports whether the document spells the name out.
func (m *merger) database(name string, named bool, pos Position) int {
	i, ok := m.index[name]
	if !ok {
		i = len(m.manifest.Databases)
		m.index[name] = i
		m.manifest.Databases = append(m.manifest.Databases, Database{Name: name, Pos: pos})
		m.names = append(m.names, names{})
	}
	m.manifest.Databases[i].Named = m.manifest.Databases[i].Named || named
	return i
}

// expect makes room for more entries of each kind. It comes before the first
// of them is added.
func (m *merger) expect(db, aliases, retire, releases int) {
	d, names := &m.manifest.Databases[db], &m.names[db]
	d.Aliases = grow(d.Aliases, &names.aliases, aliases)
	d.Retire = grow(d.Retire, &names.retire, retire)
	d.Releases = grow(d.Releases, &names.release, releases)
}

func grow[E any](entries []E, index *map[string]int32, n int) []E {
	if n > 0 && *index == nil {
		*index = make(map[string]int32, n)
	}
	return slices.Grow(entries, n)
}

func (m *merger) addAlias(db int, a Alias) {
	entries := &m.manifest.Databases[db].Aliases
	if i, ok := claim(m.names[db].aliases, a.Name, len(*entries)); !ok {
		m.report(DuplicateAlias, a.Pos, "an alias is bound to one collection; keep one of the two",
			"duplicate alias %s, first at %s", quoted(a.Name), (*entries)[i].Pos)
		return
	}
	*entries = append(*entries, a)
}

func (m *merger) addRetiree(db int, r Retiree) {
	entries := &m.manifest.Databases[db].Retire
	if i, ok := claim(m.names[db].retire, r.Collection, len(*entries)); !ok {
		m.report(DuplicateRetiree, r.Pos, "", "duplicate retired collection %s, first at %s", quoted(r.Collection), (*entries)[i].Pos)
		return
	}
	*entries = append(*entries, r)
}

func (m *merger) addRelease(db int, r Release) {
	entries := &m.manifest.Databases[db].Releases
	if i, ok := claim(m.names[db].release, r.Alias, len(*entries)); !ok {
		m.report(DuplicateRelease, r.Pos, "", "duplicate released alias %s, first at %s", quoted(r.Alias), (*entries)[i].Pos)
		return
	}
	*entries = append(*entries, r)
}

// claim notes that name is at place i. When it already is at another place, it
// returns that and false.
func claim(index map[string]int32, name string, i int) (int, bool) {
	if first, ok := index[name]; ok {
		return int(first), false
	}
	index[name] = int32(i)
	return i, true
}

// checkClashes reports every name that a database uses in two ways. Aliases
// and collections of a database share one set of names (milvus-rest section 2,
// code 1601), and what an alias is bound to cannot be dropped. A clash with
// the aliases is reported at the retire or release entry, once for each name.
func (m *merger) checkClashes() {
	for i := range m.manifest.Databases {
		db, names := &m.manifest.Databases[i], &m.names[i]
		for _, r := range db.Retire {
			if a, ok := names.aliases[r.Collection]; ok {
				m.report(RetiredAlias, r.Pos, "retire takes collections; an alias is dropped by taking it out of aliases",
					"%s is an alias (%s), not a collection", quoted(r.Collection), db.Aliases[a].Pos)
			}
		}
		for _, r := range db.Releases {
			if a, ok := names.aliases[r.Alias]; ok {
				m.report(ReleasedAlias, r.Pos, "an alias is either kept or released; remove one of the two",
					"alias %s is also under aliases (%s)", quoted(r.Alias), db.Aliases[a].Pos)
			}
		}
		m.checkTargets(db, names)
		m.checkDisplaced(db, names)
		m.checkGroups(db)
		m.checkRenames(db, names)
	}
}

// checkDisplaced compares the new names of displaced collections with the other names.
func (m *merger) checkDisplaced(db *Database, names *names) {
	var first map[string]*Alias // by new name
	for i := range db.Aliases {
		a := &db.Aliases[i]
		if a.Displaces == nil {
			continue
		}
		to := a.Displaces.RenameTo
		if alias, isAlias := names.aliases[to]; isAlias {
			m.report(NameClash, a.Displaces.Pos, "aliases and collections of a database share one set of names",
				"rename_to is %s, which is an alias (%s)", quoted(to), db.Aliases[alias].Pos)
		}
		if retiree, isRetired := names.retire[to]; isRetired {
			m.report(RetiredTarget, db.Retire[retiree].Pos, "retire it in a later change: it is the way back",
				"collection %s is to be retired, but alias %s renames a collection to it (%s)", quoted(to), quoted(a.Name), a.Displaces.Pos)
		}
		if other := first[to]; other != nil {
			m.report(NameClash, a.Displaces.Pos, "a name is that of one collection", "rename_to is %s, as for alias %s (%s)", quoted(to), quoted(other.Name), other.Displaces.Pos)
			continue
		}
		if first == nil {
			first = make(map[string]*Alias)
		}
		first[to] = a
	}
}

// checkGroups compares the members of each group: what goes back together has
// to agree on whether it does.
func (m *merger) checkGroups(db *Database) {
	var groups map[string]*Alias // the first member of each
	for i := range db.Aliases {
		a := &db.Aliases[i]
		if a.Cutover == nil || a.Cutover.Group == "" {
			continue
		}
		first := groups[a.Cutover.Group]
		switch {
		case first == nil:
			if groups == nil {
				groups = make(map[string]*Alias)
			}
			groups[a.Cutover.Group] = a
		case first.Cutover.OnFailure != a.Cutover.OnFailure:
			m.report(GroupDisagrees, a.Pos, "a group is one cutover: give all members the same on_failure",
				"alias %s has on_failure %s, but alias %s of the same group %s has %s (%s)",
				quoted(a.Name), quoted(a.Cutover.OnFailure), quoted(first.Name), quoted(a.Cutover.Group),
				quoted(first.Cutover.OnFailure), first.Pos)
		}
	}
}

// checkTargets compares what the aliases are bound to with the other names.
func (m *merger) checkTargets(db *Database, names *names) {
	reported := make(map[string]bool)
	for i, a := range db.Aliases {
		if i > 0 && a.Collection == db.Aliases[i-1].Collection {
			continue // many aliases of one collection often stand together
		}
		alias, isAlias := names.aliases[a.Collection]
		retiree, isRetired := names.retire[a.Collection]
		switch {
		case !isAlias && !isRetired, reported[a.Collection]:
			continue
		case !m.full():
			reported[a.Collection] = true
		}
		if isAlias {
			m.report(NameClash, db.Aliases[alias].Pos, "aliases and collections of a database share one set of names",
				"alias %s is named like the collection of alias %s (%s)", quoted(a.Collection), quoted(a.Name), a.Pos)
			continue
		}
		m.report(RetiredTarget, db.Retire[retiree].Pos, "bind the alias to another collection first, or keep this one",
			"collection %s is to be retired, but alias %s is bound to it (%s)", quoted(a.Collection), quoted(a.Name), a.Pos)
	}
}
