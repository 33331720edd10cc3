// Package filter is what the emulated cluster understands of Milvus' expressions:
// comparisons of a field with a literal, and `in` lists, joined by `and` or `or`
// without parentheses.
package filter

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

var token = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*("(?:[^"\\]|\\.)*"|'[^']*'|-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*|==|!=|<=|>=|&&|\|\||[<>\[\],])`)
})

type parser struct {
	text   string
	tokens []string
}

// Error is an expression that is not understood.
type Error struct{ Text string }

func (e *Error) Error() string {
	return fmt.Sprintf("failed to create query plan: cannot parse expression: %s, error: the embedded cluster knows only "+
		"comparisons of a field with a literal and lists with `in`, joined by `and` or `or`", e.Text)
}

// Row is the values of one row, by field.
type Row = map[string]any

// Parse reads an expression, and returns which rows fit it; the empty one fits
// every row. Its error is an *Error.
func Parse(text string) (func(Row) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(Row) bool { return true }, nil
	}
	p := &parser{text: text}
	for rest := text; strings.TrimSpace(rest) != ""; {
		found := token().FindStringSubmatch(rest)
		if found == nil {
			return nil, p.bad()
		}
		p.tokens = append(p.tokens, found[1])
		rest = rest[len(found[0]):]
	}
	fits, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = p.bad()
	}
	return fits, err
}

func (p *parser) bad() error { return &Error{p.text} }

func (p *parser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	first := p.tokens[0]
	p.tokens = p.tokens[1:]
	return first
}

func (p *parser) accept(words ...string) bool {
	for _, word := range words {
		if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
			p.next()
			return true
		}
	}
	return false
}

func (p *parser) or() (func(Row) bool, error) {
	left, err := p.and()
	for err == nil && p.accept("or", "||") {
		var right func(Row) bool
		a := left
		if right, err = p.and(); err == nil {
			left = func(r Row) bool { return a(r) || right(r) }
		}
	}
	return left, err
}

func (p *parser) and() (func(Row) bool, error) {
	left, err := p.comparison()
	for err == nil && p.accept("and", "&&") {
		var right func(Row) bool
		a := left
		if right, err = p.comparison(); err == nil {
			left = func(r Row) bool { return a(r) && right(r) }
		}
	}
	return left, err
}

func (p *parser) comparison() (func(Row) bool, error) {
	field, operator := p.next(), p.next()
	if field == "" || !isName(field[0]) {
		return nil, p.bad()
	}
	if strings.EqualFold(operator, "in") {
		return p.in(field)
	}
	literal, err := p.literal()
	if err != nil {
		return nil, err
	}
	holds, ok := map[string]func(order int) bool{
		"==": func(o int) bool { return o == 0 },
		"!=": func(o int) bool { return o != 0 },
		"<":  func(o int) bool { return o < 0 },
		"<=": func(o int) bool { return o <= 0 },
		">":  func(o int) bool { return o > 0 },
		">=": func(o int) bool { return o >= 0 },
	}[operator]
	if !ok {
		return nil, p.bad()
	}
	return func(r Row) bool {
		value, ok := r[field]
		return ok && holds(compare(value, literal))
	}, nil
}

func (p *parser) in(field string) (func(Row) bool, error) {
	if !p.accept("[") {
		return nil, p.bad()
	}
	var list []any
	for !p.accept("]") {
		literal, err := p.literal()
		if err != nil {
			return nil, err
		}
		list = append(list, literal)
		p.accept(",")
	}
	return func(r Row) bool {
		value, ok := r[field]
		return ok && slices.ContainsFunc(list, func(literal any) bool { return Equal(value, literal) })
	}, nil
}

func (p *parser) literal() (any, error) {
	text := p.next()
	switch {
	case text == "":
		return nil, p.bad()
	case text[0] == '\'':
		return text[1 : len(text)-1], nil
	case text[0] == '"':
		if unquoted, err := strconv.Unquote(text); err == nil {
			return unquoted, nil
		}
		return nil, p.bad()
	case strings.EqualFold(text, "true"), strings.EqualFold(text, "false"):
		return strings.EqualFold(text, "true"), nil
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole, nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, p.bad()
	}
	return number, nil
}

func isName(b byte) bool { return b == '_' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

// compare orders numbers as numbers and everything else as text.
func compare(a, b any) int {
	wholeA, okA := a.(int64)
	wholeB, okB := b.(int64)
	if okA && okB {
		return cmp.Compare(wholeA, wholeB)
	}
	numberA, okA := toNumber(a)
	numberB, okB := toNumber(b)
	if okA && okB {
		return cmp.Compare(numberA, numberB)
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// Equal reports that two values of a field are the same.
func Equal(a, b any) bool { return compare(a, b) == 0 }

func toNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case int64:
		return float64(value), true
	}
	return 0, false
}
