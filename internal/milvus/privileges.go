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
	Why  string // of HadUnknown
	Hint string // what to do about that, "" for nothing known
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
//   - A drop of an alias or a collection that does not exist is a success
//     without effect in all versions (v1 collections/drop: code 100), also on
//     those that ignore the database of an alias (2.3.13, 2.3.14, 2.4.0): the
//     default database has nothing of that name either.
//
// There is no moment at which one of them could do harm, whatever is lost or
// arrives late. Nothing here is tried twice but reads.
//
// # What it cannot tell
//
// Privileges on single collections (Load, Release, GetLoadState, IndexDetail,
// Query, Search) are looked up by the name of the collection: the answer about
// a random name proves nothing about others.
func Privileges(ctx context.Context, c *Client, database string) ([]Privilege, error) {
	needed := []struct {
		name, purpose string
		try           func(ctx context.Context, nothing string) error
	}{
		{"ListAliases", "to find what an alias points at", func(ctx context.Context, nothing string) error {
			_, err := c.AliasesOf(ctx, database, nothing)
			return err
		}},
		{"DescribeAlias", "to verify each binding", func(ctx context.Context, nothing string) error {
			_, _, err := c.AliasTarget(ctx, database, nothing)
			return err
		}},
		{"CreateAlias", "to create and to switch aliases", func(ctx context.Context, nothing string) error {
			return c.CreateAlias(ctx, database, nothing, nothing+"_target")
		}},
		{"DropAlias", "to drop aliases", func(ctx context.Context, nothing string) error {
			return c.DropAlias(ctx, database, nothing)
		}},
		{"DescribeCollection", "to identify collections", func(ctx context.Context, nothing string) error {
			_, _, err := c.CollectionID(ctx, database, nothing)
			return err
		}},
		{"DropCollection", "to retire collections", func(ctx context.Context, nothing string) error {
			return c.DropCollection(ctx, database, nothing)
		}},
	}
	all := make([]Privilege, len(needed))
	err := c.throttle.Each(ctx, len(needed), func(ctx context.Context, i int) error {
		p := Privilege{Name: needed[i].name, For: needed[i].purpose, Had: HadYes}
		switch err := needed[i].try(ctx, randomName()); {
		case err == nil, IsNotFound(err):
		case IsDenied(err):
			p.Had = HadNo
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
	return all, nil
}

// randomName is a valid name of an alias, a collection or a database that
// nothing has.
func randomName() string {
	return "aliasctl_nothing_" + strings.ReplaceAll(uuid.NewString(), "-", "")
}
