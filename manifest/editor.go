package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

// editedText is one file that is being edited.
type editedText struct {
	text      []byte // without its byte order mark
	documents []*yaml.Node
	changes   []change
}

// change replaces the bytes from start to end.
type change struct {
	start, end int
	by         string
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

var errNoEnd = errors.New("no end")

func (t *editedText) insert(at int, text string) { t.changes = append(t.changes, change{at, at, text}) }

// added reports that something was put at a place already.
func (t *editedText) added(at int) bool {
	return slices.ContainsFunc(t.changes, func(c change) bool { return c.start == at && c.end == at })
}

// insertLine puts a line behind the one in which a place is.
func (t *editedText) insertLine(at int, line string) {
	if n := bytes.IndexByte(t.text[at:], '\n'); n >= 0 && (at == 0 || t.text[at-1] != '\n') {
		at += n + 1
	} else if at > 0 && t.text[at-1] != '\n' { // the last line has no end
		at = len(t.text)
		t.insert(at, t.newline()+line)
		return
	}
	t.insert(at, line+t.newline())
}

// newline is how the first line ends.
func (t *editedText) newline() string {
	if i := bytes.IndexByte(t.text, '\n'); i > 0 && t.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// offset is where a line and column are; columns count characters.
func (t *editedText) offset(line, column int) int {
	at := lineEnd(t.text, line-1)
	for ; column > 1 && at < len(t.text); column-- {
		_, size := utf8.DecodeRune(t.text[at:])
		at += size
	}
	return at
}

// key finds the key at a position, with its value.
func (t *editedText) key(at Position) (key, value *yaml.Node) {
	for _, document := range t.documents {
		if key, value = keyIn(document, at); key != nil {
			break
		}
	}
	return key, value
}

func keyIn(n *yaml.Node, at Position) (key, value *yaml.Node) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Line == at.Line && child.Column == at.Column {
			return child, n.Content[i+1]
		}
		if key, value = keyIn(child, at); key != nil {
			return key, value
		}
	}
	return nil, nil
}

// holder finds the list with an item at a position.
func holder(n *yaml.Node, at Position) *yaml.Node {
	for _, child := range n.Content {
		if n.Kind == yaml.SequenceNode && child.Line == at.Line && child.Column == at.Column {
			return n
		}
		if found := holder(child, at); found != nil {
			return found
		}
	}
	return nil
}

// scalar is where the text of a scalar is, with its quotes, or the `*` and name of
// what stands for one.
func (t *editedText) scalar(n *yaml.Node) (start, end int, ok bool) {
	if target(n).Kind != yaml.ScalarNode {
		return 0, 0, false
	}
	start = t.offset(n.Line, n.Column)
	if n.Kind == yaml.AliasNode {
		end = start + 1 + len(n.Value)
		return start, end, bytes.HasPrefix(t.text[start:], []byte("*"+n.Value))
	}
	for start < len(t.text) && (t.text[start] == '&' || t.text[start] == '!') { // an anchor, a tag
		word := bytes.IndexAny(t.text[start:], " \t\r\n")
		if word < 0 {
			return 0, 0, false
		}
		start += word
		start += len(t.text[start:]) - len(bytes.TrimLeft(t.text[start:], " \t\r\n"))
	}
	switch rest := t.text[start:]; {
	case len(rest) == 0:
		return 0, 0, false
	case rest[0] == '"' || rest[0] == '\'':
		n, err := quotedEnd(rest)
		return start, start + n, err == nil
	case rest[0] == '|' || rest[0] == '>':
		return 0, 0, false
	}
	return start, start + len(n.Value), n.Value != "" && bytes.HasPrefix(t.text[start:], []byte(n.Value))
}

// quotedEnd is the length of the quoted text at the beginning of rest.
func quotedEnd(rest []byte) (int, error) {
	quote := rest[0]
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && quote == '"':
			i++
		case rest[i] == quote && quote == '\'' && i+1 < len(rest) && rest[i+1] == quote:
			i++
		case rest[i] == quote:
			return i + 1, nil
		}
	}
	return 0, errNoEnd
}

// end is the place behind a node.
func (t *editedText) end(n *yaml.Node) (int, bool) {
	if _, end, ok := t.scalar(n); ok {
		return end, true
	}
	start := t.offset(n.Line, n.Column)
	switch {
	case n.Kind == yaml.AliasNode:
		return start + 1 + len(n.Value), true
	case n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0:
		return start, true
	case n.Kind == yaml.ScalarNode, len(n.Content) == 0 && n.Style&yaml.FlowStyle == 0:
		return 0, false
	case n.Style&yaml.FlowStyle != 0:
		return t.bracketEnd(start)
	}
	return t.end(n.Content[len(n.Content)-1])
}

// bracketEnd is the place behind the bracket that closes the one at start.
func (t *editedText) bracketEnd(start int) (int, bool) {
	depth := 0
	for i := start; i < len(t.text); i++ {
		before := byte(' ')
		if i > 0 {
			before = t.text[i-1]
		}
		switch c := t.text[i]; c {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1, true
			}
		case '"', '\'':
			if strings.IndexByte(" \t\n,:[{", before) < 0 {
				continue // within a plain text
			}
			n, err := quotedEnd(t.text[i:])
			if err != nil {
				return 0, false
			}
			i += n - 1
		case '#':
			if n := bytes.IndexByte(t.text[i:], '\n'); n >= 0 && strings.IndexByte(" \t\n", before) >= 0 {
				i += n
			}
		}
	}
	return 0, false
}

// documentEnd is the place behind the last line of a document that is not blank.
func (t *editedText) documentEnd(root *yaml.Node) int {
	end := lineEnd(t.text, root.Line)
	for at := end; at < len(t.text); {
		next := len(t.text)
		if n := bytes.IndexByte(t.text[at:], '\n'); n >= 0 {
			next = at + n + 1
		}
		line := bytes.TrimRight(t.text[at:next], " \t\r\n")
		if marker := bytes.Fields(line); len(marker) > 0 && (string(marker[0]) == "---" || string(marker[0]) == "...") && line[0] != ' ' {
			break
		}
		if at = next; len(line) > 0 {
			end = next
		}
	}
	return end
}
