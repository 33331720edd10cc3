package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// Who may read
//
// Milvus grants privileges to roles, on the name of a collection. A switch
// changes which collection readers meet, and grants do not move with an alias: a
// role that may read blue gets HTTP 403 from green until it is granted there too.
//
// What a grant on the name of an alias is worth depends on the server
// (proxy.resolveAliasForPrivilege, which REST does not show). Up to 2.6.8, or with
// the setting off, the name of the request counts: such a grant follows the alias.
// From 2.6.9 on the server puts the collection in the place of the alias, both when
// it grants and when it checks: the grant stays with blue, and one that is listed
// under the name of an alias lets nothing through.

// GrantFact is what the roles of a cluster are granted in one database.
type GrantFact struct {
	Roles []Role // sorted by name, without `admin`, which may do everything
	// Groups has the privileges of each privilege group, built in or not.
	Groups map[string][]string
	// Older reports a server before 2.6 for certain: grants on an alias follow it,
	// and the privilege * holds all others.
	Older bool
	// Delayed reports that the server may let a grant count some seconds later: one
	// that is not 2.6 or later for certain.
	Delayed bool
	Why     string // why it is unknown, "" when it is known
	Lift    string // what makes it known, "" for nothing known
}

// Role is a role with what it is granted in one database and in all of them.
type Role struct {
	Name   string
	Grants []Grant
}

// Grant is one entry of `roles/describe`. A privilege group is listed with the type
// Global, and with the name of the collection as object.
type Grant struct {
	Database   string // or * for all
	ObjectType string // Collection, Global, User
	Object     string // the name of a collection or alias, or * for all
	Privilege  string // or the name of a group
}

// Compare orders grants by database, object, type and privilege.
func (g Grant) Compare(o Grant) int {
	return cmp.Or(cmp.Compare(g.Database, o.Database), cmp.Compare(g.Object, o.Object),
		cmp.Compare(g.ObjectType, o.ObjectType), cmp.Compare(g.Privilege, o.Privilege))
}

// PublicRole is the role that every user has.
const PublicRole = "public"

// AdminRole is the role that may do everything, whatever it is granted.
const AdminRole = "admin"

// The privileges that decide who may read rows, and who may write them. They are
// the same on all versions: Query stands for query and get, Search for search and
// hybrid search.
var (
	reading = []string{"Query", "Search"}
	writing = []string{"Insert", "Upsert", "Delete"}
)

func (f *GrantFact) unknown() (string, bool) {
	return missing(f == nil, func() string { return f.Why })
}

// opens reports whether a grant lets a request through that needs a privilege on a
// name of the database.
func (f *GrantFact) opens(g Grant, database, name, privilege string) bool {
	switch {
	case g.Privilege == allPrivileges: // whatever object it has; with database * it opens nothing
		return g.Database == database
	case !g.on(database, name):
		return false
	case g.ObjectType == "Global":
		return slices.Contains(f.Groups[g.Privilege], privilege)
	case g.ObjectType != "Collection":
		return false
	}
	return g.Privilege == privilege || g.Privilege == anyName && f.Older
}

const (
	anyName       = "*"
	allPrivileges = "All"
)

// on reports whether a grant is on a name of the database, or on all of them.
func (g Grant) on(database, name string) bool {
	return (g.Database == database || g.Database == anyName) && (g.Object == name || g.Object == anyName)
}

// may reports whether any of the grants lets through a request that names one of
// some names.
func (f *GrantFact) may(grants []Grant, database string, names []string, privilege string) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool {
		return slices.ContainsFunc(names, func(name string) bool { return f.opens(g, database, name, privilege) })
	})
}

// loss is what one role may do before a switch and not after it.
type loss struct {
	role       string
	privileges []string
	// aliased reports that a grant on the alias would count where it follows it.
	aliased bool
}

// passage is a switch as grants see it.
type passage struct {
	database, alias string
	before, after   []string // the names whose grants count before and after
	// renamed is a collection that a rename takes from under its name, "" for none: from
	// 2.6 on its single privileges go with it, and its groups stay with the name.
	renamed string
}

// staying are the grants that are still where they are afterwards.
func (p passage) staying(grants []Grant) []Grant {
	if p.renamed == "" {
		return grants
	}
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool {
		return g.ObjectType == "Collection" && g.Object == p.renamed && g.Database == p.database
	})
}

// passagesOf is how the grants of an alias change when it is switched. A first
// binding has no blue: then what was granted on the name ahead is compared, which
// stops to count where a grant does not follow its alias. Where it does, readers of the
// old name of an alias are to read by the new one.
func passagesOf(step Step, follows bool) []passage {
	p := passage{database: step.Database, alias: step.Alias, before: []string{step.From}, after: []string{step.To}}
	if step.RenamedFrom != "" && follows {
		byName := passage{database: step.Database, alias: step.Alias, before: []string{step.RenamedFrom}, after: []string{step.Alias}}
		if step.From == "" {
			return []passage{byName}
		}
		return []passage{byName, p}
	}
	if step.From == "" {
		p.before = []string{step.Alias}
	} else if follows {
		p.before = append(p.before, step.Alias)
	}
	if follows {
		p.after = append(p.after, step.Alias)
	}
	return []passage{p}
}

// losses lists the roles that lose any of some privileges in one of some passages, and
// how many have one before.
func (f *GrantFact) losses(privileges []string, passages ...passage) (lost []loss, had int) {
	var public []Grant
	for _, r := range f.Roles {
		if r.Name == PublicRole {
			public = r.Grants
		}
	}
	for _, r := range f.Roles {
		l, has := loss{role: r.Name}, false
		for _, privilege := range privileges {
			loses := false
			for _, p := range passages {
				if !f.may(r.Grants, p.database, p.before, privilege) {
					continue
				}
				has = true
				if !f.may(p.staying(r.Grants), p.database, p.after, privilege) && !f.may(p.staying(public), p.database, p.after, privilege) {
					loses = true
					l.aliased = l.aliased || f.may(r.Grants, p.database, []string{p.alias}, privilege)
				}
			}
			if loses {
				l.privileges = append(l.privileges, privilege)
			}
		}
		if has {
			had++
		}
		if len(l.privileges) > 0 {
			lost = append(lost, l)
		}
	}
	return lost, had
}

func (l loss) String() string {
	who := fmt.Sprintf("role %q", l.role)
	if l.role == PublicRole {
		who += ", which every user has,"
	}
	return fmt.Sprintf("%s loses %s", who, enumerated(l.privileges))
}

// enumerated is "Query", "Query and Search", "Delete, Insert and Upsert".
func enumerated(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// follows reports whether a grant on the alias counts for whatever it is bound to.
func (f *GrantFact) follows(c *manifest.Cutover) bool {
	if c == nil {
		return f.Older
	}
	for _, check := range c.Require {
		if check.Name == manifest.SameGrants && check.AliasGrants != "" {
			return check.AliasGrants == manifest.GrantsFollow
		}
	}
	return f.Older
}

// sameGrants judges whether every role that may read blue may read green. Roles that
// lose only the right to write are shown, and decide nothing.
func (c *Check) sameGrants(want manifest.Check, step Step, f *GrantFact) {
	if !c.answered(f) {
		if f != nil {
			c.Mend = f.Lift
		}
		c.Mend = strings.TrimPrefix(c.Mend+", or `same_grants: {unknown: allow}`", ", or ")
		return
	}
	passages := passagesOf(step, f.follows(&manifest.Cutover{Require: []manifest.Check{want}}))
	lost, had := f.losses(reading, passages...)
	if step.From != "" {
		c.Blue = quantity.Of(had, "role")
	}
	c.Green = fmt.Sprintf("%d of %s", had-len(lost), quantity.Of(had, "role"))
	c.Verdict = CheckPassed
	for _, l := range lost {
		line := l.String()
		if l.aliased && want.AliasGrants == "" {
			line += fmt.Sprintf("; its grant on %q counts only where it follows the alias (`alias_grants: %s`)", step.Alias, manifest.GrantsFollow)
		} else if l.aliased {
			line += fmt.Sprintf("; its grant on %q does not count once that is an alias", step.Alias)
		}
		c.failed("%s", line)
	}
	if lost, _ := f.losses(writing, passages...); len(lost) > 0 {
		for _, l := range lost {
			c.Details = append(c.Details, l.String()+"; only reading decides")
		}
	}
	to := fmt.Sprintf("%q", step.To)
	if passages[0].after[0] == step.Alias { // by its new name
		to = fmt.Sprintf("the name %q", step.Alias)
		if len(passages) > 1 {
			to += fmt.Sprintf(" and on %q", step.To)
		}
	}
	c.Mend = fmt.Sprintf("grant it on %s, or `grants: copy` on the alias", to)
}
