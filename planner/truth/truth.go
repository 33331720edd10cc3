// Package truth is the truth table of one alias: what the manifest wants, what is
// ours and what the cluster has, to one verdict. The planner plans by it, and the
// proof plans again by it.
package truth

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

// Verdict is what the truth table gives for one alias.
type Verdict int

// The verdicts.
const (
	Unmanaged Verdict = iota
	Unchanged
	Adopt
	Create
	Alter
	Forget
	Drop
	Drifted // a managed alias that another client moved
	Foreign // an alias that exists and was never ours
)

// Ours is S of the truth table: every collection that the state or an
// announcement gives for one alias. The zero value means "never ours". Nearly
// every alias has one value, so that one needs no slice.
type Ours struct {
	First string   // the binding last applied, where there is one
	More  []string // distinct, and other than First
	// Absent reports that an unfinished run may have left the alias unbound, so
	// that finding it so is not drift.
	Absent bool
}

// Add adds a value; "" is the absent alias.
func (s *Ours) Add(collection string) {
	switch {
	case collection == "":
		s.Absent = true
	case s.First == "":
		s.First = collection
	case !s.Has(collection):
		s.More = append(s.More, collection)
	}
}

// Has reports whether a collection, other than "", is one of the values.
func (s Ours) Has(collection string) bool {
	return collection != "" && (s.First == collection || slices.Contains(s.More, collection))
}

// Empty reports that the alias was never ours.
func (s Ours) Empty() bool { return s.First == "" }

// Several reports that unfinished runs have left more than one value.
func (s Ours) Several() bool { return len(s.More) > 0 }

// All are the values, the binding last applied first.
func (s Ours) All() []string {
	if s.Empty() {
		return nil
	}
	return append([]string{s.First}, s.More...)
}

// Latest is the value that was announced last.
func (s Ours) Latest() string {
	if s.Several() {
		return s.More[len(s.More)-1]
	}
	return s.First
}

// Decide is the truth table. "" stands for absent in want and live. It is
// total: every combination has exactly one verdict.
func Decide(want string, s Ours, live string) Verdict {
	switch {
	case want == "" && s.Empty():
		return Unmanaged
	case want == "" && live == "":
		return Forget
	case want == "" && s.Has(live):
		return Drop
	case want == "":
		return Drifted
	case live == "":
		return Create
	case live == want && s.Has(want):
		return Unchanged
	case live == want:
		return Adopt
	case s.Has(live):
		return Alter
	case s.Empty():
		return Foreign
	default:
		return Drifted
	}
}
