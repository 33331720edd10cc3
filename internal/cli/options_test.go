package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/sync"
	"aliasctl/planner"
)

// Every flag that lifts a refusal is a choice: reports show it, the digest covers it,
// and a saved plan carries it. Every choice is a flag of sync.
func TestEveryLimitIsAChoice(t *testing.T) {
	o := newOptions()
	var flags []string
	for _, f := range limitFlags(o) {
		flags = append(flags, f.Names()[0])
	}
	for _, f := range flagList(applyFlags(o), planFlags(o)) {
		if name := f.Names()[0]; slices.Contains([]string{"only", "switch", "drain"}, name) { // they lift nothing
			flags = append(flags, name)
		}
	}
	slices.Sort(flags)
	if choices := sync.ChoiceNames(); !slices.Equal(choices, flags) {
		t.Errorf("the choices are %q, the flags %q", choices, flags)
	}
}

// What a plan points to is a flag of sync or rollback, or a command.
func TestWhatAPlanNamesIsAFlag(t *testing.T) {
	app := newApp(&streams{})
	for _, kind := range planner.WaysOut() {
		word := strings.TrimLeft(strings.TrimPrefix(spell(kind, ""), "aliasctl "), "-")
		if kind == "history" {
			if app.Command(word) == nil {
				t.Errorf("there is no command %q", word)
			}
		} else if !slices.ContainsFunc([]string{"sync", "rollback"}, func(command string) bool { return hasFlag(app.Command(command), word) }) {
			t.Errorf("neither sync nor rollback has %s", spell(kind, ""))
		}
	}
}

// Flags are read where the options are filled, and nowhere else.
func TestFlagsAreReadInOnePlace(t *testing.T) {
	reads := regexp.MustCompile(`\bc\.(Bool|Duration|Float64|Generic|Int|Int64|IsSet|String|StringSlice|Uint|Uint64|Value)\(`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// environment.go asks of a flag whether the command line has set it.
		if strings.HasSuffix(path, "_test.go") || path == "options.go" || path == "environment.go" {
			continue
		}
		if read := reads.Find(text); read != nil {
			t.Errorf("%s reads a flag: %s", path, read)
		}
	}
}

// What a start pays for is the command that was asked for: the flags of all
// sixteen are made for pages that show them all.
func TestACommandLineMakesItsCommand(t *testing.T) {
	for _, m := range commands() {
		made := appFor(&streams{}, []string{"aliasctl", m.name, "--help"}).Commands
		if len(made) != 1 || made[0].Name != m.name {
			t.Errorf("aliasctl %s makes %d commands, the first of them %s", m.name, len(made), made[0].Name)
		}
	}
	for _, args := range [][]string{nil, {"aliasctl"}, {"aliasctl", "help", "sync"}, {"aliasctl", "snyc"}, {"aliasctl", "--version"}} {
		if made := appFor(&streams{}, args).Commands; len(made) != len(commands()) {
			t.Errorf("%q makes %d of %d commands", args, len(made), len(commands()))
		}
	}
}
