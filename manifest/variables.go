package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// EnvPrefix before the name of a variable is the name of the environment
// variable that gives its value.
const EnvPrefix = "ALIASCTL_VAR_"

// maxText is the most bytes that a text may have, with its variables replaced.
// It is far above every rule for a text, and keeps small files from standing
// for large values.
const maxText = 4096

// UnusedVarError reports that values were given on the command line for variables
// that no manifest uses: most likely their names are misspelt.
type UnusedVarError struct {
	Names []string // sorted
}

func (e *UnusedVarError) Error() string {
	all := make([]string, len(e.Names))
	for i, name := range e.Names {
		all[i] = quoted(name).String()
	}
	if len(all) == 1 {
		return "no manifest uses the variable " + all[0]
	}
	return "no manifest uses the variables " + strings.Join(all, ", ")
}

// variables finds the values of ${NAME} for all documents of a run.
type variables struct {
	given     map[string]string
	lookupEnv func(string) (string, bool)
	env       map[string]string // what lookupEnv answered; "" when unset or blank
	used      map[string]bool   // of given
}

func newVariables(given map[string]string, lookupEnv func(string) (string, bool)) *variables {
	return &variables{given: given, lookupEnv: lookupEnv, env: map[string]string{}, used: map[string]bool{}}
}

// value looks a name up: the command line wins over the environment, which
// wins over the vars of the document. A blank environment variable counts as
// unset, as everywhere in this program.
func (v *variables) value(name string, document map[string]string) (string, bool) {
	if s, ok := v.given[name]; ok {
		v.used[name] = true
		return s, true
	}
	if s := v.fromEnv(name); s != "" {
		return s, true
	}
	s, ok := document[name]
	return s, ok
}

func (v *variables) fromEnv(name string) string {
	if v.lookupEnv == nil {
		return ""
	}
	s, ok := v.env[name]
	if !ok {
		if s, _ = v.lookupEnv(EnvPrefix + name); strings.TrimSpace(s) == "" {
			s = ""
		}
		v.env[name] = s
	}
	return s
}

// unused is nil, or the error about what was given and not used.
func (v *variables) unused() error {
	var names []string
	for name := range v.given {
		if !v.used[name] {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return &UnusedVarError{names}
}

// expand replaces every ${NAME} in a text. What it puts in is not looked at
// again. When it cannot, it returns the rule that the text breaks, and why is not empty.
func (v *variables) expand(s string, document map[string]string) (expanded string, rule RuleID, why, hint string) {
	if !strings.Contains(s, "${") {
		return s, "", "", ""
	}
	var b strings.Builder
	for rest := s; ; {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String(), "", "", ""
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return "", BadReference, "${ without }", "a variable is written ${NAME}"
		}
		if !isName(name) {
			return "", BadReference, fmt.Sprintf("%s is not a variable name", quoted(name)), "a variable is written ${NAME}"
		}
		value, ok := v.value(name, document)
		if !ok {
			return "", UndefinedVariable, fmt.Sprintf("undefined variable %s", quoted(name)),
				fmt.Sprintf("give it a value with `--var %s=...`, `%s%s` or `vars`", name, EnvPrefix, name)
		}
		if b.Len()+len(value) > maxText {
			return "", InvalidValue, fmt.Sprintf("longer than %d bytes with its variables replaced", maxText), ""
		}
		b.WriteString(value)
		rest = after
	}
}
