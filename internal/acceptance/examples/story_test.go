package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// The stories of the examples, from the first line to the last as a reader would
// type it: every command is run by one bash, and each says what stands there. A
// command that fails without an `echo $?` behind it fails the test.
func TestStories(t *testing.T) {
	bash(t)
	stories, err := filepath.Glob("examples/*/STORY.md")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no story: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			tellStory(t, path)
		})
	}
}

func tellStory(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	story := commandsOfStory(string(text))
	for i, said := range runStory(t, story) {
		c := story[i]
		if !said.run {
			t.Errorf("the story ended before %q", c.words)
			break
		}
		tells := i+1 < len(story) && story[i+1].words == "echo $?"
		if said.code != "0" && !tells {
			t.Errorf("%s\nexit code %s, which the story does not tell", c.words, said.code)
		}
		if !c.expects(said.text) {
			t.Errorf("%s\n--- the story says\n%s\n--- it says\n%s", c.words, c.want, said.text)
		}
	}
}

// storyCommand is a command of a story and what it should say.
type storyCommand struct {
	words string
	want  string
	quiet bool // nothing is written down about what it says
}

var storyBlock = regexp.MustCompile("(?ms)^```(sh|console)\n(.*?)^```$")

// commandsOfStory are the lines of `sh` blocks, and those behind a $ in
// `console` blocks with what stands below them.
func commandsOfStory(text string) []storyCommand {
	var all []storyCommand
	for _, block := range storyBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[2]) {
			words, command := strings.CutPrefix(line, "$ ")
			switch {
			case block[1] == "sh":
				all = append(all, storyCommand{words: strings.TrimSpace(line), quiet: true})
			case command:
				all = append(all, storyCommand{words: strings.TrimSpace(words)})
			default:
				all[len(all)-1].want += line
			}
		}
	}
	return all
}

// expects reports whether a command has said what stands below it; `...` stands
// for anything, and the width of columns does not count.
func (c storyCommand) expects(said string) bool {
	if c.quiet {
		return true
	}
	pattern := regexp.QuoteMeta(unaligned(c.want))
	pattern = strings.ReplaceAll(pattern, `\.\.\.`, `.*?`)
	return regexp.MustCompile(`(?s)^` + pattern + `$`).MatchString(unaligned(said))
}

var blanks = regexp.MustCompile(` +`)

func unaligned(text string) string { return blanks.ReplaceAllString(strings.TrimSpace(text), " ") }

// saidInStory is what a command of a story said, on both streams.
type saidInStory struct {
	run  bool
	text string
	code string
}

// progressLine is the progress of an apply, which a terminal shows as a bar.
var progressLine = regexp.MustCompile(`(?m)^aliasctl: step \d+ of \d+: .*\n`)

// runStory runs the commands in one shell, which begins in the clone.
func runStory(t *testing.T, story []storyCommand) []saidInStory {
	t.Helper()
	var script strings.Builder
	script.WriteString("exec 2>&1\ncode=0\n")
	for _, c := range story {
		// Between the commands the shell has the exit code of the last one.
		fmt.Fprintf(&script, "printf '\\1'; (exit $code)\n%s\ncode=$?; printf '\\2%%s' $code\n", c.words)
	}
	shell := exec.Command("bash", "--noprofile", "--norc", "-c", script.String())
	shell.Env = append(program.Environment("TMPDIR="+t.TempDir()), program.BuildEnvironment()...)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Errorf("the shell: %v", err)
	}
	said := make([]saidInStory, len(story))
	for i, part := range strings.Split(string(out), "\x01")[1:] {
		text, code, ended := strings.Cut(part, "\x02")
		said[i] = saidInStory{run: ended, text: progressLine.ReplaceAllString(text, ""), code: code}
	}
	return said
}

// A story that says something else is found out.
func TestStoryIsCompared(t *testing.T) {
	story := commandsOfStory("Text.\n```sh\na=1\n```\n```console\n$ echo one; false\none\n$ echo $?\n1\n$ printf 'x  y\\nz\\n'\nx y\n...\n$ echo $a\n2\n```\n")
	var words, ends []string
	for i, said := range runStory(t, story) {
		words = append(words, story[i].words)
		ends = append(ends, fmt.Sprint(said.code, story[i].expects(said.text)))
	}
	if got, want := strings.Join(ends, " "), "0true 1true 0true 0true 0false"; got != want {
		t.Errorf("%q ended as %s, want %s", words, got, want)
	}
}
