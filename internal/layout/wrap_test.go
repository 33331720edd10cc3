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
