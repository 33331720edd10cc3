package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// shape is the JSON form that a Go type asks for, read from its tags. It
// serves what encoding/json lets pass: a field that is unknown, missing,
// there twice (a bad merge does that), null, or written in another case. In a
// state each of these would lose or change something without a word.
type shape struct {
	typ    reflect.Type
	fields []field // of an object
	elem   *shape  // of a list
}

type field struct {
	name     string
	index    int  // in the struct
	required bool // has no omitempty or omitzero
	shape    *shape
}

var stateShape = sync.OnceValue(func() *shape { return shapeOf(stateType) })

func shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &shape{typ: t}
	switch {
	case t == reflect.TypeFor[time.Time]():
	case t.Kind() == reflect.Slice:
		s.elem = shapeOf(t.Elem())
	case t.Kind() == reflect.Struct:
		s.fields = fieldsOf(t)
	}
	return s
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if name, options, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			fields = append(fields, field{name, i, !strings.HasPrefix(options, "omit"), shapeOf(f.Type)})
		}
	}
	return fields
}

// misfit is a place where JSON does not have the shape that is asked for.
type misfit struct {
	offset int
	path   string // as `bindings[3].alias`
	why    string
}

// walker compares bytes with a shape. The bytes must be valid JSON, so that
// it needs no check of its own of what follows what.
type walker struct {
	data []byte
	pos  int
	// deep also decodes each value, to find the place of an error for which
	// encoding/json gave none.
	deep bool
}

// fit compares a document with a shape; nil means that it fits.
func fit(data []byte, s *shape, deep bool) *misfit {
	w := &walker{data: data, deep: deep}
	return w.value(s)
}

func (w *walker) value(s *shape) *misfit {
	w.space()
	start, c := w.pos, w.data[w.pos]
	switch {
	case c == 'n':
		return &misfit{offset: start, why: "it is null"}
	case s.fields != nil && c != '{':
		return &misfit{offset: start, why: "it is not an object"}
	case s.fields != nil:
		return w.object(s)
	case s.elem != nil && c != '[':
		return &misfit{offset: start, why: "it is not a list"}
	case s.elem != nil:
		return w.list(s)
	}
	w.skip()
	if w.deep {
		if err := json.Unmarshal(w.data[start:w.pos], reflect.New(s.typ).Interface()); err != nil {
			return &misfit{offset: start, why: fmt.Sprintf("it is %s, which is no %s", excerpt(w.data[start:w.pos]), meaning(s.typ))}
		}
	}
	return nil
}

func (w *walker) object(s *shape) *misfit {
	start := w.pos
	w.pos++
	var seen uint64
	next := 0 // the field that is most likely the next one
	for {
		w.space()
		switch w.data[w.pos] {
		case '}':
			w.pos++
			for i, f := range s.fields {
				if f.required && seen&(1<<i) == 0 {
					return &misfit{start, "", fmt.Sprintf("field %q is missing", f.name)}
				}
			}
			return nil
		case ',':
			w.pos++
			continue
		}
		at := w.pos
		w.skip()
		name := w.data[at+1 : w.pos-1]
		i := s.find(name, next)
		if i < 0 {
			return &misfit{at, "", fmt.Sprintf("unknown field %s: a later aliasctl wrote it, or it is mistyped", excerpt(w.data[at:w.pos]))}
		}
		if seen&(1<<i) != 0 {
			return &misfit{at, "", fmt.Sprintf("field %q is there twice", s.fields[i].name)}
		}
		seen |= 1 << i
		next = i + 1
		w.space()
		w.pos++ // the colon
		if m := w.value(s.fields[i].shape); m != nil {
			m.path = s.fields[i].name + dotted(m.path)
			return m
		}
	}
}

// find returns the place of a field, trying the likely one first.
func (s *shape) find(name []byte, likely int) int {
	for n := range s.fields {
		if i := (likely + n) % len(s.fields); string(name) == s.fields[i].name {
			return i
		}
	}
	return -1
}

func (w *walker) list(s *shape) *misfit {
	w.pos++
	for i := 0; ; {
		w.space()
		switch w.data[w.pos] {
		case ']':
			w.pos++
			return nil
		case ',':
			w.pos++
			i++
			continue
		}
		if m := w.value(s.elem); m != nil {
			m.path = fmt.Sprintf("[%d]%s", i, dotted(m.path))
			return m
		}
	}
}

func (w *walker) space() {
	for w.data[w.pos] <= ' ' {
		w.pos++
	}
}

// skip goes past one value, whatever it is.
func (w *walker) skip() {
	for depth := 0; ; {
		switch w.data[w.pos] {
		case '"':
			for w.pos++; w.data[w.pos] != '"'; w.pos++ {
				if w.data[w.pos] == '\\' {
					w.pos++
				}
			}
			w.pos++
		case '{', '[':
			depth++
			w.pos++
		case '}', ']':
			depth--
			w.pos++
		case ',', ':', ' ', '\n', '\t', '\r':
			w.pos++
		default: // a number or a word
			for w.pos < len(w.data) && !bytes.ContainsRune([]byte(",:]} \n\t\r"), rune(w.data[w.pos])) {
				w.pos++
			}
		}
		if depth == 0 {
			return
		}
	}
}

// locate returns the offset of a field of a document that fits, or of one
// element of its list if index is not negative.
func locate(data []byte, name string, index int) int {
	w := &walker{data: data}
	for w.space(); ; w.space() {
		w.pos++ // the brace or a comma
		w.space()
		at := w.pos
		w.skip()
		found := string(data[at+1:w.pos-1]) == name
		w.space()
		w.pos++ // the colon
		w.space()
		if found {
			break
		}
		w.skip()
	}
	for i := 0; i <= index; i++ {
		w.pos++ // the bracket or a comma
		w.space()
		if i < index {
			w.skip()
			w.space()
		}
	}
	return w.pos
}

// dotted joins a path to the name before it.
func dotted(path string) string {
	if path == "" || path[0] == '[' {
		return path
	}
	return "." + path
}

// meaning names a type as a reader of JSON knows it.
func meaning(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "time as RFC 3339 writes it"
	default:
		return "whole number in range"
	}
}

// excerpt is the beginning of a piece of the file, for a message.
func excerpt(raw []byte) string { return Excerpt(string(raw), 40) }
