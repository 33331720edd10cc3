package emulator

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// seedCollection is one entry of a seed's collections.
type seedCollection struct {
	name      string
	rows      int64
	noise     float64
	pending   int64
	dimension int64
	metric    string
	loaded    bool
	indexed   bool
	entities  []row
}

// schema is what the collection is made with.
func (s *seedCollection) schema() schema {
	made := quickSetup(strconv.FormatInt(s.dimension, 10), s.metric)
	if !s.indexed {
		made.Indexes = nil
	}
	return made
}

// fits reports whether the numbers are in their ranges.
func (s *seedCollection) fits() bool {
	return s.rows >= 0 && s.pending >= 0 && 1 <= s.dimension && s.dimension <= maxDimension && 0 <= s.noise && s.noise <= 1
}

// maxDimension is that of Milvus.
const maxDimension = 32768

var metrics = []string{"", "COSINE", "IP", "L2"}

func (r *seedReader) collections(list *yaml.Node) []seedCollection {
	if list = target(list); list.Kind != yaml.SequenceNode && list.Tag != nullTag {
		r.problem(list, "expected a list of collections")
		return nil
	}
	var found []seedCollection
	seen := map[string]bool{}
	for _, item := range list.Content {
		item = target(item)
		one := seedCollection{dimension: 8, loaded: true, indexed: true}
		if item.Kind == yaml.ScalarNode {
			one.name = item.Value
		} else {
			r.collection(item, &one)
		}
		r.checkName(item, "collection name", one.name)
		if seen[one.name] {
			r.problem(item, "collection %q stands here twice", one.name)
		}
		seen[one.name] = true
		found = append(found, one)
	}
	return found
}

func (r *seedReader) collection(item *yaml.Node, into *seedCollection) {
	var entities *yaml.Node
	r.fields(item, "a collection", func(key, value *yaml.Node) bool {
		var err error
		switch key.Value {
		case "name":
			into.name = value.Value
		case "rows":
			err = value.Decode(&into.rows)
		case "noise":
			err = value.Decode(&into.noise)
		case "pending":
			err = value.Decode(&into.pending)
		case "metric":
			if into.metric = value.Value; !slices.Contains(metrics, into.metric) {
				err = errors.New("unknown metric")
			}
		case "entities":
			entities = target(value)
			return true
		case "dimension":
			err = value.Decode(&into.dimension)
		case "loaded":
			err = value.Decode(&into.loaded)
		case "indexed":
			err = value.Decode(&into.indexed)
		default:
			return false
		}
		if err != nil || !into.fits() {
			r.problem(value, "%q cannot be %q", key.Value, value.Value)
		}
		return true
	})
	if into.pending > into.rows {
		r.problem(item, "%d rows cannot be pending, of %d", into.pending, into.rows)
	}
	if entities != nil {
		r.entities(entities, into)
	}
}

// entities reads rows that stand in the seed, when their dimension is known.
func (r *seedReader) entities(list *yaml.Node, into *seedCollection) {
	if list.Kind != yaml.SequenceNode && list.Tag != nullTag {
		r.problem(list, "expected a list of rows")
		return
	}
	made := into.schema()
	for _, item := range list.Content {
		if item = target(item); item.Kind != yaml.MappingNode {
			r.problem(item, "expected a row as fields with values")
			continue
		}
		var fields map[string]any
		var one row
		err := item.Decode(&fields)
		if err == nil {
			// Rows are what JSON can say.
			var text []byte
			if text, err = json.Marshal(fields); err == nil {
				err = json.Unmarshal(text, &one)
			}
		}
		if err != nil {
			r.problem(item, "this cannot be a row: %s", strings.Join(strings.Fields(err.Error()), " "))
		} else if problem := made.problem(one); problem != "" {
			r.problem(item, "this cannot be a row: %s", problem)
		}
		into.entities = append(into.entities, one)
	}
}

// seedGrant is one privilege of a role on a name of a database.
type seedGrant struct{ role, object, privilege string }

// roles reads the roles of a database: a name, or * for all, with its privileges.
func (r *seedReader) roles(mapping *yaml.Node) []seedGrant {
	var found []seedGrant
	r.fields(mapping, "the roles", func(role, value *yaml.Node) bool {
		r.checkName(role, "role name", role.Value)
		if role.Value == adminRole {
			r.problem(role, "role %q may do everything already", role.Value)
		}
		r.fields(value, "a role", func(object, value *yaml.Node) bool {
			if object.Value != anyName {
				r.checkName(object, "collection name", object.Value)
			}
			list := target(value)
			if list.Kind != yaml.SequenceNode {
				r.problem(value, "expected a list of privileges")
				return true
			}
			for _, item := range list.Content {
				if !onCollections(item.Value) {
					r.problem(item, "no privilege or built-in group on collections has the name %q", item.Value)
				}
				found = append(found, seedGrant{role.Value, object.Value, item.Value})
			}
			return true
		})
		return true
	})
	return found
}

// onCollections reports whether a name is that of a privilege, or of a built-in group,
// that is granted on a collection.
func onCollections(name string) bool {
	return collectionPrivileges[name] || slices.ContainsFunc(groupParts, func(g privilegeGroup) bool {
		return g.level == collectionLevel && g.name == name
	})
}

// grantSeeded makes a grant of a seed, with its role.
func (c *catalog) grantSeeded(database string, g seedGrant) {
	if c.roles[g.role] == nil {
		c.roles[g.role] = map[grant]bool{}
	}
	kind := onGlobal
	if collectionPrivileges[g.privilege] {
		kind = onCollection
	}
	c.roles[g.role][grant{database, kind, c.original(database, g.object), g.privilege}] = true
}
