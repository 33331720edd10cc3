package emulator

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A filter is what this emulator understands of Milvus' expressions:
// comparisons of a field with a literal, and `in` lists, joined by `and` or
// `or` without parentheses. The empty filter fits every row.

var token = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*("(?:[^"\\]|\\.)*"|'[^']*'|-?\d+(?:\.\d+)?|[A-Za-z_][A-Za-z0-9_]*|==|!=|<=|>=|&&|\|\||[<>\[\],])`)
})

type filterParser struct {
	text   string
	tokens []string
}

func parseFilter(text string) (func(row) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(row) bool { return true }, nil
	}
	p := &filterParser{text: text}
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

func (p *filterParser) bad() error {
	return invalid("failed to create query plan: cannot parse expression: %s, error: the embedded cluster knows only "+
		"comparisons of a field with a literal and lists with `in`, joined by `and` or `or`", p.text)
}

func (p *filterParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	first := p.tokens[0]
	p.tokens = p.tokens[1:]
	return first
}

func (p *filterParser) accept(words ...string) bool {
	for _, word := range words {
		if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
			p.next()
			return true
		}
	}
	return false
}

func (p *filterParser) or() (func(row) bool, error) {
	left, err := p.and()
	for err == nil && p.accept("or", "||") {
		var right func(row) bool
		a := left
		if right, err = p.and(); err == nil {
			left = func(r row) bool { return a(r) || right(r) }
		}
	}
	return left, err
}

func (p *filterParser) and() (func(row) bool, error) {
	left, err := p.comparison()
	for err == nil && p.accept("and", "&&") {
		var right func(row) bool
		a := left
		if right, err = p.comparison(); err == nil {
			left = func(r row) bool { return a(r) && right(r) }
		}
	}
	return left, err
}

func (p *filterParser) comparison() (func(row) bool, error) {
	field, operator := p.next(), p.next()
	if field == "" || !isLetter(field[0]) && field[0] != '_' {
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
	return func(r row) bool {
		value, ok := r[field]
		return ok && holds(compare(value, literal))
	}, nil
}

func (p *filterParser) in(field string) (func(row) bool, error) {
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
	return func(r row) bool {
		value, ok := r[field]
		return ok && slices.ContainsFunc(list, func(literal any) bool { return equal(value, literal) })
	}, nil
}

func (p *filterParser) literal() (any, error) {
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

func equal(a, b any) bool { return compare(a, b) == 0 }

func toNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case int64:
		return float64(value), true
	}
	return 0, false
}
