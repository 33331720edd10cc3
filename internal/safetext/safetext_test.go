package safetext_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"aliasctl/internal/safetext"
)

func TestLine(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{`collection "a\b" does not exist`, `collection "a\b" does not exist`},
		{"überprüfen 索引", "überprüfen 索引"},
		{"a\nb\tc\r", `a\nb\tc\r`},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"\x1b]0;title\a", `\x1b]0;title\a`},
		{"\u009b31m", `\u009b31m`},
		{"\u0085next", `\u0085next`},
		{"a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"\u2066x\u2069", `\u2066x\u2069`},
		{"pro\u200bducts\ufeff", `pro\u200bducts\ufeff`},
		{"a\u3164b\u115fc\u2800\ufe0f\u034f", `a\u3164b\u115fc\u2800\ufe0f\u034f`},
		{"\U000e0041", `\U000e0041`},
		{"cut \xe7\xb4", `cut \xe7\xb4`},
		{"\x7f\x00", `\x7f\x00`},
		{"::stop-commands::tok", `\x3a:stop-commands\x3a:tok`},
		{":::error::", `:\x3a:error\x3a:`},
		{"ends with ::", `ends with \x3a:`},
		{"##[add-mask]true", `#\x23[add-mask]true`},
		{"##vso[task.setvariable]", `#\x23vso[task.setvariable]`},
		{"##teamcity[buildStop]", `#\x23teamcity[buildStop]`},
		{"section_start:1:a\r\x1b[0K", `section_start\x3a1:a\r\x1b[0K`},
		{"dial tcp [::1]:19530 and [fe80::abcd%eth0]:1", "dial tcp [::1]:19530 and [fe80::abcd%eth0]:1"},
		{"[::add-mask::]", `[\x3a:add-mask::]`},
		{"# 1 of #2", "# 1 of #2"},
		{"git::https://forge.example/a.git//s.json", "git::https://forge.example/a.git//s.json"},
		{"::https://x::add-mask::y", `::https://x\x3a:add-mask\x3a:y`},
		{"::https:/x", `\x3a:https:/x`},
	} {
		if got := safetext.Line(c.raw); got != c.want {
			t.Errorf("%q is shown as %s, want %s", c.raw, got, c.want)
		}
	}
}

// runnerCommand is what makes a runner act, wherever the text is broken into lines.
var runnerCommand = regexp.MustCompile(`##[a-z]*\[|::[A-Za-z]|section_(start|end):`)

// address is what may hold `::` and a letter.
var address = regexp.MustCompile(`\[[0-9A-Fa-f.]*(:[0-9A-Fa-f.]*)+[\]%]`)

// location is an address behind `::`, as that of a state in git.
var location = regexp.MustCompile(`::((?:https?|ssh|file)://)`)

func checkSafe(t *testing.T, raw, shown string) {
	t.Helper()
	for _, r := range shown {
		if r < ' ' || r == 0x7f || r >= 0x80 && (!unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)) {
			t.Fatalf("%q is shown with %q: %q", raw, r, shown)
		}
	}
	if !utf8.ValidString(shown) {
		t.Fatalf("%q is shown as no UTF-8: %q", raw, shown)
	}
	if found := runnerCommand.FindString(location.ReplaceAllString(address.ReplaceAllString(shown, "[]"), "$1")); found != "" {
		t.Fatalf("%q is shown with the command %q: %q", raw, found, shown)
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{"", "a", "::a::b", "##[x", "[::1]", "[::a::b]", "section_end:1:x", "\x1b[2J\u2028\u202e\xff", ":", "#", "[a::b%c", "::[:%A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		shown := safetext.Line(raw)
		checkSafe(t, raw, shown)
		if again := safetext.Line(shown); again != shown {
			t.Fatalf("%q is shown as %q, and that as %q", raw, shown, again)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"", "##[x]", "###", "\u009b\u2028\u202e\U000e0041\x7f", `\##`, "é索"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		encoded, err := json.Marshal(map[string]string{raw: raw})
		if err != nil {
			t.Fatal(err)
		}
		shown := safetext.JSON(encoded)
		for _, r := range string(shown) {
			if r < ' ' || r == 0x7f || r >= 0x80 && !unicode.IsPrint(r) {
				t.Fatalf("%q is shown with %q: %s", raw, r, shown)
			}
		}
		if strings.Contains(string(shown), "##") {
			t.Fatalf("%q is shown with ##: %s", raw, shown)
		}
		var got, want map[string]string
		if err := json.Unmarshal(shown, &got); err != nil {
			t.Fatalf("%q: %v in %s", raw, err, shown)
		}
		if err := json.Unmarshal(encoded, &want); err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if got[key] != value {
				t.Fatalf("%q means something else: %q in %s", raw, got, shown)
			}
		}
	})
}
