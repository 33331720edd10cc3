package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// compiled is Schema as a validator has it. Compiling holds it against the
// schema of schemas too.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("manifest.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("manifest.json")
})

// instance is what JSON Schema sees of a node: the value that an editor makes
// of it. Of a node that holds itself, which stands inside others, it is empty.
func instance(n *yaml.Node, others ...*yaml.Node) any {
	n = target(n)
	if slices.Contains(others, n) {
		return map[string]any{}
	}
	others = append(others, n)
	switch formOf(n) {
	case mapping:
		m := make(map[string]any)
		for key, value := range pairs(n) {
			m[target(key).Value] = instance(value, others...)
		}
		return m
	case list:
		l := []any{}
		for _, item := range items(n) {
			l = append(l, instance(item, others...))
		}
		return l
	case null:
		return nil
	case boolean:
		return isTrue(n)
	case number:
		plain := strings.ReplaceAll(n.Value, "_", "")
		if isDigits(plain) {
			return json.Number(plain)
		}
		if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
			return json.Number(strconv.FormatInt(i, 10))
		}
		if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
	}
	return n.Value // JSON knows no infinity
}

// validate holds each document of a text against the schema, as far as it is
// YAML. Documents and errors are in step; an error is nil for a good document.
func validate(t rapid.TB, data []byte) (documents []*yaml.Node, errs []*jsonschema.ValidationError) {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := checkEncoding(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), func(RuleID, int, int, string, string, ...any) {})
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		if decodeNode(dec, &n) != nil {
			return documents, errs
		}
		var invalid *jsonschema.ValidationError
		if err := s.Validate(instance(n.Content[0])); err != nil {
			invalid = err.(*jsonschema.ValidationError)
		}
		documents, errs = append(documents, &n), append(errs, invalid)
	}
}

// accepts fails the test unless the schema takes every document that is not
// empty: those are skipped, as templates print them.
func accepts(t rapid.TB, data []byte) {
	t.Helper()
	documents, errs := validate(t, data)
	if len(documents) == 0 {
		t.Fatalf("there is no document\n%s", data)
	}
	for i, err := range errs {
		if err != nil && documents[i].Content[0].ShortTag() != "!!null" {
			t.Fatalf("the schema refuses document %d: %v\n%s", i+1, err, data)
		}
	}
}

func TestSchemaAcceptsGoodManifests(t *testing.T) {
	accepts(t, []byte(readmeManifest))
	accepts(t, []byte(cutoverManifest))
	accepts(t, []byte("version: 1\n"))
	accepts(t, []byte(`version: 1
cluster: prod ${env}/${env}
vars: {a: "", b: 1.5, c: true}
database: ${a}db_${b}
defaults: {on_failure: "${x}", require: {min_rows: "${rows}", loaded: {unknown: "${x}"}}, verify: "${k}"}
aliases:
  a: ${c}
  b: {collection: "b${a}${b}", from: "${from}", group: "g${g}", golden: {file: "${dir}/g.jsonl", limit: "${k}", min_overlap: "${o}"}}
  c:
    collection: c
    require: {rows_within: "${p}%", min_rows: {rows: "${rows}"}}
    canary: {search: {vector: [1, "${x}"], filter: "a == ${b}"}, max_latency: "${ms}ms"}
    keep: ${n}
    match: c${x}*
retire: ["${r}", {collection: "${r}", after: "${days}d"}]
release: ["${l}"]
`))
}

func TestSchemaAcceptsExamples(t *testing.T) {
	found := 0
	err := filepath.WalkDir(filepath.Join("..", "examples"), func(path string, e fs.DirEntry, err error) error {
		if ok, _ := filepath.Match("aliases*.yaml", filepath.Base(path)); err != nil || !ok || e.IsDir() {
			return err
		}
		found++
		data, err := os.ReadFile(path)
		if err == nil {
			t.Run(path, func(t *testing.T) { accepts(t, data) })
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("%d examples were found: %v", found, err)
	}
}

// inexpressible are the problems that no schema can see, by a part of their
// message.
var inexpressible = map[string][]string{
	"a JSON object has every key once": {"duplicate field", "duplicate alias", "duplicate variable"},
	"no place of a document can be compared with another": {
		"duplicate retired collection", "duplicate released alias", "is named like the collection", "is to be retired, but",
		"is also under aliases", "is an alias (", "differs from", "from and collection are both", "does not match", "of the same group", "needs the field", "and newest is", "is renamed from", "are both renamed",
	},
	"only the first document needs it":         {`the document has no field "version"`},
	"the values of variables are not known":    {"undefined variable", `, from "`},
	"it is about the text and not its meaning": {"invalid YAML", "the file is", "in too many lines", "the directive", "byte 0x", "the control character", "a carriage return", "the line separator"},
	"it is about tags and anchors":             {`tag "`, `anchor "`, "merge keys"},
	"a key of JSON is a string, whatever it was": {
		"a key must be a string",
	},
	"a number is the same in every way of writing": {
		`"1.0"`, `"1e3"`, `"010"`, `"1_000_000"`, `"0x10"`, `"1_0"`, `"1e-1"`, `"1."`,
	},
	"a pattern does not compute": {`"40000d"`, `"1000000h"`},
}

func expressible(message string) bool {
	for _, parts := range inexpressible {
		for _, part := range parts {
			if strings.Contains(message, part) {
				return false
			}
		}
	}
	return true
}

// Every problem of the bad manifests that a schema can see is one for Schema,
// at the same place.
func TestSchemaRefusesBadManifests(t *testing.T) {
	t.Chdir(filepath.Join("..", "testdata", "manifest"))
	used := make(map[string]bool)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".golden" {
			continue
		}
		_, err := Load([]string{e.Name()}, Options{})
		problems, ok := AsProblems(err)
		if !ok {
			t.Fatalf("Load(%s) = %v, want problems", e.Name(), err)
		}
		places := make(map[string]map[Position]bool) // of a file, where the schema finds something
		for _, p := range problems.List {
			for reason, parts := range inexpressible {
				for _, part := range parts {
					if strings.Contains(p.Message, part) {
						used[reason+part] = true
					}
				}
			}
			if !expressible(p.Message) {
				continue
			}
			if places[p.Pos.File] == nil {
				places[p.Pos.File] = schemaPlaces(t, p.Pos.File)
			}
			checked++
			if !places[p.Pos.File][p.Pos] {
				t.Errorf("the schema does not find: %s", p)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d problems were looked for", checked)
	}
	for reason, parts := range inexpressible {
		for _, part := range parts {
			if !used[reason+part] {
				t.Errorf("no bad manifest shows %q, of which a schema knows nothing because %s", part, reason)
			}
		}
	}
}

// schemaPlaces are the places of a file where the schema finds something.
func schemaPlaces(t *testing.T, file string) map[Position]bool {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	places := make(map[Position]bool)
	documents, errs := validate(t, data)
	for i, err := range errs {
		if err != nil {
			collectPlaces(file, documents[i], err, places)
		}
	}
	return places
}

func collectPlaces(file string, document *yaml.Node, err *jsonschema.ValidationError, places map[Position]bool) {
	at := func(n *yaml.Node) { places[Position{file, n.Line, n.Column}] = true }
	if k, ok := err.ErrorKind.(*kind.PropertyNames); ok {
		// The validator gives such an error the location of something else.
		everyKey(document, k.Property, at)
		return
	}
	if len(err.InstanceLocation) == 0 {
		at(document)
	}
	n := document.Content[0]
	for _, step := range err.InstanceLocation {
		if n = target(n); n.Kind == yaml.SequenceNode {
			i, _ := strconv.Atoi(step)
			n = n.Content[i]
		} else {
			n, _ = child(n, step)
		}
	}
	at(n)
	at(target(n)) // where what is missing in it is reported
	switch k := err.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			_, key := child(target(n), name)
			at(key)
		}
	case *kind.DependentRequired:
		_, key := child(target(n), k.Prop)
		at(key)
	}
	for _, cause := range err.Causes {
		collectPlaces(file, document, cause, places)
	}
}

// everyKey finds the keys of a name in all mappings.
func everyKey(n *yaml.Node, name string, found func(key *yaml.Node)) {
	if n.Kind == yaml.MappingNode {
		for key := range pairs(n) {
			if target(key).Value == name {
				found(key)
			}
		}
	}
	for _, c := range n.Content {
		everyKey(c, name, found)
	}
}

// child is the value and the key of a field.
func child(m *yaml.Node, name string) (value, key *yaml.Node) {
	for k, v := range pairs(m) {
		if target(k).Value == name {
			value, key = v, k // the last one wins, as in JSON
		}
	}
	return value, key
}

// The schema is for people too: every field says what it means.
func TestSchemaDescribesEveryField(t *testing.T) {
	var s any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	fields := 0
	var walk func(path string, s any)
	walk = func(path string, s any) {
		switch s := s.(type) {
		case []any:
			for i, item := range s {
				walk(fmt.Sprintf("%s/%d", path, i), item)
			}
		case map[string]any:
			properties, _ := s["properties"].(map[string]any)
			for name, p := range properties {
				fields++
				if about, _ := p.(map[string]any)["description"].(string); len(about) < 10 || !strings.HasSuffix(about, ".") {
					t.Errorf("%s/%s is described as %q", path, name, about)
				}
			}
			for name, value := range s {
				walk(path+"/"+name, value)
			}
		}
	}
	walk("", s)
	if fields < 40 {
		t.Errorf("only %d fields were found", fields)
	}
}
