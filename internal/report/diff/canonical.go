package diff

import (
	"strings"

	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// side is one side of a diff.
type side report.Side

// The canonical YAML of bindings has the form of a manifest: one document per
// database, one line per binding, everything in order.
//
//	---
//	database: default
//	aliases:
//	  products: products_v42
//	  reviews: {collection: reviews_v7, protect: true}
//	collections:
//	  - products_v41

// canonical writes both sides at once, and hands them over in pairs of small
// pieces that begin and end at the same keys. A diff of the pieces, one after
// the other, is a diff of the whole; since no piece has more than pieceKeys
// keys, its cost stays linear however much the sides differ.
func canonical(before, after side, pair func(before, after string)) {
	var a, b strings.Builder
	keys := 0
	flush := func() {
		if a.Len()+b.Len() > 0 {
			pair(a.String(), b.String())
			a.Reset()
			b.Reset()
		}
		keys = 0
	}
	next := func() {
		if keys++; keys == pieceKeys {
			flush()
		}
	}
	for {
		database, ok := firstDatabase(before, after)
		if !ok {
			flush()
			return
		}
		var x, y side
		x, before = before.cut(database)
		y, after = after.cut(database)
		x.open(&a, database)
		y.open(&b, database)
		merge(x.Aliases, y.Aliases, func(l, r *planner.Bound) {
			writeBinding(&a, l)
			writeBinding(&b, r)
			next()
		})
		x.openCollections(&a)
		y.openCollections(&b)
		for _, c := range x.Collections {
			a.WriteString("  - " + scalar(c.Name) + "\n")
			next()
		}
	}
}

// pieceKeys is the number of keys in a piece. The cost of a diff grows with
// its square, so it is small; it need only be larger than what fits a screen.
const pieceKeys = 48

// firstDatabase is the least name of a database on either side.
func firstDatabase(sides ...side) (name string, ok bool) {
	see := func(database string) {
		if !ok || database < name {
			name, ok = database, true
		}
	}
	for _, s := range sides {
		if len(s.Aliases) > 0 {
			see(s.Aliases[0].Database)
		}
		if len(s.Collections) > 0 {
			see(s.Collections[0].Database)
		}
	}
	return name, ok
}

// cut takes away the part that belongs to a database, which comes first.
func (s side) cut(database string) (part, rest side) {
	n := 0
	for n < len(s.Aliases) && s.Aliases[n].Database == database {
		n++
	}
	part.Aliases, rest.Aliases = s.Aliases[:n], s.Aliases[n:]
	n = 0
	for n < len(s.Collections) && s.Collections[n].Database == database {
		n++
	}
	part.Collections, rest.Collections = s.Collections[:n], s.Collections[n:]
	return part, rest
}

// open begins the document of one database, if there is anything in it.
func (s side) open(b *strings.Builder, database string) {
	if len(s.Aliases)+len(s.Collections) == 0 {
		return
	}
	b.WriteString("---\n" + databaseField + scalar(database) + "\n")
	if len(s.Aliases) > 0 {
		b.WriteString("aliases:\n")
	}
}

const databaseField = "database: "

func (s side) openCollections(b *strings.Builder) {
	if len(s.Collections) > 0 {
		b.WriteString("collections:\n")
	}
}

// merge walks two lists of one database in the order of the aliases; what only
// one of them has comes with a nil.
func merge(before, after []planner.Bound, both func(before, after *planner.Bound)) {
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Alias < after[0].Alias:
			both(&before[0], nil)
			before = before[1:]
		case len(before) == 0 || after[0].Alias < before[0].Alias:
			both(nil, &after[0])
			after = after[1:]
		default:
			both(&before[0], &after[0])
			before, after = before[1:], after[1:]
		}
	}
}

func writeBinding(b *strings.Builder, binding *planner.Bound) {
	if binding == nil {
		return
	}
	b.WriteString("  ")
	b.WriteString(scalar(binding.Alias))
	if binding.Protect {
		b.WriteString(": {collection: ")
		b.WriteString(scalar(binding.Collection))
		b.WriteString(", protect: true}\n")
		return
	}
	b.WriteString(": ")
	b.WriteString(scalar(binding.Collection))
	b.WriteByte('\n')
}

// scalar is a name as YAML, quoted where it would not be read as that string:
// words such as "on" and "null", and what is no name by Milvus' rule.
func scalar(name string) string {
	if plain(name) && !reserved(name) {
		return name
	}
	return `"` + strings.ReplaceAll(safetext.Line(strings.ReplaceAll(name, `\`, `\\`)), `"`, `\"`) + `"`
}

func plain(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i] | 0x20 // lower case
		if c >= 'a' && c <= 'z' || name[i] == '_' || i > 0 && name[i] >= '0' && name[i] <= '9' {
			continue
		}
		return false
	}
	return name != ""
}

func reserved(name string) bool {
	if len(name) > len("false") {
		return false
	}
	switch strings.ToLower(name) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}
