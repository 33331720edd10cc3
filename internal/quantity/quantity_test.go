package quantity_test

import (
	"testing"

	"aliasctl/internal/quantity"
)

func TestOf(t *testing.T) {
	for _, test := range []struct {
		n    int
		noun string
		want string
	}{
		{0, "conflict", "0 conflicts"}, {1, "conflict", "1 conflict"}, {2, "conflict", "2 conflicts"},
		{0, "alias", "0 aliases"}, {1, "alias", "1 alias"}, {2, "alias", "2 aliases"},
		{1, "switch", "1 switch"}, {2, "switch", "2 switches"},
		{1, "managed alias", "1 managed alias"}, {3, "managed alias", "3 managed aliases"},
		{1, "golden query", "1 golden query"}, {3, "golden query", "3 golden queries"},
		{2, "way", "2 ways"}, {2, "database", "2 databases"}, {11, "byte", "11 bytes"},
	} {
		if got := quantity.Of(test.n, test.noun); got != test.want {
			t.Errorf("%d %s is %q, want %q", test.n, test.noun, got, test.want)
		}
	}
	if one, many := quantity.Phrase(1, "step is", "steps are"), quantity.Phrase(0, "step is", "steps are"); one != "1 step is" || many != "0 steps are" {
		t.Errorf("phrases are %q and %q", one, many)
	}
}
