package scene

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"aliasctl/internal/acceptance/program"
)

// Story is a cluster and what is to become of it. Names are DATABASE/NAME.
type Story struct {
	Existing []string
	Ours     map[string]string // aliases that an earlier apply bound
	Others   map[string]string // aliases that it did not
	Want     map[string]string // aliases at the end
	Retire   []string
	Unloaded []string // collections that are not in memory at first; the aliases that want one have them loaded
	// Newest are the patterns that the manifest has in the place of what Want has.
	Newest map[string]string
	// Keep are collections that go out of memory, with how long they are kept: "" for
	// ever. One that is retired too has been out of use for longer than that.
	Keep map[string]string
	// Displaces are the new names of the collections whose names aliases take.
	Displaces map[string]string
	// Renamed are aliases that get a new name, by the new one.
	Renamed map[string]Renamed
	// Roles are what each role is granted on a name at first. All aliases copy it.
	Roles map[string]map[string][]string
}

// Renamed is the old name of an alias. With Keep it serves on, and Want has both.
type Renamed struct {
	From string
	Keep string
	Due  bool // that time is over: Ours has both, Want the new one
}

// With is the story with another manifest. A want of "" takes the alias out;
// a retiree with "-" in front is not retired any more.
func (s Story) With(want map[string]string, retire ...string) Story {
	s.Want, s.Retire = maps.Clone(s.Want), slices.Clone(s.Retire)
	for alias, to := range want {
		if s.Want[alias] = to; to == "" {
			delete(s.Want, alias)
		}
	}
	for _, name := range retire {
		if kept, ok := strings.CutPrefix(name, "-"); ok {
			s.Retire = slices.DeleteFunc(s.Retire, func(r string) bool { return r == kept })
		} else {
			s.Retire = append(s.Retire, name)
		}
	}
	return s
}

// Unmanaged are the aliases that no run may touch.
func (s Story) Unmanaged() map[string]string {
	left := maps.Clone(s.Others)
	maps.DeleteFunc(left, func(alias, _ string) bool { return s.Want[alias] != "" })
	return left
}

// called is the name that a collection of the story has at the end.
func (s Story) called(collection string) string {
	if to := s.Displaces[collection]; to != "" {
		db, _ := program.Place(collection)
		return db + "/" + to
	}
	return collection
}

// sources are the names whose grants an alias copies to what it goes to, and to what a
// collection of its name is called then.
func (s Story) sources(alias string) (from string, to []string) {
	_, name := program.Place(alias)
	if s.Displaces[alias] != "" {
		return name, []string{s.Displaces[alias], s.Want[alias]}
	}
	return cmp.Or(s.Ours[alias], name), []string{s.Want[alias]}
}

func (s Story) Databases() []string {
	var list []string
	for _, name := range s.Existing {
		db, _ := program.Place(name)
		list = append(list, db)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
