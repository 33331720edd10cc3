package scene

import (
	"maps"

	"aliasctl/internal/acceptance/program"
)

// RichStory has every kind of step in two databases, with the same names in
// both: create, switch, drop, retire, adopt, and what is to stay.
var RichStory = Story{
	Existing: []string{
		"default/products_v1", "default/products_v2", "default/products_v3", "default/reviews_v1",
		"default/images_v1", "default/legacy_v1", "default/old_v1", "default/foreign_v1",
		"search/products_v1", "search/products_v2", "search/queries_v1", "search/gone_v1",
	},
	Ours: map[string]string{
		"default/products": "products_v1", "default/reviews": "reviews_v1", "default/old": "old_v1",
		"search/products": "products_v1", "search/gone": "gone_v1",
	},
	Others: map[string]string{
		"default/legacy": "legacy_v1", "default/foreign": "foreign_v1", "search/other": "products_v2",
	},
	Want: map[string]string{
		"default/products": "products_v2", "default/reviews": "reviews_v1", "default/images": "images_v1",
		"default/legacy": "legacy_v1", "search/products": "products_v2", "search/queries": "queries_v1",
	},
	Retire: []string{"default/products_v1", "default/old_v1", "search/products_v1"},
}

// LoadStory is RichStory with two collections that are loaded before the switch.
var LoadStory = RichStory.with("default/products_v2", "search/products_v2")

func (s Story) with(unloaded ...string) Story {
	s.Unloaded = unloaded
	return s
}

// NewestStory binds aliases to the newest of a pattern, and has older ones that are
// ready beside it: a request that goes wrong must not lead there.
var NewestStory = Story{
	Existing: []string{"default/products_v1", "default/products_v9", "default/products_v10", "default/foreign_v1"},
	Ours:     map[string]string{"default/products": "products_v1"},
	Others:   map[string]string{"default/foreign": "foreign_v1"},
	Want:     map[string]string{"default/products": "products_v10", "default/first": "products_v10"},
	Newest:   map[string]string{"default/products": "products_v*", "default/first": "products_v*"},
}

// ReleaseStory takes collections out of memory: for ever, for a time, and one whose time
// is over, which goes.
var ReleaseStory = Story{
	Existing: []string{
		"default/aged_v1", "default/products_v0", "default/products_v1", "default/products_v2", "default/foreign_v1",
		"search/products_v1", "search/products_v2",
	},
	Ours:   map[string]string{"default/products": "products_v1", "search/products": "products_v1"},
	Others: map[string]string{"default/foreign": "foreign_v1", "search/other": "products_v2"},
	Want:   map[string]string{"default/products": "products_v2", "search/products": "products_v2"},
	Keep:   map[string]string{"default/products_v1": "", "default/products_v0": "7d", "default/aged_v1": "1h", "search/products_v1": ""},
	Retire: []string{"default/aged_v1"},
}

// DisplaceStory has aliases that take the names of collections: one that goes to a new
// collection, and one that stays with that of its name. Another client's alias
// follows.
var DisplaceStory = Story{
	Existing:  []string{"default/products", "default/products_v2", "default/images", "default/reviews_v1", "default/reviews_v2"},
	Ours:      map[string]string{"default/reviews": "reviews_v1"},
	Others:    map[string]string{"default/shop": "products"},
	Want:      map[string]string{"default/products": "products_v2", "default/images": "images_v1", "default/reviews": "reviews_v2"},
	Displaces: map[string]string{"default/products": "products_v1", "default/images": "images_v1"},
	Retire:    []string{"default/reviews_v1"},
}

// GrantStory copies what roles may do to what aliases go to: single privileges, one that
// brings others along, and what is there already.
var GrantStory = Story{
	Existing: []string{"default/products_v1", "default/products_v2", "default/reviews_v1", "default/foreign_v1"},
	Ours:     map[string]string{"default/products": "products_v1", "default/reviews": "reviews_v1"},
	Others:   map[string]string{"default/foreign": "foreign_v1"},
	Want:     map[string]string{"default/products": "products_v2", "default/reviews": "reviews_v1"},
	Retire:   []string{"default/products_v1"},
	Roles: map[string]map[string][]string{
		"reader":  {"default/products_v1": {"Query", "Search"}, "default/products_v2": {"Search"}},
		"loader":  {"default/products_v1": {"Load", "Query"}},
		"other":   {"default/foreign_v1": {"Query", "Insert"}, "default/reviews_v1": {"Query"}},
		"anybody": {"default/*": {"Search"}, "default/products_v1": {"Search"}},
	},
}

// DisplaceGrantStory is DisplaceStory with readers, who may read by the names of
// collections that aliases take.
var DisplaceGrantStory = func() Story {
	s := DisplaceStory
	s.Roles = map[string]map[string][]string{
		"reader": {"default/products": {"Query", "Search"}, "default/images": {"Query"}},
		"other":  {"default/reviews_v1": {"Query", "Insert"}, "default/products_v2": {"Insert"}},
	}
	return s
}()

// RenameStory gives aliases new names: both serve, only the new one does, and the time
// of the old one is over.
var RenameStory = Story{
	Existing: []string{"default/products_v1", "default/products_v2", "default/reviews_v1", "default/images_v1", "default/images_v2", "default/foreign_v1"},
	Ours: map[string]string{
		"default/products": "products_v1", "default/reviews": "reviews_v1", "default/images": "images_v1", "default/pictures": "images_v1",
	},
	Others: map[string]string{"default/foreign": "foreign_v1"},
	Want: map[string]string{
		"default/products": "products_v2", "default/goods": "products_v2", "default/opinions": "reviews_v1", "default/pictures": "images_v2",
	},
	Renamed: map[string]Renamed{
		"default/goods":    {From: "products", Keep: "24h"},
		"default/opinions": {From: "reviews"},
		"default/pictures": {From: "images", Keep: "1h", Due: true},
	},
	Retire: []string{"default/products_v1"},
}

// WithGroups is the story on a server that has privilege groups, with roles that have
// one where they had a list.
func (s Story) WithGroups() Story {
	roles := maps.Clone(s.Roles)
	roles["group"] = map[string][]string{}
	for _, objects := range s.Roles {
		for object := range objects {
			if _, name := program.Place(object); name != "*" {
				roles["group"][object] = []string{"CollectionReadOnly"}
			}
		}
	}
	s.Roles = roles
	return s
}
