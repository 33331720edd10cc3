package render_test

import (
	"testing"

	"aliasctl/internal/render"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{`collection "a\b" does not exist`, `collection "a\b" does not exist`},
		{"überprüfen 索引", "überprüfen 索引"},
		{"a\nb\tc\r", `a\nb\tc\r`},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"\u009b31m", `\u009b31m`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"cut \xe7\xb4", `cut \xe7\xb4`},
		{"\x7f\x00", `\x7f\x00`},
	} {
		if got := render.Clean(c.raw); got != c.want {
			t.Errorf("%q is shown as %s, want %s", c.raw, got, c.want)
		}
	}
}
