package planner

import "slices"

// The truth table of one alias
//
// Three versions meet for each managed alias: W, what the manifest wants; S,
// what is ours; L, what the cluster has. S is a set and not a value because a
// run that was killed leaves its announcement behind: its request may have
// landed, may land later, or never. Whatever an unfinished run announced, the
// old target and the new one, is ours; a live value in S was put there by us,
// a live value outside of S by another client. Two facts follow, and every
// promise of the tool rests on them: a change of ours is never mistaken for
// drift, and a change of another client is never overwritten without being
// asked.
//
//	W   S       L       verdict
//	-   empty   any     unmanaged (such an alias is never looked at)
//	c   has c   c       unchanged
//	c   not c   c       adopt
//	c   any     -       create
//	c   has s   s       alter
//	-   set     -       forget
//	-   has s   s       drop
//	otherwise           drifted (S set) or foreign (S empty)

// verdict is what the truth table gives for one alias.
type verdict int

const (
	unmanaged verdict = iota
	unchanged
	adopt
	create
	alter
	forget
	drop
	drifted // a managed alias that another client moved
	foreign // an alias that exists and was never ours
)

// ours is S of the truth table: every collection that the state or an
// announcement gives for one alias. The zero value means "never ours". Nearly
// every alias has one value, so that one needs no slice.
type ours struct {
	first string   // the binding last applied, where there is one
	more  []string // distinct, and other than first
	// absent reports that an unfinished run may have left the alias unbound, so
	// that finding it so is not drift.
	absent bool
}

func (s *ours) add(collection string) {
	switch {
	case collection == "":
		s.absent = true
	case s.first == "":
		s.first = collection
	case !s.has(collection):
		s.more = append(s.more, collection)
	}
}

func (s ours) has(collection string) bool {
	return collection != "" && (s.first == collection || slices.Contains(s.more, collection))
}

func (s ours) empty() bool { return s.first == "" }

// several reports that unfinished runs have left more than one value.
func (s ours) several() bool { return len(s.more) > 0 }

// all are the values, the binding last applied first.
func (s ours) all() []string {
	if s.empty() {
		return nil
	}
	return append([]string{s.first}, s.more...)
}

// latest is the value that was announced last.
func (s ours) latest() string {
	if s.several() {
		return s.more[len(s.more)-1]
	}
	return s.first
}

// decide is the truth table. "" stands for absent in want and live. It is
// total: every combination has exactly one verdict.
func decide(want string, s ours, live string) verdict {
	switch {
	case want == "" && s.empty():
		return unmanaged
	case want == "" && live == "":
		return forget
	case want == "" && s.has(live):
		return drop
	case want == "":
		return drifted
	case live == "":
		return create
	case live == want && s.has(want):
		return unchanged
	case live == want:
		return adopt
	case s.has(live):
		return alter
	case s.empty():
		return foreign
	default:
		return drifted
	}
}
