package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// document reads the YAML documents of one file into the merger, one after the
// other.
type document struct {
	*loader
	file     string
	lines    *lineReader
	repaired bool // bad characters were reported, and replaced by U+FFFD
	first    bool // of its file
	filled   bool // a document of its file had something in it
	line     int  // where it starts

	vars         map[string]string
	defaults     *layer // never nil
	base         *layer // of an alias that names no profile: the defaults, or the profile that they name
	profiles     map[string]*layer
	releaseFirst bool // of retired collections that say nothing else
	// anchored holds the fields of the mappings that have an anchor. Each is
	// looked through once, however often it is used: a small file must not
	// stand for a large one.
	anchored map[anchored][]*yaml.Node
	// values holds what was read of nodes that have an anchor, likewise.
	values map[anchored]any
}

// anchored is a node with an anchor, looked through for one shape.
type anchored struct {
	node  *yaml.Node
	shape *shape
}

func (d *document) read(node *yaml.Node) {
	d.line, d.vars, d.anchored, d.values = node.Line, nil, nil, nil
	root := node.Content[0]
	if formOf(root) == null {
		return // templates leave such documents where they print nothing
	}
	d.filled = true
	who := subject{"document", ""}
	root = d.expect(root, documentShape, who)
	if root == nil {
		return
	}
	var f [documentFieldCount]*yaml.Node
	d.fields(root, documentShape, who, f[:])
	d.readVersion(f[fieldVersion])
	d.readVars(f[fieldVars])
	d.readLayers(f[fieldDefaults], f[fieldProfiles])
	d.readCluster(f[fieldCluster])
	db := d.readDatabase(f[fieldDatabase], root)
	d.merger.expect(db, len(items(f[fieldAliases]))/2, len(items(f[fieldRetire])), len(items(f[fieldRelease])))
	d.readAliases(f[fieldAliases], db)
	d.readRetire(f[fieldRetire], db)
	d.readRelease(f[fieldRelease], db)
}

func (d *document) readVersion(n *yaml.Node) {
	if n != nil && target(n).Value != strconv.Itoa(Version) {
		d.report(UnsupportedVersion, d.pos(n), fmt.Sprintf("this program reads version %d; a newer one may read others", Version),
			"version %s is not supported", quoted(target(n).Value))
	}
}

func (d *document) readVars(n *yaml.Node) {
	if n == nil {
		return
	}
	first := make(map[string]Position)
	d.vars = make(map[string]string)
	for key, value := range pairs(n) {
		name, ok := d.key(key, varsShape.keys)
		if !ok {
			continue
		}
		if pos, ok := first[name]; ok {
			d.report(DuplicateVariable, d.pos(key), "", "duplicate variable %s, first at %s", quoted(name), pos)
			continue
		}
		first[name] = d.pos(key)
		// A variable with a problem is defined all the same, so that its uses
		// are not reported as well.
		d.vars[name] = ""
		t := d.expect(value, variableShape, subject{"variable", name})
		switch {
		case t == nil:
		case len(t.Value) > maxText:
			d.report(InvalidValue, d.pos(value), "", "variable %s is longer than %d bytes", quoted(name), maxText)
		case strings.Contains(t.Value, "${"):
			d.report(NestedVariable, d.pos(value), "write its value out", "variable %s refers to a variable", quoted(name))
		default:
			d.vars[name] = t.Value // a number as it is written
		}
	}
}

func (d *document) readCluster(n *yaml.Node) {
	if n == nil {
		return
	}
	if label, ok := d.text(n, clusterShape.rule); ok {
		d.merger.setCluster(label, d.pos(n))
	}
}

// readDatabase returns the place of the document's database in the merger.
func (d *document) readDatabase(n, root *yaml.Node) int {
	if n == nil {
		return d.merger.database(DefaultDatabase, false, d.pos(root))
	}
	name, ok := d.text(n, databaseShape.rule)
	if !ok {
		// A database of its own, so that its entries are checked nevertheless.
		name = d.pos(n).String()
	}
	return d.merger.database(name, true, d.pos(n))
}

func (d *document) readRetire(n *yaml.Node, db int) {
	who := subject{"an entry of", "retire"}
	for _, item := range items(n) {
		t := d.expect(item, retireeShape, who)
		if t == nil {
			continue
		}
		r := Retiree{ReleaseFirst: d.releaseFirst, Pos: d.pos(item)}
		name := item
		if t.Kind == yaml.MappingNode {
			var f [retireeFieldCount]*yaml.Node
			d.fields(t, retireeShape, who, f[:])
			name = f[retireeCollection]
			r.After = d.duration(f[retireeAfter])
			if b := f[retireeReleaseFirst]; b != nil {
				r.ReleaseFirst = isTrue(b)
			}
			if b := f[retireeKeepData]; b != nil {
				r.KeepData = isTrue(b)
			}
		}
		if name == nil {
			continue
		}
		var ok bool
		if r.Collection, ok = d.text(name, retireeShape.rule); ok {
			d.merger.addRetiree(db, r)
		}
	}
}

func (d *document) readRelease(n *yaml.Node, db int) {
	for _, item := range items(n) {
		if d.expect(item, releasedShape, subject{"an entry of", "release"}) == nil {
			continue
		}
		if alias, ok := d.text(item, releasedShape.rule); ok {
			d.merger.addRelease(db, Release{Alias: alias, Pos: d.pos(item)})
		}
	}
}
