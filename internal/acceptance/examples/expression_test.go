package examples

import (
	"regexp"
	"slices"
	"strings"
)

// The expressions of workflows, as far as the examples use them.

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// expand replaces the expressions in a text by their values.
func (m *machine) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(s string) string {
		return m.value(expression.FindStringSubmatch(s)[1])
	})
}

// value is a literal or the value of a name. Outputs and secrets that nobody
// has set are empty, as they are at GitHub.
func (m *machine) value(name string) string {
	if literal, ok := strings.CutPrefix(name, "'"); ok {
		return strings.TrimSuffix(literal, "'")
	}
	value, known := m.values[name]
	if !known && !strings.HasPrefix(name, "steps.") && !strings.HasPrefix(name, "secrets.") {
		m.t.Fatalf("the expression %q is not known", name)
	}
	return value
}

// holds evaluates a condition: terms with && between them, and || between
// those.
func (m *machine) holds(condition string) bool {
	m.t.Helper()
	if found := expression.FindStringSubmatch(condition); found != nil {
		condition = found[1]
	}
	// Without one of these, a condition has success() in front of it.
	if m.failed && !regexp.MustCompile(`(always|cancelled|failure)\(\)`).MatchString(condition) {
		return false
	}
	return slices.ContainsFunc(strings.Split(condition, " || "), func(terms string) bool {
		return !slices.ContainsFunc(strings.Split(terms, " && "), func(term string) bool { return !m.term(term) })
	})
}

// term is one part of a condition.
func (m *machine) term(term string) bool {
	m.t.Helper()
	if left, right, ok := strings.Cut(term, " == "); ok {
		return m.value(left) == m.value(right)
	}
	if left, right, ok := strings.Cut(term, " != "); ok {
		return m.value(left) != m.value(right)
	}
	switch term {
	case "always()", "!cancelled()":
		return true
	case "success()":
		return !m.failed
	case "failure()":
		return m.failed
	}
	m.t.Fatalf("the condition %q is not known", term)
	return false
}
