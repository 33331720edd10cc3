package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"gopkg.in/yaml.v3"

	"aliasctl/internal/input"
	"aliasctl/internal/safetext"
)

// seed is what a cluster starts from, as a YAML file has it:
//
//	databases:
//	  default:
//	    collections:
//	      - products_v1
//	      - {name: products_v2, rows: 1200, dimension: 16, loaded: false, indexed: false}
//	      - {name: products_v3, rows: 1200, noise: 0.1, pending: 300, metric: L2}
//	      - {name: products_v4, dimension: 2, entities: [{id: 1, vector: [0, 1], title: one}]}
//	    aliases: {products: products_v1}
//	    dangling: {legacy: products_v0} # aliases whose collection was dropped
//	    roles: {readers: {products_v1: [Query, Search]}} # or "*" for all collections
//
// A collection is loaded and indexed, has 8 dimensions, the metric COSINE and
// no rows unless it states otherwise. What is not indexed is not loaded either.
// Of its rows, pending ones are not in the index yet. The first thousand can be
// queried and searched; they are the same in every collection but for noise,
// from 0 to 1 (sample.go). To those, entities adds rows as they stand.
type seed struct {
	databases []seedDatabase
}

type seedDatabase struct {
	name        string
	collections []seedCollection
	aliases     []seedBinding
	dangling    []seedBinding
	roles       []seedGrant
}

type seedBinding struct {
	alias, collection string
	at                *yaml.Node
}

// SeedError is everything that is wrong with a seed, one line a problem, each
// with FILE:LINE:COLUMN in front.
type SeedError struct{ Problems []string }

func (e *SeedError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = safetext.Line(problem)
	}
	return strings.Join(lines, "\n")
}

// readSeed reads a seed file; no path is an empty seed.
func readSeed(path string) (*seed, error) {
	if path == "" {
		return &seed{}, nil
	}
	content, err := input.Read(context.Background(), path, input.MaxSeed)
	if err != nil {
		return nil, fmt.Errorf("cannot read the seed of the embedded cluster: %w", err)
	}
	return parseSeed(path, content)
}

func parseSeed(path string, content []byte) (*seed, error) {
	r := &seedReader{path: path}
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF): // an empty file is an empty cluster
		return &seed{}, nil
	case err != nil:
		line := 1
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		if n, rest, ok := strings.Cut(strings.TrimPrefix(text, "line "), ": "); ok {
			if parsed, err := strconv.Atoi(n); err == nil {
				line, text = parsed, rest
			}
		}
		return nil, &SeedError{[]string{fmt.Sprintf("%s:%d:1: error: %s", path, line, text)}}
	}
	if decoder.Decode(&more) != io.EOF {
		r.problem(&more, "a seed is one document")
	}
	s := r.seed(document.Content[0])
	if len(r.problems) > 0 {
		return nil, &SeedError{r.problems}
	}
	return s, nil
}

// nullTag marks a field without a value, which is as good as an empty one.
const nullTag = "!!null"

// seedReader walks the nodes of a seed and collects what is wrong.
type seedReader struct {
	path     string
	problems []string
}

func (r *seedReader) problem(at *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf("%s:%d:%d: error: %s",
		r.path, max(at.Line, 1), max(at.Column, 1), fmt.Sprintf(format, args...)))
}

func (r *seedReader) seed(root *yaml.Node) *seed {
	s := &seed{}
	r.fields(root, "the seed", func(key, value *yaml.Node) bool {
		if key.Value != "databases" {
			return false
		}
		r.fields(value, `"databases"`, func(name, value *yaml.Node) bool {
			s.databases = append(s.databases, r.database(name, value))
			return true
		})
		return true
	})
	return s
}

func (r *seedReader) database(name, value *yaml.Node) seedDatabase {
	db := seedDatabase{name: name.Value}
	r.checkName(name, "database name", name.Value)
	r.fields(value, "a database", func(key, value *yaml.Node) bool {
		switch key.Value {
		case "collections":
			db.collections = r.collections(value)
		case "aliases":
			db.aliases = r.bindings(value)
		case "dangling":
			db.dangling = r.bindings(value)
		case "roles":
			db.roles = r.roles(value)
		default:
			return false
		}
		return true
	})
	r.checkBindings(&db)
	return db
}

func (r *seedReader) bindings(mapping *yaml.Node) []seedBinding {
	var found []seedBinding
	r.fields(mapping, "the aliases", func(key, value *yaml.Node) bool {
		r.checkName(key, "collection alias", key.Value)
		r.checkName(value, "collection name", value.Value)
		found = append(found, seedBinding{key.Value, value.Value, key})
		return true
	})
	return found
}

// checkBindings wants what a Milvus cluster can be in.
func (r *seedReader) checkBindings(db *seedDatabase) {
	exists := map[string]bool{}
	for _, c := range db.collections {
		exists[c.name] = true
	}
	bound := map[string]bool{}
	for _, b := range db.aliases {
		bound[b.alias] = true
		if exists[b.alias] {
			r.problem(b.at, "alias %q has the name of a collection", b.alias)
		}
		if !exists[b.collection] {
			r.problem(b.at, "alias %q is bound to %q, which is not under collections", b.alias, b.collection)
		}
	}
	for _, b := range db.dangling {
		if exists[b.alias] || bound[b.alias] {
			r.problem(b.at, "%q cannot be a dangling alias: the name is taken", b.alias)
		}
		if exists[b.collection] {
			r.problem(b.at, "alias %q cannot dangle: %q is under collections", b.alias, b.collection)
		}
	}
}

// fields calls known for each entry of a mapping; it returns false for a key
// that it does not know.
func (r *seedReader) fields(mapping *yaml.Node, what string, known func(key, value *yaml.Node) bool) {
	if mapping = target(mapping); mapping.Kind != yaml.MappingNode && mapping.Tag != nullTag {
		r.problem(mapping, "expected %s as fields with values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if seen[key.Value] {
			r.problem(key, "%q stands here twice", key.Value)
		}
		seen[key.Value] = true
		if !known(key, value) {
			r.problem(key, "unknown field %q", key.Value)
		}
	}
}

// target follows a YAML alias (*name) to its anchor.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func (r *seedReader) checkName(at *yaml.Node, kind, name string) {
	if problem := nameProblem(kind, name); problem != "" {
		r.problem(at, "%q is no %s: %s", name, kind, problem)
	}
}

// fill makes what the seed lists in an empty catalogue. The seed was checked,
// so nothing of it can fail.
func (s *seed) fill(c *catalog) {
	for _, from := range s.databases {
		db := c.databases[from.name]
		if db == nil {
			db = c.addDatabase(from.name, c.newID())
		}
		for _, one := range from.collections {
			added := &collection{
				id: c.newID(), name: one.name, schema: one.schema(), rows: one.rows, noise: one.noise,
				pending: one.pending, entities: one.entities, loaded: one.loaded && one.indexed,
			}
			if one.noise > 0 {
				added.origin = one.name
			}
			db.add(added)
		}
		for _, b := range from.aliases {
			db.bind(b.alias, db.collections[b.collection])
		}
		for _, b := range from.dangling {
			db.bind(b.alias, &collection{id: c.newID(), name: b.collection, dropped: true})
		}
		for _, g := range from.roles {
			c.grantSeeded(from.name, g)
		}
	}
	c.changed()
}

// digest distinguishes seeds by what they make, not by how they are written.
func (s *seed) digest() string {
	c := newCatalog(&Profile{}, 0, new(atomic.Uint64))
	s.fill(c)
	sum := sha256.Sum256(c.encode(""))
	return hex.EncodeToString(sum[:])
}
