package milvus

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"
)

// The part of a read that is about collections: which of the names that matter
// are those of one.

// open returns the names of which it is not known whether a collection has
// them, sorted: wanted collections, and names that a managed alias would take.
func (r *reader) open() (collections, aliases []string) {
	wanted := map[string]struct{}{}
	for _, name := range slices.Concat(r.scope.Targets, r.scope.Retirees) {
		if _, known := r.exists[name]; !known && !r.isAlias(name) {
			wanted[name] = struct{}{}
		}
	}
	for _, alias := range r.unbound {
		_, known := r.exists[alias]
		if _, asked := wanted[alias]; !known && !asked {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	return slices.Sorted(maps.Keys(wanted)), aliases
}

// askCollections asks for all collections, when that can answer anything or
// their names are wanted.
func (r *reader) askCollections() []question {
	if collections, aliases := r.open(); len(collections)+len(aliases) == 0 && !r.scope.Names {
		return nil
	}
	return []question{func(ctx context.Context) error {
		list, err := r.c.ListCollections(ctx, r.scope.Name)
		if err != nil {
			return err
		}
		r.listed = make(map[string]struct{}, len(list))
		for _, name := range list {
			r.listed[name] = struct{}{}
		}
		if r.scope.Names {
			r.live.Names = slices.Sorted(slices.Values(list))
		}
		return nil
	}}
}

// askExistence takes what the list proves, and asks for each wanted collection
// that is not in it.
func (r *reader) askExistence() []question {
	collections, aliases := r.open()
	for _, name := range slices.Concat(collections, aliases) {
		if _, ok := r.listed[name]; ok {
			r.exists[name] = true
		}
	}
	collections, _ = r.open()
	return r.has(collections)
}

// askHidden asks for the names of aliases that do not exist yet, when the list
// of collections is known to leave some out.
func (r *reader) askHidden() []question {
	if r.listed == nil || !r.filtered() {
		return nil
	}
	_, aliases := r.open()
	return r.has(aliases)
}

// filtered reports that a collection exists which the list does not show.
func (r *reader) filtered() bool {
	for name, exists := range r.exists {
		if _, shown := r.listed[name]; exists && !shown {
			return true
		}
	}
	return false
}

func (r *reader) has(names []string) []question {
	var qs []question
	for _, name := range names {
		qs = append(qs, func(ctx context.Context) error {
			exists, err := r.c.HasCollection(ctx, r.scope.Name, name)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.exists[name] = exists
			return err
		})
	}
	return qs
}

// Answers asks whether Milvus is there at all, whatever it answers. The error is
// that of an address where nothing listens, or where something else does.
//
// It is tried again as every read is, and asks without the token: it is for an
// address that is doubted, and the token must not go to a stranger's server.
// A 401 counts as an answer, whoever wrote it: it may be what a gateway has to
// say to a call without one. Resolves finds out with the token.
func (c *Client) Answers(ctx context.Context) error {
	k := call{route: aliasesList, header: header(Config{UserAgent: c.cfg.UserAgent})}
	answered := func(e *Error) bool { return e == nil || e.Code != 0 || e.Status == http.StatusUnauthorized }
	start := time.Now()
	_, e := c.exchange(ctx, k)
	if answered(e) {
		return nil
	}
	_, err := c.readAgain(ctx, k, e, start)
	if errors.As(err, &e) && answered(e) {
		return nil
	}
	return err
}

// Resolves asks what an alias stands for that nobody has, with the token: Milvus
// answers that there is none, or that the user may not ask.
func (c *Client) Resolves(ctx context.Context) error {
	_, _, err := c.AliasTarget(ctx, "", randomName())
	if IsDenied(err) {
		return nil
	}
	return err
}
