package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aliasctl/internal/quantity"
	"aliasctl/manifest"
)

// Limits bound what one plan may destroy. The zero value forbids nothing but
// what is protected; use DefaultLimits.
type Limits struct {
	AliasDrops      AliasDropLimit
	CollectionDrops int
	// AllowEmpty holds the databases that may lose every managed alias.
	AllowEmpty map[string]bool
	// AcceptManifests lets a plan drop aliases although the state was last
	// applied from other manifests.
	AcceptManifests bool
}

// AliasDropLimit is `--max-alias-drops`: a number, or a share of the managed
// aliases.
type AliasDropLimit struct {
	N       int
	Percent bool
	// From is the number of managed aliases from which the limit applies: one
	// alias of three is more than 30 %, and is everyday work.
	From int
}

// DefaultLimits are the limits of a run without flags.
func DefaultLimits() Limits {
	return Limits{AliasDrops: AliasDropLimit{N: 30, Percent: true, From: 10}, CollectionDrops: 10}
}

// exceeded compares the drops with the managed aliases that the cluster has.
// Whether the limit applies at all depends on those in the state, of which
// there are never fewer.
func (l AliasDropLimit) exceeded(dropped, live, inState int) bool {
	switch {
	case dropped == 0 || inState < l.From:
		return false
	case l.Percent:
		return dropped*100 > l.N*live
	default:
		return dropped > l.N
	}
}

func (l AliasDropLimit) String() string {
	if l.Percent {
		return fmt.Sprintf("%d%%", l.N)
	}
	return fmt.Sprint(l.N)
}

// Refusal is a limit that a plan exceeds.
type Refusal struct {
	Guard  string `json:"guard"`   // a stable word: "alias-drops", "empty-database", "other-manifests", "collection-drops", "protected", "newer-retiree", "grants", "split-group", "group-recreate", "preflight"
	Reason string `json:"reason"`  // names the numbers
	WayOut WayOut `json:"way_out"` // the exact choice or field that lifts it
	// About is the choice that the reason begins with, "" for none.
	About string `json:"-"`
}

// PreflightGuard is the guard of a check that fails or cannot be answered.
const PreflightGuard = "preflight"

// namer returns how a refusal names something of one database: by its name alone where
// the plan is about no other one.
func (p Plan) namer() func(database, name string) string {
	databases := make(map[string]bool)
	for _, bound := range [][]Bound{p.Before, p.After} {
		for _, b := range bound {
			databases[b.Database] = true
		}
	}
	return func(database, name string) string {
		if len(databases) > 1 || len(databases) == 1 && !databases[database] {
			return Key{database, name}.String()
		}
		return name
	}
}

// Check holds the plan against the limits and returns every refusal. A plan
// that is refused is still shown; it is not applied.
func (p Plan) Check(l Limits) []Refusal {
	var refusals []Refusal
	refuse := func(guard string, wayOut WayOut, reason string, args ...any) {
		refusals = append(refusals, Refusal{Guard: guard, Reason: fmt.Sprintf(reason, args...), WayOut: wayOut})
	}

	inState, live, dropped := 0, 0, 0
	for _, m := range p.Managed {
		inState += m.InState
		live += m.Live - m.Released
		dropped += m.Dropped
	}
	if l.AliasDrops.exceeded(dropped, live, inState) {
		refuse("alias-drops", meant(liftAliasDrops, fmt.Sprint(dropped)),
			"the plan drops %d of %s; the limit is %s", dropped, quantity.Of(live, "managed alias"), l.AliasDrops)
	}
	for _, m := range p.Managed {
		// What the manifest adds does not count: that of another team adds its own.
		if m.Dropped > 0 && m.Dropped == m.Live && m.LeftOut == 0 && !l.AllowEmpty[m.Database] {
			refuse("empty-database", meant(liftAllowEmpty, m.Database),
				"the plan drops every managed alias of database %q (%d)", m.Database, m.Dropped)
		}
	}
	if dropped > 0 && p.originChanged() && !l.AcceptManifests {
		origin := meant(liftAcceptOrigin, "")
		origin.Check = []string{liftManifests, liftState}
		refuse("other-manifests", origin,
			"the state was last applied from %s; this plan is made from %s and drops %s",
			filesNamed(p.StateManifests, p.Manifests), filesNamed(p.Manifests, p.StateManifests), quantity.Of(dropped, "managed alias"))
	}
	if p.Summary.Retire > l.CollectionDrops {
		refuse("collection-drops", meant(liftDropLimit, fmt.Sprint(p.Summary.Retire)),
			"the plan drops %s; the limit is %d", quantity.Of(p.Summary.Retire, "collection"), l.CollectionDrops)
	}
	for _, m := range p.Managed {
		for _, alias := range m.Protected {
			refuse("protected", WayOut{Before: fmt.Sprintf("put %q back with `protect: false`, apply, and remove it in a later apply", alias)},
				"alias %q of database %q is protected and the plan drops it", alias, m.Database)
		}
	}
	name, released := p.namer(), make(map[Key]bool)
	for _, s := range p.Steps {
		if s.Op == ReleaseCollection {
			released[s.Key()] = true
		}
	}
	for _, n := range p.Newcomers {
		target, fate := name(n.Database, n.Collection), "to drop it"
		if released[Key{n.Database, n.Collection}] {
			fate = "to release it"
		}
		refuse("newer-retiree", WayOut{Before: "remove it from `retire` if it is new work or mistyped; ", Kind: liftRetireNewer, Target: target, After: " " + fate},
			"collection %q (id %s) is newer than every collection that stays bound in database %q, and the state knows no alias that left it",
			n.Collection, n.ID, n.Database)
	}
	for _, u := range p.Ungranted {
		refusals = append(refusals, u.refusal(name(u.Database, u.Alias)))
	}
	for _, g := range p.SplitGroups {
		refuse("split-group", WayOut{Before: "name all members with ", Kind: liftOnly, After: ", or none"},
			"takes a part of group %q of database %q and leaves out %s", g.Group, g.Database, strings.Join(g.Missing, ", "))
		refusals[len(refusals)-1].About = liftOnly
	}
	torn := make(map[Key]bool)
	for _, s := range p.Steps {
		if g := (Key{s.Database, ""}); (s.Op == RecreateAlias || s.RecreateBack) && s.Cutover != nil && s.Cutover.Group != "" {
			if g.Name = s.Cutover.Group; !torn[g] {
				torn[g] = true
				refuse("group-recreate", WayOut{Kind: liftSwitchMode, Target: string(ByAlter), After: ", or take the aliases out of the group"},
					"group %q of database %q cannot be switched as one by drop and create: a failure in the middle would leave an alias unbound", g.Name, g.Database)
			}
		}
	}
	rollingBack := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.RolledBack })
	for _, c := range p.Checks {
		if !c.Verdict.Refuses() {
			continue
		}
		outcome := "fails"
		if c.Verdict == CheckUnknown {
			outcome = "cannot be answered"
		}
		reason := fmt.Sprintf("check %q of alias %q %s", c.Name, name(c.Database, c.Alias), outcome)
		if len(c.Details) > 0 {
			reason += ": " + c.Details[0]
		}
		wayOut := WayOut{Before: cmp.Or(c.Mend, "mend the collection") + ", or ", Kind: liftSkipCheck, Target: string(c.Name)}
		if c.Implied {
			wayOut = c.implyWayOut(rollingBack)
		}
		if c.Name == manifest.Loaded && rollingBack && c.Verdict == CheckFailed {
			wayOut = lift(liftLoad, "", "loads it first")
		}
		refuse(PreflightGuard, wayOut, "%s", reason)
	}
	return refusals
}

// ParseAliasDropLimit reads "N" or "P%". An explicit limit applies however few
// aliases are managed.
func ParseAliasDropLimit(s string) (AliasDropLimit, error) {
	digits, percent := strings.CutSuffix(s, "%")
	n := 0
	if _, err := fmt.Sscanf(digits, "%d", &n); err != nil || fmt.Sprint(n) != digits || n < 0 || percent && n > 100 {
		return AliasDropLimit{}, fmt.Errorf("%q is neither a number nor a share like 30%%", s)
	}
	return AliasDropLimit{N: n, Percent: percent}, nil
}

// A state has one owner: the manifests that it was last applied from. Another
// team's manifest beside it reads like one from which every alias was removed.
// Only the names of the files tell the two apart, so the state records them,
// and a plan of other files that drops an alias has to be confirmed. Renaming
// or splitting a manifest drops nothing, and needs no word.

// originChanged reports that the plan is made from other manifests than the state.
// It is false where one of them is not known, and for a rollback, which is made
// from the state itself.
func (p Plan) originChanged() bool {
	return !p.Rollback && len(p.Manifests) > 0 && len(p.StateManifests) > 0 && !slices.Equal(p.Manifests, p.StateManifests)
}

// originOf sets what the plan is made from beside what the state was applied
// from, and whether an apply records it: one of a few aliases (`--only`) does
// not speak for the whole state.
func (p *Plan) originOf(s State, manifests []string, partly bool) {
	p.Manifests, p.StateManifests = manifests, s.Manifests
	p.Housekeeping.Manifests = nil
	if len(manifests) > 0 && !slices.Equal(manifests, s.Manifests) && !(partly && len(s.Manifests) > 0) {
		p.Housekeeping.Manifests = manifests
	}
}

// ManifestsAt is what the state was applied from when it had that serial, as
// far as its history goes.
func ManifestsAt(s State, serial uint64) []string {
	manifests := s.Manifests
	for _, e := range slices.Backward(s.History) {
		if e.Serial > serial && len(e.ManifestsBefore) > 0 {
			manifests = e.ManifestsBefore
		}
	}
	return manifests
}

// filesNamed lists files for a message, those that the other list lacks first.
func filesNamed(files, other []string) string {
	const most = 8
	lacks := func(name string) bool { return !slices.Contains(other, name) }
	var names []string
	for _, pass := range []bool{true, false} {
		for _, f := range files {
			if lacks(f) != pass {
				continue
			}
			if f == manifest.StdinPath {
				names = append(names, "standard input")
			} else {
				names = append(names, fmt.Sprintf("%q", f))
			}
		}
	}
	if more := len(names) - most; more > 1 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
