package state

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"aliasctl/planner"
)

// oldestVersion is the oldest version of the format that can be read.
const oldestVersion = 1

// flaw is one broken rule of the format, with the place in the state.
type flaw struct {
	field string // top-level
	index int    // within a list, else -1
	also  int    // another element that the flaw is about, else -1
	why   string
}

func (f *flaw) path() string {
	if f.index < 0 {
		return f.field
	}
	return fmt.Sprintf("%s[%d]", f.field, f.index)
}

// check holds a state against every rule of the format that the types do not
// say. Reading and saving use it alike, so that no run can write a state that
// the next one refuses. The lists of a state in its canonical order are
// checked without further memory.
func check(s planner.State) *flaw {
	top := func(field, why string) *flaw { return &flaw{field: field, index: -1, also: -1, why: why} }
	if s.Version < oldestVersion || s.Version > planner.StateVersion {
		return top("version", fmt.Sprintf("it is %d, not %d or %d", s.Version, oldestVersion, planner.StateVersion))
	}
	if id, err := uuid.Parse(s.Lineage); err != nil || id.String() != s.Lineage {
		return top("lineage", fmt.Sprintf("%q is not a UUID in lower case", s.Lineage))
	}
	if why := checkURI(s.Cluster.URI); why != "" {
		return top("cluster", why)
	}
	if why := checkText("label", s.Cluster.Label); why != "" {
		return top("cluster", why)
	}
	if why := checkTime("updated_at", s.UpdatedAt); why != "" {
		return top("updated_at", why)
	}
	if f := checkEach("manifests", s.Manifests, checkFile); f != nil {
		return f
	}
	if f := checkEach("bindings", s.Bindings, checkBinding); f != nil {
		return f
	}
	if f := checkEach("retired", s.Retired, checkRetired); f != nil {
		return f
	}
	if f := checkEach("pending", s.Pending, checkAnnouncement); f != nil {
		return f
	}
	if f := checkEach("idle", s.Idle, checkIdle); f != nil {
		return f
	}
	if f := checkEach("unverified", s.Unverified, checkUnverified); f != nil {
		return f
	}
	if f := checkEach("history", s.History, checkEntry); f != nil {
		return f
	}
	if i, j, ok := duplicate(s.Unverified, compareUnverified); ok {
		u := s.Unverified[j]
		return &flaw{"unverified", j, i, fmt.Sprintf("the switch of alias %q of database %q to %q is there twice", u.Alias, u.Database, u.To)}
	}
	if i, j, ok := duplicate(s.Bindings, compareBindings); ok {
		b := s.Bindings[j]
		return &flaw{"bindings", j, i, fmt.Sprintf("alias %q of database %q is bound twice", b.Alias, b.Database)}
	}
	if i, j, ok := duplicate(s.Retired, compareRetired); ok {
		r := s.Retired[j]
		return &flaw{"retired", j, i, fmt.Sprintf("collection %q of database %q is retired twice", r.Collection, r.Database)}
	}
	if i, j, ok := duplicate(s.Idle, compareIdle); ok {
		c := s.Idle[j]
		return &flaw{"idle", j, i, fmt.Sprintf("collection %q of database %q is idle twice", c.Collection, c.Database)}
	}
	return nil
}

func checkEach[T any](field string, list []T, rule func(*T) string) *flaw {
	for i := range list {
		if why := rule(&list[i]); why != "" {
			return &flaw{field, i, -1, why}
		}
	}
	return nil
}

// checkFile takes the base name of a manifest.
func checkFile(name *string) string {
	if *name == "" {
		return "the name of a manifest is empty"
	}
	return checkText("manifests", *name)
}

func checkBinding(b *planner.Binding) string {
	return firstOf(checkName("database", b.Database), checkName("alias", b.Alias),
		checkName("collection", b.Collection), checkID("collection_id", b.CollectionID), checkTime("since", b.Since),
		checkText("renamed_from", b.RenamedFrom), checkTime("renamed_at", b.RenamedAt), checkText("displaced", b.Displaced), checkText("rolled_back_from", b.RolledBackFrom))
}

func checkRetired(r *planner.Retired) string {
	return firstOf(checkName("database", r.Database), checkName("collection", r.Collection),
		checkID("collection_id", r.CollectionID), checkTime("dropped_at", r.DroppedAt))
}

func checkIdle(c *planner.Idle) string {
	return firstOf(checkName("database", c.Database), checkName("collection", c.Collection),
		checkID("collection_id", c.CollectionID), checkTime("since", c.Since))
}

func checkUnverified(u *planner.Unverified) string {
	if u.Confirmations < 0 || u.Canary != nil && (u.Canary.Limit < 0 || u.Canary.MaxLatency < 0) {
		return "a number is negative"
	}
	return firstOf(checkName("database", u.Database), checkName("alias", u.Alias), checkText("from", u.From),
		checkName("to", u.To), checkTime("at", u.At), checkText("group", u.Group))
}

func checkEntry(e *planner.Entry) string {
	if e.Retired < 0 {
		return fmt.Sprintf(`"retired" is %d`, e.Retired)
	}
	for i := range e.ManifestsBefore {
		if why := checkFile(&e.ManifestsBefore[i]); why != "" {
			return fmt.Sprintf("manifests_before[%d]: %s", i, why)
		}
	}
	if why := firstOf(checkTime("at", e.At), checkText("user", e.User), checkText("host", e.Host), checkText("commit", e.Commit)); why != "" {
		return why
	}
	for i := range e.Changes {
		if why := checkChange(&e.Changes[i]); why != "" {
			return fmt.Sprintf("changes[%d]: %s", i, why)
		}
	}
	if _, j, ok := duplicate(e.Changes, compareChanges); ok {
		c := e.Changes[j]
		return fmt.Sprintf("changes[%d]: alias %q of database %q changes twice", j, c.Alias, c.Database)
	}
	return ""
}

// checkChange leaves the collections nearly free, for the reason of
// checkAnnouncement.
func checkChange(c *planner.Change) string {
	return firstOf(checkName("database", c.Database), checkName("alias", c.Alias),
		checkText("from", c.From), checkID("from_id", c.FromID), checkText("to", c.To), checkID("to_id", c.ToID))
}

// checkAnnouncement leaves `from` nearly free: it is what the cluster answered,
// and a cluster may hold names that a manifest may not.
func checkAnnouncement(a *planner.Announcement) string {
	var target string
	switch a.Op {
	case planner.CreateAlias, planner.AlterAlias, planner.Adopt:
		target = firstOf(checkName("alias", a.Alias), checkName("to", a.To))
	case planner.DropAlias, planner.Forget:
		target = checkName("alias", a.Alias)
		if target == "" && a.To != "" {
			target = fmt.Sprintf(`"to" is %q: a %s leads nowhere`, a.To, a.Op)
		}
	case planner.DropCollection:
		target = checkName("collection", a.Collection)
	default:
		target = fmt.Sprintf(`"op" is %q, which is not an operation`, a.Op)
	}
	return firstOf(checkName("database", a.Database), target, checkText("from", a.From), checkTime("at", a.At),
		checkText("rename_to", a.RenameTo), checkID("collection_id", a.CollectionID))
}

func firstOf(whys ...string) string {
	for _, why := range whys {
		if why != "" {
			return why
		}
	}
	return ""
}

// checkName is Milvus' rule for names (milvus-rest section 4).
func checkName(field, name string) string {
	ok := 0 < len(name) && len(name) <= 255 && (name[0] < '0' || name[0] > '9')
	for i := 0; i < len(name) && ok; i++ {
		c := name[i]
		ok = c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%q is %s, which is not a name: a letter or underscore, then letters, digits and underscores, at most 255", field, short(name))
}

// checkID takes the decimal int64 that Milvus gives, and "" for unknown.
func checkID(field, id string) string {
	if id == "" {
		return ""
	}
	if _, err := strconv.ParseUint(id, 10, 63); err != nil {
		return fmt.Sprintf("%q is %s, which is not a collection id", field, short(id))
	}
	return ""
}

// checkTime refuses the years that RFC 3339 has no digits for.
func checkTime(field string, t time.Time) string {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Sprintf("%q is in the year %d", field, y)
	}
	return ""
}

// IsPlain reports that a text is valid UTF-8 without control characters.
func IsPlain(text string) bool {
	bad := func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }
	return utf8.ValidString(text) && !strings.ContainsFunc(text, bad)
}

func checkText(field, text string) string {
	if !IsPlain(text) {
		return fmt.Sprintf("%q is %s, which is not plain text", field, short(text))
	}
	return ""
}

// checkURI is the last guard of the promise that no credential ever reaches a
// state file. Its messages do not repeat the value.
func checkURI(uri string) string {
	if why := checkText("uri", uri); why != "" {
		return `"uri" is not plain text`
	}
	if strings.HasPrefix(uri, Embedded) {
		return ""
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Host == "" || u.Scheme == "":
		return `"uri" is not the URL of a cluster`
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return `"uri" holds more than scheme, host, port and path: credentials do not belong into a state`
	}
	return ""
}

// short quotes a value, cut to what fits into a message.
func short(s string) string {
	if len(s) > 80 {
		return strconv.Quote(s[:80]) + "..."
	}
	return strconv.Quote(s)
}

// duplicate finds two elements of the same key, as places in the list. A
// list in order is checked in one pass; only one that was edited by hand
// needs an index.
func duplicate[T any](list []T, compare func(a, b T) int) (first, second int, found bool) {
	ascending := true
	for i := 1; i < len(list) && ascending; i++ {
		ascending = compare(list[i-1], list[i]) < 0
	}
	if ascending {
		return 0, 0, false
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(list[i], list[j]) })
	for n := 1; n < len(order); n++ {
		if i, j := order[n-1], order[n]; compare(list[i], list[j]) == 0 {
			return i, j, true
		}
	}
	return 0, 0, false
}
