package emulator

import (
	"fmt"
	"strings"
	"time"
)

// Profile is what one Milvus version does differently from another. The zero
// Profile is no version; start from one of the variables below and change
// fields. Every difference was recorded from a real server of Release (see
// testdata/transcripts) unless its field states otherwise.
type Profile struct {
	Name string // what a user writes: "2.4", "2.6.18"
	// Release is the server that was recorded, the stem of its transcripts; ""
	// for one that is known by its source alone.
	Release string

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
	// ChecksDatabase answers an unknown database in the words of the REST
	// handler (before 2.4.18; milvus-rest section 2, read in the source).
	ChecksDatabase bool
	// TypedErrors gives 1100 or 1601 where servers before 2.6.19 give 65535.
	TypedErrors bool

	// ResolvesGrants takes an alias in place of a collection name when it grants
	// and when it checks a grant (2.6.9 and later, unless
	// proxy.resolveAliasForPrivilege is false). Otherwise the name counts that a
	// request has.
	ResolvesGrants bool
	// MovesGrants renames the single grants on a collection with it, and drops
	// them with it; those of groups stay (2.6 and later, which also have further
	// privileges and describe no role to those who only have it).
	MovesGrants bool
	// ClusterPrivileges looks for privileges on the whole cluster in grants on
	// every database alone (3.0).
	ClusterPrivileges bool

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

	// ExpiresFirst expires the proxies' caches before a change is written, and not
	// after it (before 2.6.6; milvus-rest section 3, read in the source).
	ExpiresFirst bool
	// DescribesFresh answers collections/describe from the coordinator and not
	// from the cache of the proxy (before 2.5.18; milvus-rest section 1.4).
	DescribesFresh bool

	// NoV1 leaves out the v1 routes, so that they answer 404.
	NoV1 bool
	// Success is the code of a v2 success: 0, or 200 before 2.4.3.
	Success int

	// QuickLoad is how long a collection that was made by quick setup shows
	// LoadStateLoading.
	QuickLoad time.Duration

	shape shape
}

// shape is which routes there are, how much the answers tell, and in which
// words.
type shape struct {
	databases      bool // databases routes exist (2.4.18 and later)
	maintenance    bool // collections/flush, compact, refresh_load and the like exist
	truncate       bool // collections/truncate exists
	resourceGroups bool // resource_groups routes exist

	privilegeGroups bool // privilege_groups routes, and grants without a type exist

	renameToOther bool // a rename to itself is a mistake of its own (2.6.18: by its source)
	renameByID    bool // a rename of a missing collection names the database's id
	idsOrData     bool // a search takes ids in place of data

	nullable      bool // fields say nullable, collections list functions
	timezone      bool // collections have a timezone property
	structFields  bool // collections tell structFields
	external      bool // collections tell external sources
	indexParams   bool // indexes tell indexParams and index versions
	warmup        bool // indexes tell warmup
	roleDetails   bool // roles/describe has a description
	limiterFirst  bool // a query of a missing collection is a limiter error
	nestedVectors bool // a wrong vector is quoted within a list
	rawVectors    bool // a wrong vector is quoted as it was sent
	topks         bool // a search shows how many rows each vector found
}

// The profiles.
var (
	// V23 is 2.3.22 by its source: no recording of it exists.
	V23 = Profile{
		Name: "2.3", Success: 200,
		TrimsNames: true, ChecksDatabase: true,
		StickyTimeout: true, PlainTimeout: true, LandsLate: true,
		ExpiresFirst: true, DescribesFresh: true,
		shape: shape{renameByID: true},
	}
	V24 = Profile{
		Name: "2.4", Release: "2.4.24", Guard: true,
		TrimsNames: true, HasForgivesDatabase: true,
		StickyTimeout: true, PlainTimeout: true, LandsLate: true,
		ExpiresFirst: true, DescribesFresh: true,
		shape: shape{databases: true, privilegeGroups: true, limiterFirst: true, renameByID: true},
	}
	V25 = Profile{
		Name: "2.5", Release: "2.5.27", Guard: true,
		LooksUpTarget: true, ExpiresFirst: true,
		shape: shape{databases: true, privilegeGroups: true, maintenance: true, resourceGroups: true,
			renameByID: true, nullable: true, indexParams: true, nestedVectors: true},
	}
	// V2618 is the last 2.6 before the change of codes.
	V2618 = Profile{
		Name: "2.6.18", Release: "2.6.18", Guard: true,
		ResolvesTargets: true, ResolvesGrants: true, MovesGrants: true, LandsLate: true, QuickLoad: quickLoad,
		shape: shape{databases: true, privilegeGroups: true, maintenance: true, resourceGroups: true,
			renameToOther: true, nullable: true, indexParams: true, nestedVectors: true,
			timezone: true, warmup: true, topks: true},
	}
	// V26 is 2.6.20 or later: its branch on 2026-07-24.
	V26 = Profile{
		Name: "2.6", Release: "2.6-20260724", Guard: true,
		ResolvesTargets: true, ResolvesGrants: true, MovesGrants: true, TypedErrors: true, LandsLate: true, QuickLoad: quickLoad,
		shape: shape{databases: true, privilegeGroups: true, maintenance: true, resourceGroups: true, truncate: true,
			renameToOther: true, nullable: true, indexParams: true, rawVectors: true,
			timezone: true, warmup: true, topks: true,
			structFields: true, roleDetails: true},
	}
	V30 = Profile{
		Name: "3.0", Release: "3.0-20260823", Guard: true,
		ResolvesTargets: true, ResolvesGrants: true, MovesGrants: true, ClusterPrivileges: true,
		TypedErrors: true, StrictTimeout: true, LandsLate: true, QuickLoad: quickLoad,
		shape: shape{databases: true, privilegeGroups: true, maintenance: true, resourceGroups: true, truncate: true,
			renameToOther: true, nullable: true, indexParams: true, rawVectors: true,
			timezone: true, warmup: true, topks: true,
			structFields: true, roleDetails: true, external: true, idsOrData: true},
	}
)

// quickLoad is about as long as real servers take to load an empty collection
// (0.3 to 1.3 s; milvus-rest section 16, point 30).
const quickLoad = 300 * time.Millisecond

// Profiles are all profiles, the oldest first.
func Profiles() []Profile { return []Profile{V23, V24, V25, V2618, V26, V30} }

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
