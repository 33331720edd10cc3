package scene

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aliasctl/internal/acceptance/program"
)

// Document is the manifest of the story.
func (s Story) Document() string {
	var text strings.Builder
	for i, database := range s.Databases() {
		if i > 0 {
			text.WriteString("---\n")
		}
		fmt.Fprintf(&text, "version: 1\ndatabase: %s\naliases:\n", database)
		for _, alias := range slices.Sorted(maps.Keys(s.Want)) {
			if db, name := program.Place(alias); db == database && !s.oldName(alias) {
				fmt.Fprintf(&text, "  %s: %s\n", name, s.binding(alias))
			}
		}
		head := "retire:\n"
		for _, retiree := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(s.Retire, slices.Collect(maps.Keys(s.Keep)))))) {
			if db, name := program.Place(retiree); db == database {
				fmt.Fprintf(&text, "%s  - %s\n", head, s.retiree(retiree, name))
				head = ""
			}
		}
	}
	return text.String()
}

// oldName reports that the manifest has an alias only as the old name of another one.
func (s Story) oldName(alias string) bool {
	for renamed, r := range s.Renamed {
		db, _ := program.Place(renamed)
		if db+"/"+r.From == alias {
			return true
		}
	}
	return false
}

// binding is the entry of an alias.
func (s Story) binding(alias string) string {
	db, _ := program.Place(alias)
	target := s.Want[alias]
	var fields []string
	add := func(format string, args ...any) { fields = append(fields, fmt.Sprintf(format, args...)) }
	if pattern := s.Newest[alias]; pattern != "" {
		target = fmt.Sprintf("{newest: %q}", pattern)
		add("require: {exists: true, same_schema: true, min_rows: 0}")
	}
	if slices.Contains(s.Unloaded, db+"/"+s.Want[alias]) {
		add("load: {timeout: 20s}")
	}
	if to := s.Displaces[alias]; to != "" {
		add("displaces: {rename_to: %s}", to)
	}
	if s.Roles != nil {
		add("grants: copy")
	}
	if r, ok := s.Renamed[alias]; ok {
		add("renamed_from: %s", r.From)
		if r.Keep != "" {
			add("keep_old: %s", r.Keep)
		}
	}
	if fields == nil {
		return target
	}
	return fmt.Sprintf("{collection: %s, %s}", target, strings.Join(fields, ", "))
}

func (s Story) retiree(full, name string) string {
	after, kept := s.Keep[full]
	switch {
	case !kept:
		return name
	case after == "":
		return fmt.Sprintf("{collection: %s, keep_data: true}", name)
	}
	return fmt.Sprintf("{collection: %s, keep_data: true, after: %s}", name, after)
}
