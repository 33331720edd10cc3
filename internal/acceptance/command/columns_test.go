package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"aliasctl/internal/acceptance/program"
)

// Nothing is wider than COLUMNS, but for a word that is so alone. Without COLUMNS,
// in a pipe, what scripts read stays one line.
func TestNothingIsWiderThanTheColumns(t *testing.T) {
	const long = "a_rather_long_name_in_production_"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"cluster.yaml": "databases:\n  default:\n    collections: [L_v1, L_v2, L_v3]\n",
		"first.yaml":   "version: 1\naliases: {L_alias: L_v1, L_other: L_v1}\n",
		"second.yaml":  "version: 1\naliases: {L_alias: L_v2, L_third: L_v9}\nretire: [L_v3]\n",
		"bad.yaml":     "version: 1\naliases: {L_alias: 7, L_third: {colection: L_v9}}\n",
	} {
		program.Must(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "L_", long)), 0o600))
	}
	run := func(line string, environment ...string) string {
		command := exec.Command("aliasctl", strings.Fields(line)...)
		command.Dir = dir
		command.Env = program.Environment(append(environment, "ALIASCTL_URI=embedded:cluster.yaml", "ALIASCTL_STATE=s.json")...)
		var said bytes.Buffer
		command.Stdout, command.Stderr = &said, &said
		command.Run() // some refuse
		return said.String()
	}
	if said := run("sync --dry-run -f first.yaml --state none.json", "COLUMNS=80"); !strings.Contains(said, "\nPlan: 2 to create, ") || !strings.Contains(said, ";\n      0 unchanged") {
		t.Errorf("the line of the plan is not broken after its changes:\n%s", said)
	}
	if said := run("sync --dry-run -f first.yaml --state none.json"); !strings.Contains(said, "to retire; 0 unchanged, 0 conflicts.\n") {
		t.Errorf("the line of the plan is broken in a pipe:\n%s", said)
	}
	for _, line := range []string{
		"sync --dry-run -f first.yaml --state " + long + long + ".json",
		"sync --apply -f first.yaml",
		"sync --apply -f first.yaml",
		"sync --dry-run -f second.yaml",
		"sync --apply -f second.yaml --only " + long + "alias",
		"sync --dry-run -f second.yaml --allow-missing-targets --accept-manifests --retire-newer " + long + "v3",
		"sync --dry-run -f bad.yaml",
		"sync --dry-run -f " + long + "is_not_there.yaml",
		"sync --dry-run --unknown-flag",
		"sync --dry-run -f second.yaml -o none",
		"validate -f second.yaml",
		"validate -f bad.yaml",
		"drift",
		"drift -f second.yaml --unmanaged",
		"history",
		"state list",
		"state show",
		"state rm " + long + "elsewhere",
		"lock show",
		"rollback --dry-run -f first.yaml",
		"doctor -f first.yaml",
	} {
		said := run(line, "COLUMNS=80")
		if said == "" {
			t.Errorf("%s: says nothing", line)
		}
		for wide := range strings.Lines(said) {
			wide = strings.TrimSuffix(wide, "\n")
			if utf8.RuneCountInString(wide) > 80 && len(strings.Fields(wide)) > 1 {
				t.Errorf("%s: %d columns: %s", line, utf8.RuneCountInString(wide), wide)
			}
		}
	}
	if said := run("state list"); strings.Count(said, "\n") != 3 {
		t.Errorf("a table in a pipe has no line a binding:\n%s", said)
	}
}
