// Package executor is the only room that changes a cluster: it announces a
// plan in the state, carries its steps out, verifies each one, and settles the
// state from what really happened. A dry run does not call it.
//
// internal/sync calls Apply; internal/milvus and internal/state implement
// the two interfaces that it declares.
package executor

import (
	"context"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// Cluster is the part of a Milvus cluster that an apply needs. Every call goes
// over the wire: nothing is answered from a cache of the client.
//
// The implementation retries reads by itself. It sends a write exactly once
// and classes its error (see Class): whether to try again is decided here,
// after a re-read.
type Cluster interface {
	// AliasTarget resolves an alias by `aliases/describe`. found is false for
	// code 1600, which also hides an alias whose collection was dropped.
	AliasTarget(ctx context.Context, database, alias string) (collection string, found bool, err error)
	// CollectionID is the identity of a collection; names are reused, ids never.
	// found is false for code 100. An alias must not be asked for: Milvus
	// describes the collection behind it.
	CollectionID(ctx context.Context, database, collection string) (id string, found bool, err error)
	// AliasesOf lists every alias that points at a collection, also unmanaged
	// ones, by `aliases/list` with `collectionName` (rootcoord, uncached). It
	// is empty for a collection that does not exist.
	AliasesOf(ctx context.Context, database, collection string) ([]string, error)
	// HasCollection reports whether a collection of that name exists. Milvus
	// answers true for the name of an alias too.
	HasCollection(ctx context.Context, database, collection string) (bool, error)

	CreateAlias(ctx context.Context, database, alias, collection string) error
	AlterAlias(ctx context.Context, database, alias, collection string) error
	DropAlias(ctx context.Context, database, alias string) error
	DropCollection(ctx context.Context, database, collection string) error
	// ReleaseCollection takes a collection out of memory. It succeeds for one
	// that is not loaded, so it may be repeated.
	ReleaseCollection(ctx context.Context, database, collection string) error

	// LoadState reports how far a collection is in memory: the state as Milvus
	// writes it (planner.Loaded, planner.Loading) and the progress in percent.
	LoadState(ctx context.Context, database, collection string) (state string, progress int, err error)
	// LoadCollection starts to load a collection, and returns before it is
	// loaded. It succeeds for a loaded one, so it may be repeated.
	LoadCollection(ctx context.Context, database, collection string) error

	// RoleGrants lists what a role is granted in a database and in all of them. A
	// role that does not exist is an error.
	RoleGrants(ctx context.Context, database, role string) ([]planner.Grant, error)
	// Grant grants a role a privilege, or a group of them; g has the database and
	// the collection. It succeeds for what is granted already, and Revoke for what
	// is not, so both may be repeated.
	Grant(ctx context.Context, role string, g planner.Grant) error
	Revoke(ctx context.Context, role string, g planner.Grant) error

	// RenameCollection gives a collection another name in its database. Its aliases
	// stay with it. It is refused when an alias or a collection has the name, and for
	// an alias in the place of the collection.
	RenameCollection(ctx context.Context, database, collection, name string) error

	// Ask sends one canary read to name, which is an alias or a collection, and
	// waits for its answer. It is a read like the others, and it changes
	// nothing.
	Ask(ctx context.Context, database, name string, canary *manifest.Canary) (Answer, error)
}

// Answer is what a canary read came back with.
type Answer struct {
	// Rows is how many entities or hits it has.
	Rows int
	// Digest is equal for two answers if and only if they say the same, whatever
	// they were asked through: the same rows as a set, because Milvus promises no
	// order for them, and of a search their distances.
	Digest string
	// Took is how long this answer took, without the tries before it.
	Took time.Duration
	// Summary is the answer in a few words, for a person who compares two.
	Summary string
}

// Witness is another address of the same cluster: a proxy or a region that
// must have seen a switch before it counts as done. Proxies keep what aliases
// stand for in a cache, and flip at slightly different times (milvus-rest
// section 3).
type Witness interface {
	// Name is how messages call it, without credentials.
	Name() string
	// AliasTarget is that of Cluster, answered by this address.
	AliasTarget(ctx context.Context, database, alias string) (collection string, found bool, err error)
}

// Store keeps the state. The caller holds its lock from before the read to
// after the last write.
type Store interface {
	// Save replaces the stored state durably and in one piece: when it returns
	// nil, a crash cannot bring the old one back; when it fails, the stored
	// state is wholly the old or wholly the new one.
	Save(ctx context.Context, state planner.State) error
}
