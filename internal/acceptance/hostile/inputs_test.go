package hostile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a saved plan is made from again, its flags, manifest and variables, is in the
// file, and whoever can write it can edit it and seal it anew. Each edit is refused,
// or it is shown and has another digest than what was reviewed.
func TestInputsOfAPlan(t *testing.T) {
	const text = "version: 1\ncluster: prod\naliases:\n  p: {collection: \"c_${rev}\", from: c_1, require: {min_rows: 5}}\n  foreign: f_2\n  safe: {collection: s_1, protect: true}\nretire: [old_1]\n"
	checkout(t)
	put(t, "cluster.yaml", "databases: {default: {collections: [c_1, {name: c_2, rows: 9, loaded: true}, {name: c_3, rows: 9, loaded: true}, f_1, {name: f_2, loaded: true}, s_1, s_2, old_1, old_2], aliases: {p: c_1, safe: s_1}}}\n")
	put(t, "aliases.yaml", "version: 1\ncluster: prod\naliases: {p: c_1, safe: {collection: s_1, protect: true}}\n")
	seed := []string{"--uri", "embedded:cluster.yaml", "--state", "aliases.state.json"}
	must := func(args ...string) string {
		t.Helper()
		printed, code := run(append(args, seed...)...)
		if code != 0 {
			t.Fatalf("%q: exit %d\n%s", args, code, printed)
		}
		return printed
	}
	must("sync", "--apply", "--yes")
	put(t, "aliases.yaml", text)
	must("sync", "--var", "rev=2", "--drain", "0s", "--max-collection-drops", "5", "--retire-newer", "all", "--plan-out", "plan.json")
	saved, err := os.ReadFile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, saved); err != nil {
		t.Fatal(err)
	}
	original := compact.String()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}

	// try applies a plan in a copy of the tree, and says how it ended and what is
	// bound and there afterwards.
	try := func(plan string, more ...string) (shown, digest, after, told string, code int) {
		t.Helper()
		tree := filepath.Join(t.TempDir(), "tree")
		if err := os.CopyFS(tree, os.DirFS(here)); err != nil {
			t.Fatal(err)
		}
		t.Chdir(tree)
		put(t, "plan.json", plan)
		shown, _ = run("show", "plan.json")
		form, _ := run("show", "plan.json", "-o", "json")
		var report struct{ Digest string }
		if json.Unmarshal([]byte(form), &report) == nil {
			digest = report.Digest
		}
		told, code = run(append(append([]string{"sync", "--apply", "--yes", "--plan", "plan.json"}, more...), seed...)...)
		after, _ = run("export", "--uri", "embedded:cluster.yaml")
		t.Chdir(here)
		return shown, digest, after, told, code
	}
	_, _, untouched, _, _ := try("{}")
	reviewed, digest, done, told, code := try(original, "--expect-digest", digestOf(t, "plan.json"))
	if code != 0 || digest == "" || done == untouched {
		t.Fatalf("the plan as it was saved: exit %d, digest %q\n%s", code, digest, told)
	}

	flags := regexp.MustCompile(`"flags":\[.*?\],"manifest"`)
	vars := regexp.MustCompile(`"vars":\[.*?\]`)
	with := func(list string) func(string) string {
		return func(s string) string { return flags.ReplaceAllLiteralString(s, `"flags":[`+list+`],"manifest"`) }
	}
	now := strings.TrimSuffix(strings.TrimPrefix(flags.FindString(original), `"flags":[`), `],"manifest"`)
	edit := func(from, to string) func(string) string {
		return func(s string) string {
			quoted := func(s string) string { text, _ := json.Marshal(s); return string(text[1 : len(text)-1]) }
			return strings.Replace(s, quoted(from), quoted(to), 1)
		}
	}
	const same = true // means what it meant
	for name, c := range map[string]struct {
		edit func(string) string
		same bool
		// digest alone tells it apart: text shows what was measured, not the bound.
		digest bool
	}{
		"no flags":                {edit: with("")},
		"all flags again":         {edit: with(now + "," + now)},
		"a higher limit":          {edit: func(s string) string { return strings.Replace(s, `"values":["5"]`, `"values":["50"]`, 1) }},
		"another drain":           {edit: func(s string) string { return strings.Replace(s, `"values":["0s"]`, `"values":["1s"]`, 1) }},
		"another guard lifted":    {edit: with(`{"name":"accept-manifests","values":["true"]},` + now)},
		"every check skipped":     {edit: with(now + `,{"name":"skip-check","values":["min_rows"]}`)},
		"another take-over":       {edit: with(now + `,{"name":"take-over","values":["all"]}`)},
		"a part":                  {edit: with(now + `,{"name":"only","values":["p"]}`)},
		"by drop and create":      {edit: with(now + `,{"name":"switch","values":["recreate"]}`)},
		"empty databases":         {edit: with(`{"name":"allow-empty","values":["default"]},` + now)},
		"another cluster":         {edit: with(`{"name":"accept-cluster","values":["true"]},` + now)},
		"a flag that lifts":       {edit: with(now + `,{"name":"yes","values":["true"]}`)},
		"a flag that there isn't": {edit: with(now + `,{"name":"zero","values":["true"]}`)},
		"no value":                {edit: with(now + `,{"name":"skip-check","values":[]}`)},
		"a bad value":             {edit: with(now + `,{"name":"skip-check","values":["nothing"]}`)},
		"a boolean that is no":    {edit: with(`{"name":"accept-manifests","values":["false"]},` + now)},

		"no check":              {edit: edit(", require: {min_rows: 5}", "")},
		"a lower check":         {edit: edit("min_rows: 5", "min_rows: 1"), digest: true},
		"no from":               {edit: edit("from: c_1, ", ""), digest: true},
		"another from":          {edit: edit("from: c_1", "from: c_3")},
		"another target":        {edit: edit("c_${rev}", "c_3")},
		"a default":             {edit: edit("c_${rev}", "c_${rev:-3}")},
		"no protection":         {edit: edit(", protect: true", "")},
		"an alias less":         {edit: edit("  safe: {collection: s_1, protect: true}\n", "")},
		"a protected one moved": {edit: edit("safe: {collection: s_1", "safe: {collection: s_2")},
		"an alias more":         {edit: edit("  foreign: f_2", "  more: f_1\n  foreign: f_2")},
		"a collection more":     {edit: edit("retire: [old_1]", "retire: [old_1, old_2]")},
		"another collection":    {edit: edit("retire: [old_1]", "retire: [old_2]")},
		"nothing to retire":     {edit: edit("retire: [old_1]\n", "")},
		"another label":         {edit: edit("cluster: prod", "cluster: test")},
		"another database":      {edit: edit("version: 1\n", "version: 1\ndatabase: other\n")},
		"no manifest":           {edit: edit(text, "")},
		"a bad manifest":        {edit: edit("aliases:", "aliasses:")},
		"another file":          {edit: edit(`aliases.yaml`, `other.yaml`)},
		"a comment":             {edit: edit("version: 1\n", "version: 1 # reviewed\n"), same: same},
		"a group":               {edit: edit("from: c_1,", "from: c_1, group: g,")},
		"a canary":              {edit: edit("from: c_1,", "from: c_1, canary: {query: {filter: \"id > 0\"}},")},
		"a confirmation":        {edit: edit("from: c_1,", "from: c_1, verify: true,")},
		"golden queries":        {edit: edit("from: c_1,", "from: c_1, golden: {file: g.jsonl},")},

		"another value": {edit: func(s string) string { return vars.ReplaceAllString(s, `"vars":[{"name":"rev","value":"3"}]`) }},
		"no variable":   {edit: func(s string) string { return vars.ReplaceAllString(s, `"vars":[]`) }},
		"one more": {edit: func(s string) string {
			return vars.ReplaceAllString(s, `"vars":[{"name":"a","value":"1"},{"name":"rev","value":"2"}]`)
		}},
		"one of a dozen": {edit: func(s string) string {
			return vars.ReplaceAllString(s, `"vars":[{"name":"rev","value":"2"},{"name":"rev","value":"3"}]`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			edited := c.edit(original)
			if edited == original {
				t.Fatal("the edit changes nothing")
			}
			edited = resealed(edited)
			shown, got, after, told, code := try(edited)
			switch {
			case c.same && (code != 0 || got != digest || after != done):
				t.Errorf("exit %d, digest %s, %s", code, got, after)
			case c.same:
			case code == 0 && (got == digest || shown == reviewed && !c.digest):
				t.Errorf("applied, and shown like what was reviewed:\n%s", shown)
			case code != 0 && after != untouched:
				t.Errorf("exit %d, and something was changed:\n%s", code, after)
			}
			t.Logf("exit %d: %s", code, told[max(0, strings.LastIndex(told, "error")):])
			if _, _, after, _, code := try(edited, "--expect-digest", digest); !c.same && (code == 0 || after != untouched) {
				t.Errorf("with the digest of what was reviewed: exit %d\n%s", code, after)
			}
		})
	}
}

// digestOf is the digest that a saved plan is shown with.
func digestOf(t *testing.T, path string) string {
	t.Helper()
	form, _ := run("show", path, "-o", "json")
	var report struct{ Digest string }
	if err := json.Unmarshal([]byte(form), &report); err != nil {
		t.Fatal(err)
	}
	return report.Digest
}

// resealed is a saved plan, without layout, with the digest of its content.
func resealed(text string) string {
	field := regexp.MustCompile(`"digest":"[^"]*"`)
	sum := sha256.Sum256([]byte(field.ReplaceAllString(text, `"digest":""`)))
	return field.ReplaceAllString(text, `"digest":"`+hex.EncodeToString(sum[:])+`"`)
}
