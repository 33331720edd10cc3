// Package cli is the command line: flags, environment, streams, signals and
// exit codes around the rooms that do the work. It is the only place that
// knows them all, and the only one that decides what happens next.
//
// main calls Main.
package cli

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// Main runs one command line (args[0] is the program) and returns the exit
// code. A panic is caught, told and turned into exit code 70, so that locks
// are released and no secret is dumped.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	s := &streams{in: stdin, out: stdout, err: stderr, lookup: os.LookupEnv}
	defer func() {
		if value := recover(); value != nil {
			p := &panicError{value: value, stack: debug.Stack()}
			s.say("%s", p.stack)
			s.fail(p)
			code = exitCode(p)
		}
	}()
	err := newApp(s).Run(args)
	s.fail(err)
	return exitCode(err)
}

func newApp(s *streams) *cli.App {
	app := &cli.App{
		Name:                      "aliasctl",
		Usage:                     "bind Milvus aliases to collections as a manifest says, and retire old collections",
		Version:                   version(),
		Reader:                    s.in,
		Writer:                    s.out,
		ErrWriter:                 s.err,
		Commands:                  []*cli.Command{syncCommand(s), rollbackCommand(s), historyCommand(s), validateCommand(s), devCommand(s), versionCommand(s)},
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
	for _, command := range app.Commands {
		prepare(command, s)
	}
	return app
}

// prepare gives a command what urfave/cli leaves out: usage errors that are
// ours, flags from the environment, and a refusal of stray arguments.
func prepare(command *cli.Command, s *streams) {
	action := command.Action
	command.OnUsageError = onUsageError
	command.HideHelpCommand = true
	command.CustomHelpTemplate = strings.ReplaceAll(helpOf(command), "{{", "{{`{{`}}")
	command.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return strayArgument(c)
		}
		if err := fromEnvironment(c, s); err != nil {
			return err
		}
		return action(c)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return &usageError{what: err.Error(), hint: helpHint(c), err: err}
}

func helpHint(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == "" || c.Command.Name == "aliasctl" {
		return "`aliasctl help` lists the commands"
	}
	return fmt.Sprintf("`aliasctl %s --help` lists the flags", c.Command.Name)
}

// strayArgument explains a positional argument. A flag behind one is the
// usual cause: the flag package ends at the first word that is none, and a
// `--dry-run` behind it would silently not count.
func strayArgument(c *cli.Context) error {
	first := c.Args().First()
	if c.Command.Name == "sync" || c.Command.Name == "validate" {
		if !strings.HasPrefix(first, "-") {
			return usagef(fmt.Sprintf("a manifest is given with `-f %s`; flags behind a stray word are not read", first),
				"%s takes no argument, and %q is one", c.Command.Name, first)
		}
	}
	return usagef(helpHint(c), "%s takes no argument, and %q is one", c.Command.Name, first)
}

func unknownCommand(c *cli.Context) error {
	name := c.Args().First()
	hint := "`aliasctl help` lists the commands"
	for _, command := range c.App.Commands {
		if strings.HasPrefix(command.Name, name) || smetrics.WagnerFischer(command.Name, name, 1, 1, 1) <= 2 {
			hint = fmt.Sprintf("did you mean `aliasctl %s`?", command.Name)
		}
	}
	return usagef(hint, "there is no command %q", name)
}
