package layout_test

import (
	"slices"
	"testing"

	"aliasctl/internal/layout"
)

func TestWrapAndBreak(t *testing.T) {
	for _, c := range []struct {
		text         string
		width        int
		wrap, broken []string
	}{
		{"", 5, []string{""}, []string{""}},
		{"a bc  def", 4, []string{"a bc", "def"}, []string{"a bc", "def"}},
		{"a bcdefg h", 4, []string{"a", "bcdefg", "h"}, []string{"a", "bcde", "fg h"}},
		{"über 索引引", 4, []string{"über", "索引引"}, []string{"über", "索引引"}},
		{"run `a b`, `c d e` or f", 9, []string{"run", "`a b`,", "`c d e`", "or f"}, []string{"run `a", "b`, `c d", "e` or f"}},
		{"run `a b c d e` now", 8, []string{"run", "`a b c \\", "d e` now"}, []string{"run `a b", "c d e`", "now"}},
		{"run `a 'b c d' e`", 7, []string{"run", "`a \\", "'b c d' \\", "e`"}, []string{"run `a", "'b c d'", "e`"}},
		{"put `a: {b: c}`", 7, []string{"put `a:", "{b: c}`"}, []string{"put `a:", "{b: c}`"}},
		{"a ` b c", 5, []string{"a ` b", "c"}, []string{"a ` b", "c"}},
		{"索引引", 2, []string{"索引引"}, []string{"索引", "引"}},
	} {
		if got := layout.Wrap(c.text, c.width); !slices.Equal(got, c.wrap) {
			t.Errorf("%q wraps at %d to %q, want %q", c.text, c.width, got, c.wrap)
		}
		if got := layout.Break(c.text, c.width); !slices.Equal(got, c.broken) {
			t.Errorf("%q breaks at %d to %q, want %q", c.text, c.width, got, c.broken)
		}
	}
}
