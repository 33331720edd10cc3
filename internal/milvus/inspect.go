package milvus

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"aliasctl/executor"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Inspect asks for what Build needs beyond the bindings, and puts it into live:
// facts and ids of collections, ids and aliases of the collections that a
// pattern retires, and comparisons by golden queries. On an error live is as
// it was. vectors reads the file of a comparison (GoldenQueries); its error is
// returned as it is, before anything is asked.
//
// # What is an error
//
// A fact that the server does not give has a Why: the route is not there, the
// user may not, the collection is not loaded. The check that wanted it is then
// unknown, and all others still count. An inspection ends when nothing would
// be answered any more (no connection, no access), and when the id or the
// aliases of a retiree stay unknown: "no aliases" permits a drop.
//
// # What disturbs what
//
// Facts are asked for in parallel. Comparisons measure time: they come after
// the facts, and one after the other.
func Inspect(ctx context.Context, c *Client, needs planner.Needs, live *planner.Live, vectors func(*manifest.Golden) ([]GoldenQuery, error)) error {
	needs.Golden = slices.DeleteFunc(slices.Clone(needs.Golden), func(run planner.GoldenRun) bool {
		d := live.Databases[run.Database]
		return d != nil && d.Golden[run.Alias] != nil // compared already
	})
	queries := make([][]GoldenQuery, len(needs.Golden))
	for i, run := range needs.Golden {
		var err error
		if queries[i], err = vectors(run.Golden); err != nil {
			return err
		}
	}

	subjects := subjectsOf(needs, live)
	var all []question
	for _, s := range subjects {
		all = append(all, s.questions(c)...)
	}
	if err := c.askAll(ctx, all); err != nil {
		return err
	}
	serving, err := c.serving(ctx, needs.Serving)
	if err != nil {
		return err
	}
	grants, err := c.grants(ctx, needs.Grants, live)
	if err != nil {
		return err
	}
	compared := make([]*planner.GoldenFact, len(needs.Golden))
	for i, run := range needs.Golden {
		var err error
		if compared[i], err = c.compare(ctx, run, queries[i]); err != nil {
			return err
		}
	}

	for _, s := range subjects {
		s.settle(live)
	}
	for k, facts := range serving {
		if d := live.Databases[k.Database]; d != nil {
			if d.Serving == nil {
				d.Serving = map[string]*planner.Facts{}
			}
			d.Serving[k.Name] = facts
		}
	}
	for database, fact := range grants {
		live.Databases[database].Grants = fact
	}
	for i, run := range needs.Golden {
		if d := live.Databases[run.Database]; d != nil {
			if d.Golden == nil {
				d.Golden = map[string]*planner.GoldenFact{}
			}
			d.Golden[run.Alias] = compared[i]
		}
	}
	return nil
}

// subject is one collection that is inspected. Its questions are asked side by
// side: none writes what another one does.
type subject struct {
	planner.Inspection
	retiree bool

	known   planner.LiveCollection // what was read before
	found   bool
	gone    bool // it does not exist
	id      string
	aliases []string // of a retiree
	facts   planner.Facts
}

// subjectsOf joins inspections and retirees, sorted by database and name. What
// live has no database for is left out.
func subjectsOf(needs planner.Needs, live *planner.Live) []*subject {
	all := map[planner.Key]*subject{}
	of := func(database, collection string) *subject {
		k := planner.Key{Database: database, Name: collection}
		if all[k] == nil {
			all[k] = &subject{Inspection: planner.Inspection{Database: database, Collection: collection}}
		}
		return all[k]
	}
	for _, i := range needs.Facts {
		of(i.Database, i.Collection).Inspection = i
	}
	for _, k := range needs.Retirees {
		of(k.Database, k.Name).retiree = true
	}
	maps.DeleteFunc(all, func(k planner.Key, s *subject) bool {
		d := live.Databases[k.Database]
		if d != nil {
			s.known = d.Collections[k.Name]
		}
		return d == nil || d.Missing
	})
	return slices.SortedFunc(maps.Values(all), func(a, b *subject) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Collection, b.Collection))
	})
}

// questions are the requests about the collection, as parallel as they can be.
func (s *subject) questions(c *Client) []question {
	qs := []question{func(ctx context.Context) error { return s.identify(ctx, c) }}
	if s.Load {
		qs = append(qs, func(ctx context.Context) error { return s.askLoad(ctx, c) })
	}
	if s.Rows {
		qs = append(qs, func(ctx context.Context) error { return s.askRows(ctx, c) })
	}
	return qs
}

// identify asks for the id, then for what depends on it: for a retiree its
// aliases, behind the id for the reason that reader.collection gives, and the
// schema with its indexes.
func (s *subject) identify(ctx context.Context, c *Client) error {
	shape := s.Indexes || s.Schema
	s.id, s.found = s.known.ID, s.known.ID != ""
	if s.found && !shape && !s.retiree {
		return nil
	}
	d, found, err := c.describe(ctx, s.Database, s.Collection)
	if err != nil {
		if s.retiree || ends(ctx, err) {
			return err
		}
		s.noShape(whyOf(err))
		return nil
	}
	if !found {
		s.noShape("the collection does not exist (code 100)")
		s.found, s.gone = false, true
		return nil
	}
	s.found = true
	if s.id == "" || s.retiree {
		s.id = d.id
	}
	if s.retiree {
		if s.aliases, s.found, err = c.aliasesOf(ctx, s.Database, s.Collection); err != nil {
			return err
		}
		slices.Sort(s.aliases)
	}
	if !shape {
		return nil
	}
	fields, err := d.schema()
	if err != nil {
		s.noShape("collections/describe shows no usable fields")
		return nil
	}
	for _, f := range fields {
		if c.redactor.In(f.Name, f.Type, f.Dim) {
			s.noShape("collections/describe: " + errTokenInName.Error())
			return nil
		}
	}
	indexes, err := c.indexes(ctx, s.Database, s.Collection)
	if err != nil {
		if ends(ctx, err) {
			return err
		}
		s.noShape(whyOf(err))
		return nil
	}
	s.shape(fields, d.dynamic, indexes)
	return nil
}

// shape makes the facts about schema and indexes.
func (s *subject) shape(fields []planner.Field, dynamic bool, indexes []planner.VectorIndex) {
	var vectors []planner.VectorIndex
	for i, f := range fields {
		if !f.Vector() {
			continue
		}
		index := planner.VectorIndex{Field: f.Name}
		if at := slices.IndexFunc(indexes, func(v planner.VectorIndex) bool { return v.Field == f.Name }); at >= 0 {
			index = indexes[at]
		}
		vectors = append(vectors, index)
		fields[i].Metric, fields[i].Index = index.Metric, index.Type
	}
	if s.Indexes {
		s.facts.Indexes = &planner.IndexFact{Fields: vectors}
	}
	if s.Schema {
		s.facts.Schema = &planner.SchemaFact{Fields: fields, Dynamic: dynamic}
	}
}

func (s *subject) noShape(why string) {
	if s.Indexes {
		s.facts.Indexes = &planner.IndexFact{Why: why}
	}
	if s.Schema {
		s.facts.Schema = &planner.SchemaFact{Why: why}
	}
}

func (s *subject) askLoad(ctx context.Context, c *Client) error {
	state, progress, err := c.LoadState(ctx, s.Database, s.Collection)
	if err != nil {
		if ends(ctx, err) {
			return err
		}
		s.facts.Load = &planner.LoadFact{Why: whyOf(err)}
		return nil
	}
	s.facts.Load = &planner.LoadFact{State: state, Progress: progress}
	return nil
}

// askRows counts, and where the server does not count takes its statistics.
func (s *subject) askRows(ctx context.Context, c *Client) error {
	n, counting := c.count(ctx, s.Database, s.Collection)
	if counting == nil {
		s.facts.Rows = &planner.RowsFact{Count: n, Source: countField}
		return nil
	}
	if ends(ctx, counting) {
		return counting
	}
	n, err := c.stats(ctx, s.Database, s.Collection)
	if err == nil {
		s.facts.Rows = &planner.RowsFact{Count: n, Source: "get_stats"}
		return nil
	}
	if ends(ctx, err) {
		return err
	}
	s.facts.Rows = &planner.RowsFact{Why: whyOf(counting) + "; " + whyOf(err)}
	return nil
}

// settle writes what was found into live. A name that was listed and is gone since is
// taken out of the list; one that may not be described is still there.
func (s *subject) settle(live *planner.Live) {
	d := live.Databases[s.Database]
	collections := d.Collections
	got, listed := collections[s.Collection]
	at, named := slices.BinarySearch(d.Names, s.Collection)
	if s.gone && named {
		d.Names = slices.Delete(slices.Clone(d.Names), at, at+1)
	}
	if !listed && !s.found && (s.gone || !named) {
		return
	}
	if s.found {
		got.ID = s.id
	}
	if s.retiree && s.found {
		got.Aliases = s.aliases
	}
	if s.Load || s.Rows || s.Indexes || s.Schema {
		got.Facts = joined(got.Facts, &s.facts)
	}
	collections[s.Collection] = got
}

// joined are older facts with newer ones over them.
func joined(older, newer *planner.Facts) *planner.Facts {
	if older == nil {
		return newer
	}
	return &planner.Facts{
		Load: cmp.Or(newer.Load, older.Load), Rows: cmp.Or(newer.Rows, older.Rows),
		Indexes: cmp.Or(newer.Indexes, older.Indexes), Schema: cmp.Or(newer.Schema, older.Schema),
	}
}

// ends reports that an error is not about the one fact that was asked for: the
// next question would meet the same.
func ends(ctx context.Context, err error) bool {
	var e *Error
	switch {
	case ctx.Err() != nil, !errors.As(err, &e), IsUnauthenticated(err):
		return true
	case IsRouteMissing(err): // this call alone is not served
		return false
	}
	return e.Status == 0 || e.class == executor.Fatal
}

// maxWhy is where the message of the server is cut off in a Why.
const maxWhy = 160

// whyOf is an error for the table of checks: without the names, which stand
// beside it.
func whyOf(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	short := *e
	short.Database, short.Alias, short.Collection, short.TraceID, short.Attempts = "", "", "", "", 0
	short.Message = cut(short.Message, maxWhy)
	return short.Error()
}
