package main

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aliasctl/manifest"
)

// The README and docs/ promise by the names of tests and explain flags and
// commands; this holds them to what exists.

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages is everything that explains the program to its users: not what docs/
// has on Milvus and on the code.
func pages(t *testing.T) string {
	t.Helper()
	text := page(t, "README.md")
	for _, name := range []string{"manifest", "pipelines", "state", "reference", "promises", "milvus", "speed", "threat-model", "versions"} {
		text += "\n" + page(t, "docs/"+name+".md")
	}
	return text
}

func TestPagesNameTestsThatExist(t *testing.T) {
	declared := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			declared[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(pages(t), -1)
	if len(named) < 20 {
		t.Fatalf("the pages name %d tests; its promises name more", len(named))
	}
	for _, m := range named {
		if !declared[m[1]] {
			t.Errorf("the pages name %s, and there is no such test", m[1])
		}
	}
}

// TestThreatsNameTheirTests: every line of what somebody can and cannot do ends with the
// test that holds it; TestPagesNameTestsThatExist looks for them.
func TestThreatsNameTheirTests(t *testing.T) {
	named := regexp.MustCompile("`(?:Test|Fuzz)\\w+`")
	lines := 0
	tables := strings.Split(page(t, "docs/threat-model.md"), "| can | cannot | test |\n| --- | --- | --- |\n")
	for _, table := range tables[1:] {
		table, _, _ = strings.Cut(table, "\n\n")
		for line := range strings.Lines(table) {
			cells := strings.Split(line, " | ")
			if lines++; !named.MatchString(cells[len(cells)-1]) {
				t.Errorf("no test: %s", line)
			}
		}
	}
	if lines < 15 {
		t.Errorf("%d lines", lines)
	}
}

// Each promise stands with at least one test.
func TestPromisesNameTheirTests(t *testing.T) {
	_, rest, found := strings.Cut(page(t, "docs/promises.md"), "## Safety promises")
	if !found {
		t.Fatal("no section of promises")
	}
	section, _, _ := strings.Cut(rest, "What is not promised")
	promises := regexp.MustCompile(`(?m)^\d+\. `).Split(section, -1)[1:]
	if len(promises) < 10 {
		t.Fatalf("%d promises", len(promises))
	}
	for _, p := range promises {
		if !regexp.MustCompile("`(Test|Fuzz)\\w+`").MatchString(p) {
			t.Errorf("no test stands with the promise: %.60s", p)
		}
	}
}

// Tests name the promise that they hold: numbers change.
func TestTestsNamePromisesThatExist(t *testing.T) {
	text := page(t, "docs/promises.md")
	named, numbered := regexp.MustCompile(`promises? ("[A-Z][^"]+"(?:(?:,| and) "[^"]+")*)`), regexp.MustCompile(`promises? [0-9]+`)
	found := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		comments := strings.ReplaceAll(string(source), "\n// ", " ")
		for _, m := range numbered.FindAllString(comments, -1) {
			t.Errorf("%s cites %s by its number", path, m)
		}
		for _, m := range named.FindAllStringSubmatch(comments, -1) {
			for _, name := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(m[1], -1) {
				if found++; !strings.Contains(text, "**"+name[1]+".**") {
					t.Errorf("%s holds the promise %q, and docs/promises.md has none of that name", path, name[1])
				}
			}
		}
		return err
	})
	if err != nil || found < 10 {
		t.Fatalf("%d names of promises found: %v", found, err)
	}
}

// The code gives the source of what it knows of Milvus: a section of
// docs/milvus-rest.md, which has to be there.
func TestCitationsOfMilvusExist(t *testing.T) {
	document, err := os.ReadFile("docs/milvus-rest.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := words(`(?m)^##+ ([0-9]+(?:\.[0-9]+)?)[. ]`, string(document))
	const number = `[0-9]+(?:\.[0-9]+)?`
	cited := regexp.MustCompile(`milvus-rest\s+sections?\s+(` + number + `(?:(?:,| and|, and) ` + number + `)*)`)
	found := 0
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		comments := regexp.MustCompile(`\n\s*// ?`).ReplaceAllString(string(source), " ")
		for _, m := range cited.FindAllStringSubmatch(comments, -1) {
			for _, section := range regexp.MustCompile(number).FindAllString(m[1], -1) {
				if found++; !sections[section] {
					t.Errorf("%s cites section %s of docs/milvus-rest.md, and it has none", path, section)
				}
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Fatalf("%d citations found: %v", found, err)
	}
}

func TestPagesAndHelpAgree(t *testing.T) {
	help := map[string]string{}
	run := func(args ...string) string {
		out, err := exec.Command("aliasctl", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("aliasctl %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for _, m := range regexp.MustCompile(`(?m)^   (\w+)  +\S`).FindAllStringSubmatch(run("help"), -1) {
		if m[1] != "help" {
			help[m[1]] = run(m[1], "--help")
			_, commands, _ := strings.Cut(help[m[1]], "\nCommands:\n")
			for _, sub := range regexp.MustCompile(`(?m)^  ([a-z]+)`).FindAllStringSubmatch(commands, -1) {
				help[m[1]] += run(m[1], sub[1], "--help")
			}
		}
	}
	if len(help) < 10 {
		t.Fatalf("the help lists %d commands", len(help))
	}
	text := pages(t)
	for _, m := range regexp.MustCompile("(?m)(?:^|`|\\$ )aliasctl ([a-z]+)").FindAllStringSubmatch(text, -1) {
		if _, exists := help[m[1]]; !exists {
			t.Errorf("the pages name `aliasctl %s`, and there is no such command", m[1])
		}
	}
	for name := range help {
		if !strings.Contains(text, "aliasctl "+name) {
			t.Errorf("no page names `aliasctl %s`", name)
		}
	}
	flag := regexp.MustCompile(`--([a-z][a-z-]+)`)
	all := strings.Join(slices.Collect(func(yield func(string) bool) {
		for _, page := range help {
			yield(page)
		}
	}), "\n")
	known := map[string]bool{"help": true, "debug-profile": true} // the second is hidden
	for _, m := range flag.FindAllStringSubmatch(all, -1) {
		known[m[1]] = true
	}
	for _, m := range flag.FindAllStringSubmatch(text, -1) {
		if !known[m[1]] {
			t.Errorf("the pages name --%s, and no command has it", m[1])
		}
	}
	for _, m := range flag.FindAllStringSubmatch(help["sync"], -1) {
		if !strings.Contains(text, "--"+m[1]) {
			t.Errorf("no page names --%s of sync", m[1])
		}
	}
}

// The JSON that docs/reference.md describes is what the program writes, both ways.
func TestReferenceListsTheJSON(t *testing.T) {
	_, rest, _ := strings.Cut(page(t, "docs/reference.md"), "## JSON")
	section, _, _ := strings.Cut(rest, "\n## ")
	document, events, found := strings.Cut(section, "`--log-format json`")
	if !found {
		t.Fatal("no list of events")
	}
	agree := func(what, described string, written, known map[string]bool) {
		names := words("`([a-z][a-z_-]*)`", described)
		for name := range written {
			if !names[name] {
				t.Errorf("%s: docs/reference.md does not describe %q", what, name)
			}
		}
		for name := range names {
			if !known[name] {
				t.Errorf("%s: docs/reference.md describes %q, and there is no such thing", what, name)
			}
		}
	}
	var plans string
	for _, golden := range contents(t, "testdata/plan/*.json.golden") {
		if strings.Contains(golden, `"proof": `) {
			plans += golden
		}
	}
	forms := strings.Join(slices.Concat(contents(t, "planner/*.go"), contents(t, "planner/*/*.go"), contents(t, "executor/*.go"), contents(t, "internal/report/json/*.go"), contents(t, "internal/report/mistake.go"), contents(t, "internal/report/mistakes/json.go")), "")
	agree("-o json", document, words(`"([a-z_]+)": ?`, plans), words(`"([a-z_-]+)[",]`, forms))
	commands := strings.Join(contents(t, "internal/cli/*.go"), "")
	said := words(`Event: "([a-z-]+)"`, commands)
	_, place, _ := strings.Cut(contents(t, "internal/report/mistake.go")[0], "type Place struct")
	maps.Copy(said, words(`json:"([a-z_]+)`, contents(t, "internal/cli/events.go")[0]+place))
	agree("--log-format json", events, said, said)
}

// words are what the group of a pattern matches in a text.
// The preflight that it shows is one of the manifest above it.
func TestManifestPageShowsAPreflightOfItsManifest(t *testing.T) {
	_, section, _ := strings.Cut(page(t, "docs/manifest.md"), "## Blue/green")
	_, example, _ := strings.Cut(section, "```yaml\n")
	example, rest, _ := strings.Cut(example, "```\n")
	_, shown, _ := strings.Cut(rest, "```console\n")
	shown, _, _ = strings.Cut(shown, "```\n")
	for _, name := range manifest.CheckNames() {
		declared := regexp.MustCompile(`\b` + string(name) + `:`).MatchString(example)
		if told := strings.Contains(shown, "    "+string(name)+" "); told != declared {
			t.Errorf("check %q: in the manifest: %t, in what is shown: %t", name, declared, told)
		}
	}
	least := regexp.MustCompile(`min_rows: (\d+)`).FindStringSubmatch(example)
	if least == nil || !strings.Contains(shown, " rows are fewer than "+least[1]+"\n") {
		t.Errorf("min_rows is %v, and this is shown:\n%s", least, shown)
	}
}

func words(pattern, text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}

func contents(t *testing.T, glob string) []string {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", glob, err)
	}
	var texts []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}
