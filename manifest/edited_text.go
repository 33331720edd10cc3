package manifest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

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
