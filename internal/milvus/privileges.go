package milvus

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// Privilege is one that aliasctl needs, and whether the user of the token has it.
type Privilege struct {
	Name string // as a grant names it: "CreateAlias"
	For  string // what it is needed for
	Had  Had
	// Optional reports that only a manifest which asks for something needs it: For has
	// the field.
	Optional bool
	Why      string // of HadUnknown
	Hint     string // what to do about that, "" for nothing known
}

// Had is an answer to "may the user?".
type Had string

// The answers.
const (
	HadYes     Had = "yes"
	HadNo      Had = "no"
	HadUnknown Had = "unknown"
)

// Privileges reports which of the privileges that aliasctl needs in a database the
// user of the token has. The error is that of a server that does not answer or
// take the token, or of a database that does not exist (IsDatabaseMissing).
//
// # Why nothing is changed by it
//
// The API does not tell a user what the user may. What shows it is the answer
// to the call itself: Milvus looks at the privilege before anything else, and
// a denial (403) names it. So each call is made about names that nothing has:
// random ones of 122 bits, made for this one call.
//
//   - A create or alter needs a collection that exists. All versions look for
//     it before they write anything, and answer code 100.
//
//   - A drop of an alias or a collection that does not exist is a success
//     without effect in all versions (v1 collections/drop: code 100), also on
//     those that ignore the database of an alias (2.3.13, 2.3.14, 2.4.0): the
//     default database has nothing of that name either.
//
//   - A load, a release, a rename and a read of the load state of a collection that
//     does not exist answer code 100.
//
// Grants are only read: no such call shows ManageOwnership, which is HadUnknown where
// a token is used.
//
// There is no moment at which one of them could do harm, whatever is lost or
// arrives late. Nothing here is tried twice but reads.
//
// # What it cannot tell
//
// Privileges on single collections (Load, Release, GetLoadState, IndexDetail,
// Query, Search) are looked up by the name of the collection: a denial of a random
// name proves nothing about others, and is HadUnknown.
func Privileges(ctx context.Context, c *Client, database string) ([]Privilege, error) {
	needed := []needed{
		{name: "ListAliases", purpose: "to find what an alias points at", try: func(ctx context.Context, nothing string) error {
			_, err := c.AliasesOf(ctx, database, nothing)
			return err
		}},
		{name: "DescribeAlias", purpose: "to verify each binding", try: func(ctx context.Context, nothing string) error {
			_, _, err := c.AliasTarget(ctx, database, nothing)
			return err
		}},
		{name: "CreateAlias", purpose: "to create and to switch aliases", try: func(ctx context.Context, nothing string) error {
			return c.CreateAlias(ctx, database, nothing, nothing+"_target")
		}},
		{name: "DropAlias", purpose: "to drop aliases", try: func(ctx context.Context, nothing string) error {
			return c.DropAlias(ctx, database, nothing)
		}},
		{name: "DescribeCollection", purpose: "to identify collections", try: func(ctx context.Context, nothing string) error {
			_, _, err := c.CollectionID(ctx, database, nothing)
			return err
		}},
		{name: "DropCollection", purpose: "to retire collections", try: func(ctx context.Context, nothing string) error {
			return c.DropCollection(ctx, database, nothing)
		}},
		{name: "GetLoadState", on: collections, purpose: "to see what is in memory (`loaded`, `load`, `keep_data`)", try: func(ctx context.Context, nothing string) error {
			_, _, err := c.LoadState(ctx, database, nothing)
			return err
		}},
		{name: "Load", on: collections, purpose: "to load before a switch (`load`)", try: func(ctx context.Context, nothing string) error {
			return c.LoadCollection(ctx, database, nothing)
		}},
		{name: "Release", on: collections, purpose: "to release (`keep_data`, `release_first`)", try: func(ctx context.Context, nothing string) error {
			return c.ReleaseCollection(ctx, database, nothing)
		}},
		{name: "RenameCollection", on: optional, purpose: "to take the name of a collection (`displaces`)", try: func(ctx context.Context, nothing string) error {
			return c.RenameCollection(ctx, database, nothing, nothing+"_target")
		}},
		{name: "SelectOwnership", on: everywhere, purpose: "to read grants (`same_grants`, `displaces`, `grants: copy`)", try: func(ctx context.Context, _ string) error {
			_, err := c.Roles(ctx)
			return err
		}},
		{name: "ListPrivilegeGroups", on: everywhere, purpose: "likewise", try: func(ctx context.Context, _ string) error {
			_, err := c.PrivilegeGroups(ctx)
			return err
		}},
	}
	all := make([]Privilege, len(needed))
	err := c.throttle.Each(ctx, len(needed), func(ctx context.Context, i int) error {
		p := Privilege{Name: needed[i].name, For: needed[i].purpose, Had: HadYes, Optional: needed[i].on != always}
		switch err := needed[i].try(ctx, randomName()); {
		case err == nil, IsNotFound(err):
		case IsDenied(err) && needed[i].on == collections:
			p.Had, p.Why, p.Hint = HadUnknown, "not granted on all collections; single ones were not tried", "grant "+p.Name+" on the collections concerned, or on *"
		case IsDenied(err):
			p.Had = HadNo
			if needed[i].on == everywhere {
				p.Hint = "grant " + p.Name + " on *.* to a role of this user"
			}
		case IsDatabaseMissing(err), ends(ctx, err):
			return err
		default:
			p.Had, p.Why = HadUnknown, whyOf(err)
			if e := (*Error)(nil); errors.As(err, &e) {
				p.Hint = e.Hint()
			}
		}
		all[i] = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.cfg.Token != "" {
		all = append(all, Privilege{Name: "ManageOwnership", For: "to copy grants (`grants: copy`)", Had: HadUnknown, Optional: true,
			Why: "only a grant shows it", Hint: "look into the roles of this user; it is granted on *.*"})
	}
	return all, nil
}

// needed is a privilege with the call that shows it.
type needed struct {
	name, purpose string
	on            scope
	try           func(ctx context.Context, nothing string) error
}

// scope is where a privilege is needed.
type scope int

const (
	always      scope = iota
	optional          // for what a manifest may ask for
	collections       // likewise, granted on collections
	everywhere        // likewise, granted in all databases at once
)

// randomName is a valid name of an alias, a collection or a database that
// nothing has.
func randomName() string {
	return "aliasctl_nothing_" + strings.ReplaceAll(uuid.NewString(), "-", "")
}
