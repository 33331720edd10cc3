package truth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The whole truth table, written down by hand: a row per W and S, a column per
// live value. Every combination of W and L over {absent, a, b, c} with every
// subset of {a, b, c} as S is in it.
//
//	.  unmanaged   =  unchanged   +  create   ~  alter     -  drop
//	o  adopt       f  forget      !  drifted  ?  foreign
const truthTable = `
W  S     L: -  a  b  c
-  {}       .  .  .  .
-  {a}      f  -  !  !
-  {b}      f  !  -  !
-  {c}      f  !  !  -
-  {ab}     f  -  -  !
-  {ac}     f  -  !  -
-  {bc}     f  !  -  -
-  {abc}    f  -  -  -
a  {}       +  o  ?  ?
a  {a}      +  =  !  !
a  {b}      +  o  ~  !
a  {c}      +  o  !  ~
a  {ab}     +  =  ~  !
a  {ac}     +  =  !  ~
a  {bc}     +  o  ~  ~
a  {abc}    +  =  ~  ~
b  {}       +  ?  o  ?
b  {a}      +  ~  o  !
b  {b}      +  !  =  !
b  {c}      +  !  o  ~
b  {ab}     +  ~  =  !
b  {ac}     +  ~  o  ~
b  {bc}     +  !  =  ~
b  {abc}    +  ~  =  ~
c  {}       +  ?  ?  o
c  {a}      +  ~  !  o
c  {b}      +  !  ~  o
c  {c}      +  !  !  =
c  {ab}     +  ~  ~  o
c  {ac}     +  ~  !  =
c  {bc}     +  !  ~  =
c  {abc}    +  ~  ~  =
`

var verdictSigns = map[Verdict]string{
	Unmanaged: ".", Unchanged: "=", Create: "+", Alter: "~", Drop: "-",
	Adopt: "o", Forget: "f", Drifted: "!", Foreign: "?",
}

func TestTruthTableWhole(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(truthTable), "\n")[1:]
	if want := 4 * 8; len(rows) != want {
		t.Fatalf("the table has %d rows, want %d", len(rows), want)
	}
	absent := func(s string) string { return strings.TrimPrefix(s, "-") }
	seen := make(map[string]bool)
	for _, row := range rows {
		cells := strings.Fields(row)
		want, set := absent(cells[0]), strings.Trim(cells[1], "{}")
		if seen[cells[0]+cells[1]] {
			t.Fatalf("the row %q stands twice", row)
		}
		seen[cells[0]+cells[1]] = true
		var s Ours
		for _, c := range set {
			s.Add(string(c))
		}
		var got []string
		for _, live := range []string{"", "a", "b", "c"} {
			got = append(got, verdictSigns[Decide(want, s, live)])
		}
		if diff := cmp.Diff(cells[2:], got); diff != "" {
			t.Errorf("W=%q S={%s}: live absent, a, b, c (-want +got):\n%s", want, set, diff)
		}
	}
}

// The order in which the values of S came in, and whether a run may have left
// the alias unbound, never change a verdict.
func TestVerdictDependsOnTheSetAlone(t *testing.T) {
	names := []string{"", "a", "b", "c"}
	for _, w := range names {
		for _, l := range names {
			one := Ours{First: "a", More: []string{"b"}}
			other := Ours{First: "b", More: []string{"a"}, Absent: true}
			if Decide(w, one, l) != Decide(w, other, l) {
				t.Errorf("W=%q L=%q: the order of S decides", w, l)
			}
		}
	}
}
