package emulator

import (
	"strings"
)

// maxNameLength is proxy.maxNameLength of a default Milvus, in bytes.
const maxNameLength = 255

// nameProblem reports what is wrong with a name, in Milvus' words, or "". The
// rule is milvus-rest section 4; kind is what the name is of.
func nameProblem(kind, name string) string {
	if len(name) > maxNameLength {
		return "the length of a " + kind + " must be less than 255 characters"
	}
	if name == "" || name[0] != '_' && !isLetter(name[0]) {
		return "the first character of a " + kind + " must be an underscore or letter"
	}
	for i := range len(name) {
		if b := name[i]; b != '_' && !isLetter(b) && (b < '0' || b > '9') {
			return kind + " can only contain numbers, letters and underscores"
		}
	}
	return ""
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

func (p *Profile) checkName(kind, name string) error {
	checked := name
	if p.TrimsNames {
		checked = strings.TrimSpace(name)
	}
	if problem := nameProblem(kind, checked); problem != "" {
		return invalid("Invalid %s: %s. %s", kind, name, problem)
	}
	return nil
}

func (p *Profile) checkAlias(alias string) error {
	return p.checkName("collection alias", alias)
}

func (p *Profile) checkCollection(collection string) error {
	return p.checkName("collection name", collection)
}

func checkDatabase(database string) error {
	if problem := nameProblem("database name", database); problem != "" {
		return fail(codeDatabaseName, "%s: invalid database name[database=%s]", problem, database)
	}
	return nil
}

// nameSet is a set of names that can be listed in an order that is different
// at every call and yet the same in every run of the same calls. Milvus lists
// names in the order of a Go map; clients must not rely on any order, and a
// test that fails because one did must fail again.
type nameSet struct {
	names []string
	at    map[string]int // index into names
}

func (s *nameSet) add(name string) {
	if _, ok := s.at[name]; ok {
		return
	}
	if s.at == nil {
		s.at = make(map[string]int)
	}
	s.at[name] = len(s.names)
	s.names = append(s.names, name)
}

func (s *nameSet) remove(name string) {
	i, ok := s.at[name]
	if !ok {
		return
	}
	last := len(s.names) - 1
	s.names[i] = s.names[last]
	s.at[s.names[i]] = i
	s.names = s.names[:last]
	delete(s.at, name)
}

func (s *nameSet) len() int { return len(s.names) }

// list returns the names in the order number turn. It walks the names with a
// step that has no divisor in common with their count, so it meets each once.
func (s *nameSet) list(turn uint64) []string {
	n := uint64(len(s.names))
	out := make([]string, 0, n)
	if n == 0 {
		return out
	}
	step := turn%n*7%n + 1
	for gcd(step, n) != 1 {
		step++
	}
	for i := range n {
		out = append(out, s.names[(turn%n+i*step)%n])
	}
	return out
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
