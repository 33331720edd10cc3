package emulator

import (
	"fmt"
	"strings"
)

// Profile is what one Milvus version does differently from another. The zero
// Profile is no version; start from V24, V25, V26 or V30 and change fields.
// Every difference was recorded from a real server of Release (see
// testdata/transcripts) unless its field says otherwise.
type Profile struct {
	Name    string // what a user writes: "2.4", "2.5", "2.6", "3.0"
	Release string // the server that was recorded, the stem of its transcripts

	// Guard refuses to drop a collection that still has aliases. Servers before
	// 2.4.23 and 2.5.5 lack it: the drop works and leaves dangling aliases
	// (milvus-rest section 2).
	Guard bool
	// ResolvesTargets takes an alias in place of a collection name in alias
	// calls and binds or lists the collection behind it (2.6.12 and later).
	ResolvesTargets bool
	// LooksUpTarget makes aliases/create look for the target before everything
	// else, with a message that carries a timestamp and the database's id.
	LooksUpTarget bool
	// TrimsNames checks names without their outer blanks but stores them with
	// them, and checks the name of a drop too.
	TrimsNames bool
	// HasForgivesDatabase answers collections/has in an unknown database with
	// false instead of code 800.
	HasForgivesDatabase bool
	// TypedErrors gives 1100 or 1601 where older servers say 65535.
	TypedErrors bool

	// StickyTimeout keeps a Request-Timeout for every later request of that
	// route, whoever sends it (milvus-rest section 6).
	StickyTimeout bool
	// StrictTimeout refuses a Request-Timeout that is no integer.
	StrictTimeout bool
	// PlainTimeout answers 408 in plain text instead of JSON.
	PlainTimeout bool
	// LandsLate carries a write out after its 408 was sent, once the metadata
	// store answers again (milvus-rest section 13.1, point 2).
	LandsLate bool

	// ExpiresFirst tells the proxies of a change before it is written, and not
	// after it (before 2.6.6; milvus-rest section 3, read in the source).
	ExpiresFirst bool
	// DescribesFresh answers collections/describe from the coordinator and not
	// from the cache of the proxy (before 2.5.18; milvus-rest section 1.4).
	DescribesFresh bool

	// NoV1 leaves out the v1 routes, so that they answer 404.
	NoV1 bool
	// Success is the code of a v2 success: 0, or 200 before 2.4.3.
	Success int

	shape shape
}

// shape is how much the answers tell, and in which words.
type shape struct {
	nullable       bool // fields say nullable, collections list functions
	timezone       bool // collections have a timezone property
	external       bool // collections tell external sources and structFields
	indexParams    bool // indexes tell indexParams and index versions
	warmup         bool // indexes tell warmup
	roleDetails    bool // roles/describe has a description
	limiterFirst   bool // a query of a missing collection is a limiter error
	nestedVectors  bool // a wrong vector is quoted within a list
	resourceGroups bool // resource_groups routes exist
	topks          bool // a search tells how many rows each vector found
}

// The profiles.
var (
	V24 = Profile{
		Name: "2.4", Release: "2.4.24", Guard: true,
		TrimsNames: true, HasForgivesDatabase: true,
		StickyTimeout: true, PlainTimeout: true, LandsLate: true,
		ExpiresFirst: true, DescribesFresh: true,
		shape: shape{limiterFirst: true},
	}
	V25 = Profile{
		Name: "2.5", Release: "2.5.27", Guard: true,
		LooksUpTarget: true, ExpiresFirst: true,
		shape: shape{nullable: true, indexParams: true, nestedVectors: true,
			resourceGroups: true},
	}
	V26 = Profile{
		Name: "2.6", Release: "2.6.18", Guard: true,
		ResolvesTargets: true, LandsLate: true,
		shape: shape{nullable: true, timezone: true, indexParams: true,
			warmup: true, nestedVectors: true, resourceGroups: true, topks: true},
	}
	V30 = Profile{
		Name: "3.0", Release: "3.0-master", Guard: true,
		ResolvesTargets: true, TypedErrors: true, StrictTimeout: true, LandsLate: true,
		shape: shape{nullable: true, timezone: true, external: true,
			indexParams: true, warmup: true, roleDetails: true,
			nestedVectors: true, resourceGroups: true, topks: true},
	}
)

// Profiles are all profiles, the oldest first.
func Profiles() []Profile { return []Profile{V24, V25, V26, V30} }

// ProfileByName finds the profile of a version such as "2.6". The error names
// those that exist.
func ProfileByName(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("no profile %q: choose one of %s", name, strings.Join(names, ", "))
}
