package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// An edit in place
//
// yaml.v3 can write a document again, but not as it was: indentation, blank
// lines, quotes and the ends of lines are its own. So an edit finds the bytes of
// a value by the line and column of its node and replaces those alone. A node has
// no end; it is found by the few rules that end a scalar or a bracket. None of
// this has to be trusted: Origin.Edit reads the result and compares.

// editor gathers replacements in the text of manifests.
type editor struct {
	collector
	origin Origin
	files  map[string]*editedText
	notes  []Literal
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func newEditor(o Origin) *editor { return &editor{origin: o, files: make(map[string]*editedText)} }

// file is the text of a file and its nodes.
func (e *editor) file(name string) *editedText {
	if t := e.files[name]; t != nil {
		return t
	}
	i := slices.IndexFunc(e.origin.Files, func(f File) bool { return f.Name == name })
	t := &editedText{text: bytes.TrimPrefix(e.origin.Files[i].Text, byteOrderMark)}
	dec := yaml.NewDecoder(bytes.NewReader(t.text))
	for {
		var node yaml.Node
		if err := decodeNode(dec, &node); err != nil {
			break // its end: it was read before
		}
		t.documents = append(t.documents, &node)
	}
	e.files[name] = t
	return t
}

// bind replaces the collection of an alias.
func (e *editor) bind(a *Alias, collection string) {
	t := e.file(a.Pos.File)
	_, value := t.key(a.Pos)
	if m := target(value); m != nil && m.Kind == yaml.MappingNode {
		value = nil
		for key, v := range pairs(m) {
			if target(key).Value == bindingShape.fields[bindingCollection].name {
				value = v
			}
		}
	}
	if value == nil {
		e.byHand(a.Pos, "the collection of alias %s is not found in the text", quoted(a.Name))
		return
	}
	at := Position{a.Pos.File, value.Line, value.Column}
	start, end, ok := t.scalar(value)
	if !ok {
		e.byHand(at, "the collection of alias %s is not written as a name on one line", quoted(a.Name))
		return
	}
	if raw := target(value).Value; strings.Contains(raw, "${") {
		e.notes = append(e.notes, Literal{at, raw})
	}
	t.changes = append(t.changes, change{start, end, likewise(t.text[start:end], collection)})
}

func (e *editor) byHand(at Position, format string, args ...any) {
	e.report(EditByHand, at, "edit it by hand", format, args...)
}

// likewise writes a name with the quotes that the old one had.
func likewise(old []byte, name string) string {
	switch {
	case len(old) > 0 && old[0] == '"':
		return `"` + name + `"`
	case len(old) > 0 && old[0] == '\'':
		return "'" + name + "'"
	}
	return scalar(name)
}

// retire adds a collection at the end of a list under `retire`, or a list at the
// end of a document.
func (e *editor) retire(d *Database, collection string) {
	if n := len(d.Retire); n > 0 {
		last := d.Retire[n-1].Pos
		t := e.file(last.File)
		for _, document := range t.documents {
			if sequence := holder(document, last); sequence != nil {
				e.appendTo(t, last.File, sequence, collection)
				return
			}
		}
		e.byHand(last, "the list of %s is not found in the text", quoted("retire"))
		return
	}
	t := e.file(d.Pos.File)
	for i, document := range t.documents {
		root := target(document.Content[0])
		if root.Kind != yaml.MappingNode || i+1 < len(t.documents) && t.documents[i+1].Line <= d.Pos.Line {
			continue
		}
		for key, value := range pairs(root) {
			if target(key).Value == documentShape.fields[fieldRetire].name {
				e.appendTo(t, d.Pos.File, target(value), collection)
				return
			}
		}
		e.appendField(t, d.Pos, root, collection)
		return
	}
	e.byHand(d.Pos, "the document of database %s is not found in the text", quoted(d.Name))
}

// appendTo adds an item to a list. Two items that are added to one list stand in
// the order in which they came.
func (e *editor) appendTo(t *editedText, file string, list *yaml.Node, collection string) {
	at := Position{file, list.Line, list.Column}
	start := t.offset(list.Line, list.Column)
	item := scalar(collection)
	if n := len(list.Content); n > 0 {
		if from, to, ok := t.scalar(list.Content[n-1]); ok {
			item = likewise(t.text[from:to], collection)
		}
	}
	switch {
	case list.Style&yaml.FlowStyle != 0 && len(list.Content) == 0:
		if open := bytes.IndexByte(t.text[start:], '['); open >= 0 {
			if t.added(start + open + 1) {
				item = ", " + item
			}
			t.insert(start+open+1, item)
			return
		}
	case list.Style&yaml.FlowStyle != 0:
		if end, ok := t.end(list.Content[len(list.Content)-1]); ok {
			t.insert(end, ", "+item)
			return
		}
	default:
		// The position of a block list is that of its first dash.
		line := t.text[lineEnd(t.text, list.Line-1):start]
		end, ok := t.end(list.Content[len(list.Content)-1])
		if ok && len(bytes.TrimLeft(line, " ")) == 0 && start < len(t.text) && t.text[start] == '-' {
			t.insertLine(end, string(line)+"- "+item)
			return
		}
	}
	e.byHand(at, "the list of %s is not written in a form that can be added to", quoted("retire"))
}

// appendField adds `retire` with one item to a document.
func (e *editor) appendField(t *editedText, at Position, root *yaml.Node, collection string) {
	name := documentShape.fields[fieldRetire].name
	if root.Style&yaml.FlowStyle != 0 {
		last := root.Content[len(root.Content)-1]
		end, ok := t.end(last)
		if !ok {
			e.byHand(at, "the document is not written in a form that can be added to")
			return
		}
		if start := t.offset(root.Content[0].Line, root.Content[0].Column); t.text[start] == '"' { // JSON
			t.insert(end, fmt.Sprintf(", %q: [%q]", name, collection))
		} else {
			t.insert(end, fmt.Sprintf(", %s: [%s]", name, scalar(collection)))
		}
		return
	}
	line := "  - " + scalar(collection)
	end := t.documentEnd(root)
	if !t.added(end) {
		line = name + ":" + t.newline() + line
	}
	t.insertLine(end, line)
}

// finish makes the replacements.
func (e *editor) finish() (Origin, *Edited) {
	after := Origin{Files: slices.Clone(e.origin.Files), Vars: e.origin.Vars}
	result := &Edited{Literal: e.notes}
	for i, f := range after.Files {
		t := e.files[f.Name]
		if t == nil || len(t.changes) == 0 {
			continue
		}
		// What is inserted at one place stays in the order in which it came.
		slices.SortStableFunc(t.changes, func(a, b change) int { return cmp.Compare(a.start, b.start) })
		out := bytes.Clone(f.Text[:len(f.Text)-len(t.text)])
		done := 0
		for _, c := range t.changes {
			out = append(append(out, t.text[done:max(c.start, done)]...), c.by...)
			done = max(done, c.end)
		}
		out = append(out, t.text[done:]...)
		after.Files[i].Text = out
		result.Files = append(result.Files, EditedFile{f.Name, f.Text, out})
	}
	return after, result
}
