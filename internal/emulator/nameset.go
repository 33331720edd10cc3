package emulator

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
