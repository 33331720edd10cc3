// Package cli is the command line: flags, environment, streams and signals. Each
// command fills its options once from its flags, makes one call of an operation
// (package sync), and prints what it returned; the error is the exit code.
//
// main calls Main.
package cli

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"

	"aliasctl/internal/cli/decimal"
	"aliasctl/internal/cli/manual"
	"aliasctl/internal/cli/process"
	"aliasctl/internal/milvus"
	"aliasctl/internal/quantity"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/sync"
)

// Main runs one command line (args[0] is the program) and returns the exit
// code. A panic is caught, printed and turned into exit code 70, so that locks
// are released and no secret is dumped.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	s := &streams{in: stdin, out: process.UnlessClosed(stdout), err: process.UnlessClosed(stderr), lookup: os.LookupEnv, owned: stdin == os.Stdin, args: args}
	// A reader that went away (`2>&1 | head`) must not end an apply half-way: see pipe.
	signal.Ignore(syscall.SIGPIPE)
	// net/http logs what a server sends unasked, and that may be part of a
	// state. Its errors come back as errors; nothing of ours logs.
	log.SetOutput(io.Discard)
	defer stores.Clean()
	var failed error
	defer func() {
		if value := recover(); value != nil {
			s.sayStack(debug.Stack())
			failed = &sync.Failure{Code: sync.Panicked, What: fmt.Sprintf("internal error: %v", value),
				Hint: "this is a bug in aliasctl: please report it with the lines above; the same command again is safe"}
			code = s.fail(failed)
		}
		s.standIns(args, code, failed)
		if s.events != nil {
			s.events.summary(code)
		}
		s.setOutputs(code)
	}()
	s.redactor = milvus.NewRedactor(s.variable("MILVUS_TOKEN"))
	if n := len(args) - 1; n > 0 && args[n] == "--generate-bash-completion" {
		complete(newApp(s), s, args[:n])
		return int(sync.OK)
	}
	app := appFor(s, args)
	failed = app.Run(rearranged(app, args))
	return s.fail(failed)
}

// making is how a command is made.
type making struct {
	name string
	make func(*streams) *cli.Command
}

// commands are in the order of the help.
func commands() []making {
	return []making{
		{"sync", syncCommand}, {"rollback", rollbackCommand}, {"history", historyCommand}, {"show", showCommand},
		{"validate", validateCommand}, {"set", setCommand}, {"drift", driftCommand}, {"export", exportCommand},
		{"doctor", doctorCommand}, {"state", stateCommand}, {"lock", lockCommand}, {"schema", schemaCommand},
		{"completion", completionCommand}, {"man", manCommand}, {"dev", devCommand}, {"version", versionCommand},
	}
}

// newApp is the program with every command.
func newApp(s *streams) *cli.App { return appOf(s, commands()) }

// appFor is the program with the command that a command line names, or with
// every command where it names none: to make the flags of all takes a seventh
// of a start.
func appFor(s *streams, args []string) *cli.App {
	all := commands()
	if len(args) > 1 {
		if i := slices.IndexFunc(all, func(m making) bool { return m.name == args[1] }); i >= 0 {
			all = all[i : i+1]
		}
	}
	return appOf(s, all)
}

func appOf(s *streams, commands []making) *cli.App {
	app := &cli.App{
		Name:                      "aliasctl",
		Usage:                     "bind Milvus aliases as a manifest says, retire old collections",
		Version:                   version(),
		Reader:                    s.in,
		Writer:                    s.out,
		ErrWriter:                 s.err,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // Main does it
		OnUsageError:              onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return unknownCommand(c)
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, m := range commands {
		command := m.make(s)
		prepare(command, "aliasctl", s)
		app.Commands = append(app.Commands, command)
	}
	return app
}

// prepare gives a command what urfave/cli leaves out: usage errors that are
// ours, flags from the environment, and a refusal of stray arguments.
func prepare(command *cli.Command, parent string, s *streams) {
	command.HelpName = parent + " " + command.Name
	for _, sub := range command.Subcommands {
		prepare(sub, command.HelpName, s)
	}
	action := command.Action
	if action == nil {
		action = func(c *cli.Context) error {
			_, err := fmt.Fprint(s.out, manual.Help(command))
			return err
		}
	}
	command.OnUsageError = onUsageError
	command.HideHelpCommand = true
	command.CustomHelpTemplate = manual.HelpTemplate
	command.Action = func(c *cli.Context) error {
		switch n := c.Args().Len(); {
		case command.ArgsUsage == "" && n > 0:
			return strayArgument(c)
		case command.ArgsUsage != "" && !strings.HasSuffix(command.ArgsUsage, "...]") && n != len(strings.Fields(command.ArgsUsage)):
			return sync.Usagef(helpHint(c), "%s takes %s, and %s given", command.Name, command.ArgsUsage, quantity.Phrase(n, "word was", "words were"))
		}
		if err := fromEnvironment(c, s); err != nil {
			return err
		}
		return action(c)
	}
}

// rearranged is a command line as urfave/cli can read it. The arguments of a
// command that takes any stand behind its flags: the flag package stops at the
// first argument, and `show plan.json -o json` is how people write it. A flag that
// is there by two of its names (`-f a --file b`) has its first one throughout:
// urfave/cli refuses the mix.
func rearranged(app *cli.App, args []string) []string {
	command, words := commandOf(app, args)
	if command == nil {
		return args
	}
	known := make(map[string]cli.Flag)
	for _, f := range command.Flags {
		for _, name := range f.Names() {
			known[name] = f
		}
	}
	flags, arguments, rest := args[:words:words], []string{}, args[words:]
	// Where a flag stands, by its first name and the name it has there.
	used := make(map[string]map[string][]int)
	for ; len(rest) > 0 && rest[0] != "--"; rest = rest[1:] {
		word := rest[0]
		name, _, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if word == "-" || !strings.HasPrefix(word, "-") {
			if command.ArgsUsage == "" {
				break // it is refused
			}
			arguments = append(arguments, word)
			continue
		}
		f := known[name]
		if f != nil {
			first := f.Names()[0]
			if used[first] == nil {
				used[first] = make(map[string][]int)
			}
			used[first][name] = append(used[first][name], len(flags))
		}
		flags = append(flags, word)
		if doc, ok := f.(cli.DocGenerationFlag); ok && doc.TakesValue() && !joined && len(rest) > 1 {
			flags = append(flags, rest[1])
			rest = rest[1:]
		}
	}
	for first, places := range used {
		if len(places) == 1 {
			continue
		}
		for name, at := range places {
			for _, i := range at {
				flags[i] = strings.Replace(flags[i], name, first, 1)
			}
		}
	}
	if len(rest) > 0 && rest[0] == "--" && command.ArgsUsage != "" {
		rest = rest[1:]
	}
	return append(append(flags, arguments...), rest...)
}

// commandOf is the command that a command line names, and how many words that takes;
// nil where there is none, or no word behind it.
func commandOf(app *cli.App, args []string) (*cli.Command, int) {
	if len(args) < 3 {
		return nil, 0
	}
	command := app.Command(args[1])
	if command == nil || len(command.Subcommands) == 0 {
		return command, 2
	}
	for _, sub := range command.Subcommands {
		if sub.Name == args[2] {
			return sub, 3
		}
	}
	return nil, 0
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	what := strings.ReplaceAll(err.Error(), "for flag -", "for --")
	hint := helpHint(c)
	if _, unknown, ok := strings.Cut(what, "flag provided but not defined: -"); ok {
		unknown = strings.TrimLeft(unknown, "-")
		dashes := "--"
		if len(unknown) == 1 {
			dashes = "-"
		}
		what = fmt.Sprintf("there is no flag %s%s", dashes, unknown)
		if close := closest(unknown, flagNames(c)); close != "" {
			hint = fmt.Sprintf("did you mean --%s? %s", close, hint)
		}
	}
	if rest, ok := strings.CutSuffix(what, ": parse error"); ok {
		if value, name, ok := cutLast(rest, " for --"); ok {
			what = rest
			hint = cmp.Or(valueHint(c.Command, name, strings.TrimPrefix(value, "invalid value ")), hint)
		}
	}
	return &sync.Failure{Code: sync.Usage, What: what, Hint: hint, Err: err}
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// valueHint reports how the value of a flag is written, "" where that is not known.
func valueHint(command *cli.Command, name, value string) string {
	if command == nil {
		return ""
	}
	for _, f := range command.Flags {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		switch f.(type) {
		case *cli.DurationFlag:
			if number := strings.Trim(value, `"`); number != "" && strings.Trim(number, "0123456789") == "" {
				return fmt.Sprintf("a time has a unit: `--%s %ss`", name, number)
			}
			return fmt.Sprintf("write a time with its unit, as `--%s 30s` or 5m", name)
		case decimal.Int, decimal.Uint64:
			return "write a whole number"
		}
	}
	return ""
}

func flagNames(c *cli.Context) []string {
	var names []string
	if c.Command != nil {
		for _, f := range c.Command.Flags {
			names = append(names, f.Names()[0])
		}
	}
	return names
}

// closest is the name that was probably meant, "" for none.
func closest(word string, names []string) string {
	for _, name := range names {
		if len(word) > 1 && strings.HasPrefix(name, word) || smetrics.WagnerFischer(name, word, 1, 1, 1) <= 2 {
			return name
		}
	}
	return ""
}

func helpHint(c *cli.Context) string {
	if c.Command == nil || c.Command.HelpName == "" || c.Command.HelpName == "aliasctl" {
		return "`aliasctl help` lists the commands"
	}
	return fmt.Sprintf("`%s --help` explains it", manual.FullName(c.Command))
}

// strayArgument explains a positional argument. A flag behind one is the
// usual cause: the flag package ends at the first word that is none, and a
// `--dry-run` behind it would silently not count.
func strayArgument(c *cli.Context) error {
	first := c.Args().First()
	if c.Command.Name == "sync" || c.Command.Name == "validate" {
		if !strings.HasPrefix(first, "-") {
			return sync.Usagef(fmt.Sprintf("a manifest is given with `-f %s`; flags behind a stray word are not read", first),
				"%s takes no argument, and %q is one", c.Command.Name, first)
		}
	}
	return sync.Usagef(helpHint(c), "%s takes no argument, and %q is one", c.Command.Name, first)
}

func unknownCommand(c *cli.Context) error {
	name := c.Args().First()
	hint := "`aliasctl help` lists the commands"
	var names []string
	for _, command := range c.App.Commands {
		names = append(names, command.Name)
	}
	if close := closest(name, names); close != "" {
		hint = fmt.Sprintf("did you mean `aliasctl %s`?", close)
	}
	return sync.Usagef(hint, "there is no command %q", name)
}
