package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// The flags of sync, and what each of them needs to show an effect in a run
// that has a reason for every one of them. A flag without an entry fails the
// tests: whoever adds one decides here whether a variable may set it.
//
// A run that this table says nothing else about is `sync --uri URI` in the
// scene "refused", see set.
var effects = map[string]effect{
	"uri":             {value: "http://127.0.0.1:1", variables: "ALIASCTL_URI MILVUS_URI", more: []string{"--retries=0"}},
	"token-file":      {value: "blank.txt", variables: "ALIASCTL_TOKEN_FILE", instead: "token.txt"},
	"ca-file":         {value: "blank.txt", variables: "ALIASCTL_CA_FILE"},
	"cert-file":       {value: "blank.txt", variables: "ALIASCTL_CERT_FILE"},
	"key-file":        {value: "blank.txt", variables: "ALIASCTL_KEY_FILE"},
	"timeout":         {value: "0s", variables: "ALIASCTL_TIMEOUT", instead: "40s"},
	"request-timeout": {value: "10", variables: "ALIASCTL_REQUEST_TIMEOUT", instead: "30"},
	"retries":         {value: "-1", variables: "ALIASCTL_RETRIES", instead: "4"},
	"parallel":        {value: "0", variables: "ALIASCTL_PARALLEL", instead: "8"},
	"collection-api":  {value: "v3", variables: "ALIASCTL_COLLECTION_API", instead: "auto"},
	"patience":        {value: "-1s", variables: "ALIASCTL_PATIENCE", instead: "1m"},
	"settle":          {value: "0s", variables: "ALIASCTL_SETTLE", instead: "15s"},
	"state-history":   {value: "-1", variables: "ALIASCTL_STATE_HISTORY", instead: "0"},
	"lock-timeout":    {value: "-1s", variables: "ALIASCTL_LOCK_TIMEOUT", instead: "0s"},
	"state":           {value: "elsewhere.json", variables: "ALIASCTL_STATE", instead: "aliases.state.json"},
	"output":          {value: "json", variables: "ALIASCTL_OUTPUT", instead: "text"},
	"log-format":      {value: "json", variables: "ALIASCTL_LOG_FORMAT", instead: "text"},
	"no-color":        {variables: "ALIASCTL_NO_COLOR", onTerminal: true},

	"file":        {value: "other.yaml", more: []string{"--state=aliases.state.json"}},
	"var":         {value: "nowhere=x"},
	"output-file": {value: "json=nowhere/out.json"},

	"dry-run":               {unseen: true}, // it is the default
	"marker":                {unseen: true}, // it is in Markdown, with the time of the run
	"apply":                 {scene: "changed"},
	"yes":                   {onTerminal: true},
	"offline":               {},
	"detailed-exitcode":     {scene: "changed"},
	"only":                  {value: "a0"},
	"switch":                {value: "recreate", scene: "changed"},
	"allow-missing-targets": {},
	"insecure-skip-verify":  {scene: "https"},
	"overwrite-drift":       {value: "drifted"},
	"take-over":             {value: "theirs"},
	"retire-again":          {value: "old"},
	"retire-newer":          {value: "all"},
	"max-alias-drops":       {value: "100%"},
	"max-collection-drops":  {value: "20"},
	"allow-empty":           {value: "shop"},
	"accept-cluster":        {scene: "relabelled"},
	"accept-manifests":      {more: []string{"--file=other.yaml", "--state=aliases.state.json"}},
	"follow-links":          {scene: "linked"},
	"max-names":             {value: "1"},
	"max-state-bytes":       {value: "1B"},
	"forward":               {value: "nobody"},
	"skip-check":            {value: "nobody"},
	"plan":                  {value: "nowhere.json"},
	"plan-out":              {value: "nowhere/plan.json"},
	"expect-digest":         {value: strings.Repeat("0", 64)},
	"drain":                 {value: "-1s"},
	"history":               {value: "0"},
	"verify-uri":            {value: "http://127.0.0.1:1"},
}

// effect is how a flag can be seen to work.
type effect struct {
	value      string   // "" for a flag that takes none
	variables  string   // that set it; for most flags none may
	instead    string   // another value, with which the run is as without the flag
	scene      string   // "" for "refused"
	more       []string // flags that the run needs besides
	unseen     bool     // it has no effect in these scenes
	onTerminal bool     // what it does is seen there only: terminal_test.go
}

// arguments set the flag on the command line.
func (e effect) arguments(flag string) []string {
	if e.value == "" {
		return append([]string{"--" + flag}, e.more...)
	}
	return append([]string{"--" + flag + "=" + e.value}, e.more...)
}

// word is the value of the variable that would set the flag.
func (e effect) word() string {
	if e.value == "" {
		return "true"
	}
	return e.value
}

// What lets a run write, or lifts a refusal, is said on the command line of
// that run or nowhere: no variable that is left over in a shell or a CI system
// sets it.
func TestDangerousFlagsHaveNoVariable(t *testing.T) {
	var all []string // a variable for every flag that must have none
	for _, flag := range flagsOfHelp(t) {
		e, known := effects[flag.name]
		if !known {
			t.Errorf("--%s has no entry in the table of this test", flag.name)
			continue
		}
		if flag.variables != e.variables && flag.name != "no-color" && flag.name != "var" {
			t.Errorf("the help of --%s names the variables %q, want %q", flag.name, flag.variables, e.variables)
		}
		if e.variables != "" {
			continue
		}
		variable := "ALIASCTL_" + strings.ToUpper(strings.ReplaceAll(flag.name, "-", "_"))
		all = append(all, variable+"="+e.word())
		if e.unseen || e.onTerminal {
			continue
		}
		t.Run(flag.name, func(t *testing.T) {
			t.Parallel()
			stage := set(t, e.scene)
			without := stage.rehearse(nil, e.more...)
			for _, prefix := range []string{"ALIASCTL_", "MILVUS_"} {
				variable := prefix + strings.TrimPrefix(variable, "ALIASCTL_") + "=" + e.word()
				if got := stage.rehearse([]string{variable}, e.more...); got.told() != without.told() || got.writes > 0 {
					t.Errorf("%s changes the run:\n%s\nwithout it:\n%s", variable, got.told(), without.told())
				}
			}
			// Last, because it may write.
			if with := stage.rehearse(nil, e.arguments(flag.name)...); with.told() == without.told() {
				t.Errorf("the flag changes nothing in this run, so the test proves nothing:\n%s", with.told())
			}
		})
	}
	t.Run("all of them", func(t *testing.T) {
		for _, scene := range []string{"refused", "changed", "relabelled", "https"} {
			stage := set(t, scene)
			without, with := stage.rehearse(nil), stage.rehearse(all)
			if with.told() != without.told() || with.writes > 0 {
				t.Errorf("%s: with %s:\n%s\nwithout:\n%s", scene, strings.Join(all, " "), with.told(), without.told())
			}
		}
	})
}

// The variables of connection and format do what their flags do; blank counts
// as unset; a flag wins.
func TestVariablesDoWhatTheirFlagsDo(t *testing.T) {
	for flag, e := range effects {
		if e.variables == "" || e.onTerminal {
			continue
		}
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			stage := set(t, e.scene)
			without, with := stage.rehearse(nil, e.more...), stage.rehearse(nil, e.arguments(flag)...)
			if with.told() == without.told() {
				t.Fatalf("the flag changes nothing in this run:\n%s", with.told())
			}
			for _, variable := range strings.Fields(e.variables) {
				if got := stage.rehearse([]string{variable + "=" + e.value}, e.more...); got.told() != with.told() {
					t.Errorf("%s=%s:\n%s\nwith the flag:\n%s", variable, e.value, got.told(), with.told())
				}
				for _, blank := range []string{"", "  ", "\t"} {
					if got := stage.rehearse([]string{variable + "=" + blank}, e.more...); got.told() != without.told() {
						t.Errorf("%s=%q:\n%s\nwithout it:\n%s", variable, blank, got.told(), without.told())
					}
				}
				if e.instead == "" {
					continue
				}
				arguments := append([]string{"--" + flag + "=" + e.instead}, e.more...)
				if got := stage.rehearse([]string{variable + "=" + e.value}, arguments...); got.told() != without.told() {
					t.Errorf("%s=%s and --%s=%s:\n%s\nwant:\n%s", variable, e.value, flag, e.instead, got.told(), without.told())
				}
			}
		})
	}
}

// helpFlag is a flag as the help shows it.
type helpFlag struct{ name, variables string }

var (
	flagLine     = regexp.MustCompile(`^  (?:-\w, )?--([a-z-]+)`)
	variableName = regexp.MustCompile(`\$([A-Z][A-Z_]*)`)
	bracketed    = regexp.MustCompile(`\[\$[^\]]*\]`)
)

// flagsOfHelp reads the flags of sync from its own help.
func flagsOfHelp(t *testing.T) []helpFlag {
	t.Helper()
	help, err := exec.Command("aliasctl", "sync", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var flags []helpFlag
	var text strings.Builder // of the last flag
	end := func() {
		if len(flags) == 0 {
			return
		}
		var names []string
		for _, list := range bracketed.FindAllString(text.String(), -1) {
			for _, name := range variableName.FindAllStringSubmatch(list, -1) {
				names = append(names, name[1])
			}
		}
		flags[len(flags)-1].variables = strings.Join(names, " ")
		text.Reset()
	}
	for _, line := range strings.Split(string(help), "\n") {
		if found := flagLine.FindStringSubmatch(line); found != nil {
			end()
			flags = append(flags, helpFlag{name: found[1]})
		}
		text.WriteString(strings.TrimSpace(line) + " ")
	}
	end()
	if len(flags) < 30 {
		t.Fatalf("only %d flags found in the help", len(flags))
	}
	return flags
}

// rehearsal is what a run of sync told.
type rehearsal struct {
	stdout, stderr string
	code           int
	writes         int64 // writing requests that it sent
}

func (r rehearsal) told() string {
	return fmt.Sprintf("%s\n%s\nexit code %d", r.stdout, r.stderr, r.code)
}

// stage is a set scene, in which runs that write nothing can follow one another.
type stage struct {
	t         *testing.T
	dir       string
	cluster   *testkit.Cluster
	server    *httptest.Server
	variables []string // of each run
}

// set sets a scene:
//
//   - refused: something stands against every kind of step, so that each flag
//     that lifts a refusal has one to lift.
//   - changed: a switch is to be done, and nothing stands against it.
//   - relabelled: the state is of another cluster.
//   - https: the certificate of the cluster is not known.
//   - linked: in CI, the manifest is a link to a file elsewhere.
func set(t *testing.T, scene string) *stage {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("token.txt", "root:Milvus")
	write("blank.txt", "\n")
	write("other.yaml", "version: 1\naliases: {a0: c}\n")
	write("seed.yaml", `
databases:
  default:
    collections: [old, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, c, d, r1]
    aliases: {theirs: d}
  shop:
    collections: [wares]
`)
	cluster, err := testkit.FromSeed(filepath.Join(dir, "seed.yaml"), emulator.V26)
	program.Must(t, err)
	server := httptest.NewUnstartedServer(cluster)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that fail
	if scene == "https" {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	s := &stage{t: t, dir: dir, cluster: cluster, server: server}

	before := func(manifest string) {
		write("aliases.yaml", manifest)
		args := []string{"--apply", "--uri=" + server.URL, "--insecure-skip-verify"}
		if r := s.execute(nil, args...); r.code != 0 {
			t.Fatalf("setting the scene: %s", r.told())
		}
	}

	switch scene {
	case "", "refused":
		before(`{version: 1, aliases: {a0: c, a1: c, a2: c, a3: c, a4: c, a5: c, a6: c, a7: c, drifted: c}, retire: [old]}
---
{version: 1, database: shop, aliases: {products: wares}}
`)
		program.Must(t, cluster.AlterAlias("default", "drifted", "d"))
		program.Must(t, cluster.CreateCollection("default", "old"))
		write("aliases.yaml", `{version: 1, aliases: {a0: c, a1: c, a2: c, drifted: c, theirs: c, early: not_built}, retire: [old, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11]}
`)
	case "changed":
		before("{version: 1, aliases: {a0: c}}")
		write("aliases.yaml", "{version: 1, aliases: {a0: d}}")
	case "relabelled":
		before("{version: 1, cluster: eu, aliases: {a0: c}}")
		write("aliases.yaml", "{version: 1, cluster: us, aliases: {a0: d}}")
	case "https":
		before("{version: 1, aliases: {a0: c}}")
	case "linked":
		elsewhere := filepath.Join(t.TempDir(), "aliases.yaml")
		program.Must(t, os.WriteFile(elsewhere, []byte("{version: 1, aliases: {a0: c}}"), 0o600))
		program.Must(t, os.Symlink(elsewhere, filepath.Join(dir, "aliases.yaml")))
		s.variables = []string{"CI=true"}
	}
	return s
}

// rehearse runs sync and returns what it told, without what differs from one cluster to
// the next.
func (s *stage) rehearse(variables []string, arguments ...string) rehearsal {
	s.t.Helper()
	_, sent := s.cluster.Counts()
	arguments = append([]string{}, arguments...)
	if !has(arguments, "--uri") && !has(variables, "ALIASCTL_URI") && !has(variables, "MILVUS_URI") {
		arguments = append(arguments, "--uri="+s.server.URL)
	}
	r := s.execute(append(s.variables[:len(s.variables):len(s.variables)], variables...), arguments...)
	_, now := s.cluster.Counts()
	r.writes = now - sent
	return r
}

func (s *stage) execute(variables []string, arguments ...string) rehearsal {
	s.t.Helper()
	command := exec.Command("aliasctl", append([]string{"sync"}, arguments...)...)
	command.Dir, command.Env = s.dir, program.Environment(variables...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	clean := func(text string) string {
		text = strings.ReplaceAll(text, s.server.URL, "URI")
		text = strings.ReplaceAll(text, strings.SplitAfter(s.server.URL, "//")[1], "HOST")
		return clusterNumbers.ReplaceAllString(text, "N")
	}
	return rehearsal{stdout: clean(stdout.String()), stderr: clean(stderr.String()), code: command.ProcessState.ExitCode()}
}

// clusterNumbers are ids, times and digests, which differ from run to run.
var clusterNumbers = regexp.MustCompile(`\b[0-9]{15,}\b|\b20[0-9-]+T[0-9:.]+Z\b|\b[0-9a-f]{64}\b|"(?:seconds|duration)": ?[0-9.e-]+|\([0-9.]+[mµ]?s\)`)

// has reports whether one of the words sets name.
func has(words []string, name string) bool {
	for _, word := range words {
		if key, value, _ := strings.Cut(word, "="); key == name && strings.TrimSpace(value) != "" {
			return true
		}
	}
	return false
}
