package planner

// A collection that was dropped and made anew under its name keeps every binding
// by name, and is another collection: empty at first, with another schema perhaps.
// Only its id shows that. `aliases/list` and `collections/list`, which prove the
// bindings, give none, so it is seen where an id is read for another reason
// (LiveDatabase.Collections).

// anew says whether the collection that an alias is bound to is another one than
// the state recorded under that name, with both ids.
func (e *managed) anew(live *LiveDatabase) (was, is string, anew bool) {
	if e.last == nil || e.last.CollectionID == "" || live.Bindings[e.alias] != e.last.Collection {
		return "", "", false
	}
	is = live.Collections[e.last.Collection].ID
	return e.last.CollectionID, is, is != "" && is != e.last.CollectionID
}

// adoptAnew lets the state learn the new id of a binding that stays, after the
// checks of a first binding were made against the new collection.
func (b *builder) adoptAnew(d *database, e *managed, live *LiveDatabase, was, is string) {
	name := e.want.Collection
	b.preflight(d, e, live, Step{To: name})
	b.record(d, e, Adopt, name)
	step := &b.records[len(b.records)-1]
	step.FromID, step.ToID, step.Drift = was, is, true
	ask := b.ask(e, live, Step{Database: d.name, Alias: e.alias})
	b.recordAsks = append(b.recordAsks, ask) // the id is in the step
	b.note("collection %q of alias %q was dropped and made anew outside aliasctl: id %s, now %s", b.flagName(d, name), e.alias, was, is)
}

// RecordedIDs lists the collections that a state binds with their ids, each once.
func RecordedIDs(s State) map[Key]string {
	ids := make(map[Key]string)
	for _, b := range s.Bindings {
		if b.CollectionID != "" {
			ids[Key{b.Database, b.Collection}] = b.CollectionID
		}
	}
	return ids
}

// Learn adds ids that were read elsewhere to those of the collections that exist.
func (l *Live) Learn(ids map[Key]string) {
	for k, id := range ids {
		d := l.Databases[k.Database]
		if d == nil {
			continue
		}
		if c, exists := d.Collections[k.Name]; exists && c.ID == "" {
			c.ID = id
			d.Collections[k.Name] = c
		}
	}
}
