package command

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"aliasctl/internal/acceptance/program"
)

// flagTitle is how a help page names a flag: `-f, --file FILE`.
var flagTitle = regexp.MustCompile(`^  (-[a-z], )?--[a-z][a-z-]*( [A-Z]+(=[A-Z]+)?)?$`)

// Every command has a help page with an example that begins as a line of a
// shell does, and the page fits a terminal of 80 columns. The flags of the
// example exist.
func TestHelpOfEveryCommand(t *testing.T) {
	commands := commandsOfHelp(t)
	if len(commands) < 20 {
		t.Fatalf("the help lists %d commands only: %q", len(commands), commands)
	}
	for _, command := range commands {
		t.Run(command, func(t *testing.T) {
			page := helpPage(t, command)
			for i, line := range strings.Split(page, "\n") {
				if n := utf8.RuneCountInString(line); n > 80 {
					t.Errorf("line %d has %d columns: %s", i+1, n, line)
				}
			}
			var columns []string
			for _, head := range regexp.MustCompile(`(?m)^  [a-z]+( [A-Z]+)* +`).FindAllString(page, -1) {
				if columns = append(columns, head); len(head) != len(columns[0]) {
					t.Errorf("the commands begin at different columns: %q", columns)
				}
			}
			examples := regexp.MustCompile(`(?m)   (?:source <\()?(aliasctl .*)$`).FindAllStringSubmatch(page, -1)
			if len(examples) == 0 {
				t.Errorf("there is no example:\n%s", page)
			}
			for _, example := range examples {
				requireFlagsOfExample(t, example[1])
			}
			for _, title := range regexp.MustCompile(`(?m)^  -.*$`).FindAllString(page, -1) {
				if !flagTitle.MatchString(title) {
					t.Errorf("this does not name a flag and its value: %q", title)
				}
			}
		})
	}
}

// So does the list of the commands.
func TestHelpOfTheProgramFits(t *testing.T) {
	page, err := exec.Command("aliasctl", "--help").Output()
	program.Must(t, err)
	for line := range strings.Lines(string(page)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// requireFlagsOfExample holds the flags of a command line against its help.
func requireFlagsOfExample(t *testing.T, line string) {
	t.Helper()
	for _, part := range strings.Split(line, "|") {
		words := strings.Fields(part)
		if len(words) < 2 || words[0] != "aliasctl" {
			continue
		}
		command := words[1]
		if (command == "state" || command == "lock") && len(words) > 2 {
			command += " " + words[2]
		}
		page := helpPage(t, strings.TrimSuffix(command, ")"))
		for _, flag := range regexp.MustCompile(` (--?[a-z][a-z-]*)`).FindAllStringSubmatch(part, -1) {
			if !regexp.MustCompile(`(?m)^  (-[a-z], )?` + flag[1] + `\b`).MatchString(page) {
				t.Errorf("the example %q uses %s, which the help of %q does not have", line, flag[1], command)
			}
		}
	}
}

// commandsOfHelp are all commands, those of state and lock with both words.
func commandsOfHelp(t *testing.T) []string {
	t.Helper()
	var commands []string
	for _, command := range completed(t) {
		commands = append(commands, command)
		for _, sub := range completed(t, command) {
			if regexp.MustCompile(`(?m)^  ` + sub + ` `).MatchString(helpPage(t, command)) {
				commands = append(commands, command+" "+sub)
			}
		}
	}
	return commands
}

// completed are the words that the program offers behind these.
func completed(t *testing.T, words ...string) []string {
	t.Helper()
	out, err := exec.Command("aliasctl", append(words, "--generate-bash-completion")...).Output()
	program.Must(t, err)
	var found []string
	for word := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(word, "-") && word != "help" && word != "h" {
			found = append(found, word)
		}
	}
	return found
}

func helpPage(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command("aliasctl", append(strings.Fields(command), "--help")...).Output()
	program.Must(t, err)
	return string(out)
}
