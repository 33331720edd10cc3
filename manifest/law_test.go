package manifest

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// hang is far beyond what a mebibyte of anything takes on a slow, busy machine.
const hang = 30 * time.Second

// withoutPositions compares what manifests say and not where.
var withoutPositions = cmp.Options{cmpopts.IgnoreTypes(Position{}, &Position{}), cmpopts.EquateEmpty()}

// lawEnv answers for one variable, so that inputs can use both kinds.
func lawEnv(name string) (string, bool) { return "from_env", name == EnvPrefix+"env" }

// checkLaw is what holds for every input whatever: it is read in bounded time;
// it is either accepted, and then by the schema too, and says the same when it
// is written out and read again, or refused with problems that each have a
// place in it, in order.
func checkLaw(t testing.TB, data []byte) {
	t.Helper()
	const file = "law.yaml"
	opts := Options{LookupEnv: lawEnv}
	start := time.Now()
	m, err := parse(file, data, opts)
	if took := time.Since(start); took > hang {
		t.Errorf("reading %d bytes took %v", len(data), took)
	}
	if err == nil {
		checkRoundTrip(t, m)
		if len(data) <= maxText { // an editor spells out what anchors stand for
			accepts(t, data)
		}
		return
	}
	problems, ok := AsProblems(err)
	if !ok || len(problems.List) == 0 {
		t.Fatalf("refused without problems: %v", err)
	}
	lines := strings.Split(strings.TrimPrefix(string(data), "\xef\xbb\xbf"), "\n")
	last := Position{}
	for _, p := range problems.List {
		if p.Pos.File != file || p.Pos.Line < 1 || p.Pos.Line > len(lines) ||
			p.Pos.Column < 1 || p.Pos.Column > utf8.RuneCountInString(lines[p.Pos.Line-1])+1 {
			t.Errorf("outside of the file: %s", p)
		}
		if p.Pos.Line < last.Line || p.Pos.Line == last.Line && p.Pos.Column < last.Column {
			t.Errorf("out of order behind %s: %s", last, p)
		}
		last = p.Pos
		if p.Message == "" || strings.ContainsAny(p.Message+p.Hint, "\n\r\x1b") {
			t.Errorf("not one plain line: %q, hint %q", p.Message, p.Hint)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(readmeManifest))
	f.Add([]byte(cutoverManifest))
	for _, seed := range hostile(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkLaw(t, data) })
}

// hostile are inputs of about n bytes that are made to be slow, deep or large.
func hostile(n int) map[string][]byte {
	repeat := func(s string) string { return strings.Repeat(s, n/len(s)+1) }
	number := func(format func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(format(i))
		}
		return b.String()
	}
	const head = "version: 1\n"
	inputs := map[string]string{
		"open brackets":         repeat("["),
		"open braces":           repeat("{"),
		"bracket lines":         repeat("[\n"),
		"dashes":                repeat("- "),
		"question marks":        repeat("? "),
		"colons":                repeat("a: "),
		"documents":             repeat("---\n"),
		"numbered documents":    head + number(func(i int) string { return "---\ndatabase: d" + itoa(i) + "\naliases: {a: b}\n" }),
		"comments":              repeat("#\n"),
		"blank lines":           repeat("\n"),
		"blanks":                repeat(" "),
		"tabs":                  repeat("\t"),
		"zeros":                 repeat("\x00"),
		"bad bytes":             repeat("\xff\n"),
		"line separators":       repeat("\u2028"),
		"carriage returns":      repeat("\r"),
		"one long name":         head + "aliases: {" + repeat("a") + ": b}\n",
		"one long value":        head + "aliases: {b: " + repeat("a") + "}\n",
		"one long label":        head + "cluster: \"" + repeat("\\e") + "\"\n",
		"unclosed list":         head + "retire: [" + repeat("a,\n"),
		"unclosed quote":        head + "aliases:\n  a: \"" + repeat("b: c\n"),
		"unclosed quote inside": head + "aliases:\n" + repeat("  b: c\n") + "  d: \"e\n" + repeat("  f: g\n"),
		"tag directives":        number(func(i int) string { return "%TAG !" + itoa(i) + "! x\n" }) + "---\n" + head,
		"unknown fields":        head + number(func(i int) string { return "alias" + itoa(i) + ": {}\n" }),
		"bad names":             head + "aliases:\n" + repeat("  a-b: c-d\n"),
		"duplicates":            head + "aliases:\n" + repeat("  a: b\n"),
		"clashes":               head + "aliases:\n" + number(func(i int) string { return "  a" + itoa(i) + ": a" + itoa(i) + "\n" }),
		"undefined variables":   head + "aliases:\n" + number(func(i int) string { return "  a" + itoa(i) + ": ${v" + itoa(i) + "}\n" }),
		"anchors":               head + "aliases:\n" + number(func(i int) string { return "  a" + itoa(i) + ": &x" + itoa(i) + " b\n" }),
		"laughs": head + "retire:\n- &a0 [x, x, x, x, x, x, x, x, x]\n" + number(func(i int) string {
			a := "*a" + itoa(i)
			return "- &a" + itoa(i+1) + " [" + strings.TrimSuffix(strings.Repeat(a+", ", 9), ", ") + "]\n"
		}),
		"a long form for many": head + "aliases:\n  m: &m {collection: c" + number(func(i int) string { return ", u" + itoa(i) + ": x" }) + "}\n" +
			number(func(i int) string { return "  a" + itoa(i) + ": *m\n" }),
		"a long text for many": head + "aliases:\n  m: &m \"" + repeat("${env}") + "\"\n" +
			number(func(i int) string { return "  a" + itoa(i) + ": *m\n" }),
		"a vector for many": head + "aliases:\n  m: &m {collection: c, canary: &c {search: &s {vector: &v [" + strings.Repeat("1,", min(n/4, maxDimension-1)) + "1]}}}\n" +
			inTurn(n/4, "  a%d: *m\n", "  b%d: {collection: c, canary: *c}\n",
				"  c%d: {collection: c, canary: {search: *s}}\n", "  d%d: {collection: c, canary: {search: {vector: *v}}}\n") +
			"  refused-at-last: c\n", // written out it would be the large manifest that it must not stand for
		"groups that disagree": head + "aliases:\n" + number(func(i int) string {
			return "  a" + itoa(i) + ": {collection: c, group: g" + itoa(i%7) + ", on_failure: " + []string{"keep", "switch-back"}[i%2] + "}\n"
		}),
		"stars": head + "aliases:\n" + number(func(i int) string {
			return "  a" + itoa(i) + ": {collection: " + strings.Repeat("a", 254) + ", keep: 1, match: " + strings.Repeat("a*", 126) + "b}\n"
		}),
		"a long variable for many": head + "vars: {v: " + strings.Repeat("x", min(n, maxText)) + "}\naliases:\n" +
			number(func(i int) string { return "  a" + itoa(i) + ": " + strings.Repeat("${v}", 20) + "\n" }),
		"a list in itself":    head + "retire: &r [*r, " + repeat("*r, ") + "]\n",
		"a mapping in itself": head + "aliases: &a {b: *a, c: *a}\n",
		"staircase":           head + "aliases:\n" + number(func(i int) string { return strings.Repeat(" ", i%300) + "a:\n" }),
	}
	all := make(map[string][]byte, len(inputs))
	for name, text := range inputs {
		all[name] = []byte(text)
	}
	return all
}

func itoa(i int) string { return strconv.Itoa(i) }

// inTurn writes several formats in turn, with one number after the other, until
// there are n bytes.
func inTurn(n int, formats ...string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, formats[i%len(formats)], i)
	}
	return b.String()
}

// A mebibyte of anything does not stop a run for long, nor does it end it
// other than by an answer.
func TestHostileManifests(t *testing.T) {
	size := 1 << 20
	if raceDetector() {
		size = 64 << 10 // it looks for something else, and slowly
	}
	for name, data := range hostile(size) {
		t.Run(name, func(t *testing.T) { checkLaw(t, data) })
	}
}

// raceDetector reports whether this test was built with -race.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// What is large or wrong in itself need not be large in what is said about it.
func TestProblemsAreCounted(t *testing.T) {
	_, err := parse("a.yaml", hostile(64 << 10)["unknown fields"], Options{})
	problems, ok := AsProblems(err)
	if !ok || len(problems.List) != maxProblems || problems.More < maxProblems {
		t.Fatalf("got %d problems and %d more", len(problems.List), problems.More)
	}
	if got := bytes.Count([]byte(problems.Error()), []byte("error: ")); got != maxProblems {
		t.Errorf("%d problems are printed, want %d", got, maxProblems)
	}
	if !strings.HasSuffix(problems.Error(), "more problems") {
		t.Error("the rest is not mentioned")
	}
}
