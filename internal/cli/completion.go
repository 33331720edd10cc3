package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/report/formats"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The scripts ask the program itself: it knows its flags, and the aliases of
// the manifest and the state.
var completionScripts = map[string]string{
	"bash": `_aliasctl() {
  local word="${COMP_WORDS[COMP_CWORD]}"
  local words=("${COMP_WORDS[@]:0:$COMP_CWORD}")
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$word"))
  if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -F _aliasctl aliasctl
`,
	"zsh": `#compdef aliasctl
_aliasctl() {
  local -a replies
  replies=("${(@f)$("${(@)words[1,CURRENT-1]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n "${replies[1]}" ]]; then compadd -- "${replies[@]}"; else _files; fi
}
compdef _aliasctl aliasctl
`,
	"fish": `function __aliasctl_complete
  set -l words (commandline -opc)
  $words --generate-bash-completion 2>/dev/null
end
complete -c aliasctl -a '(__aliasctl_complete)'
`,
}

func completionCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a completion script for bash, zsh or fish",
		ArgsUsage: "SHELL",
		Description: "Completes commands, flags, formats, and the aliases of manifest and state.\n\n" +
			"Example:   source <(aliasctl completion bash)\n" +
			"           aliasctl completion fish > ~/.config/fish/completions/aliasctl.fish",
		Action: func(c *cli.Context) error {
			script, ok := completionScripts[c.Args().First()]
			if !ok {
				return sync.Usagef("the shells are bash, zsh, fish", "no completion for %q", c.Args().First())
			}
			_, err := fmt.Fprint(s.out, script)
			return err
		},
	}
}

// complete prints what may follow the words of an unfinished command line, one
// a line. words ends before the word that is being typed.
func complete(app *cli.App, s *streams, words []string) {
	if len(words) < 2 {
		for _, command := range app.VisibleCommands() {
			fmt.Fprintln(s.out, command.Name)
		}
		return
	}
	command := app.Command(words[1])
	if command == nil {
		return
	}
	rest := words[2:]
	for len(rest) > 0 && len(command.Subcommands) > 0 {
		i := slices.IndexFunc(command.Subcommands, func(sub *cli.Command) bool { return sub.Name == rest[0] })
		if i < 0 {
			break
		}
		command, rest = command.Subcommands[i], rest[1:]
	}
	for _, sub := range command.Subcommands {
		fmt.Fprintln(s.out, sub.Name)
	}
	last := ""
	if len(rest) > 0 {
		last = strings.TrimLeft(rest[len(rest)-1], "-")
	}
	if values, ok := completeValue(command, last, rest, s); ok {
		for _, v := range values {
			if s.safe(v) == v { // a name that a shell or a terminal would act upon is none to offer
				fmt.Fprintln(s.out, v)
			}
		}
		return
	}
	if command.ArgsUsage == "SHELL" {
		for _, shell := range []string{"bash", "fish", "zsh"} {
			fmt.Fprintln(s.out, shell)
		}
	}
	for _, f := range command.Flags {
		fmt.Fprintln(s.out, "--"+f.Names()[0])
	}
}

// completeValue lists values for a flag that waits for one. ok is false when
// no flag does.
func completeValue(command *cli.Command, flag string, words []string, s *streams) (values []string, ok bool) {
	i := slices.IndexFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flag) })
	if flag == "" || i < 0 {
		return nil, false
	}
	if doc, isDoc := command.Flags[i].(cli.DocGenerationFlag); !isDoc || !doc.TakesValue() {
		return nil, false
	}
	switch command.Flags[i].Names()[0] {
	case "output":
		if some, ok := command.Flags[i].(someFlag); ok {
			return some.values, true
		}
		for _, f := range formats.All() {
			values = append(values, string(f))
		}
	case "switch":
		values = []string{string(planner.ByAlter), string(planner.ByRecreate)}
	case "log-format":
		values = []string{"text", "json"}
	case "skip-check":
		for _, name := range manifest.CheckNames() {
			values = append(values, string(name))
		}
	case "only", "overwrite-drift", "take-over", "forward":
		values = knownNames(words, s, true)
	case "retire-again", "retire-newer":
		values = knownNames(words, s, false)
	}
	return values, true // nothing to offer: the shell completes files
}

// knownNames are the aliases of manifest and state, or the collections under
// retire. What cannot be read is left out: completion never fails.
func knownNames(words []string, s *streams, aliases bool) []string {
	var files []string
	location := ""
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "-f", "--file":
			files = append(files, words[i+1])
		case "--state":
			location = words[i+1]
		}
	}
	if len(files) == 0 {
		files = []string{manifest.DefaultPath}
	}
	m, err := manifest.Load(files, manifest.Options{LookupEnv: s.lookup})
	if err != nil {
		m = &manifest.Manifest{}
	}
	if location == "" {
		location, _ = statefile.DefaultPath(files) // best effort
	}
	var state planner.State
	if file, err := stores.Open(location); err == nil && !stores.IsRemote(location) {
		state, _ = file.Read(context.Background())
	}
	keys := planner.RetireeKeys(m)
	if aliases {
		keys = planner.AliasKeys(m, state)
	}
	names := []string{"all"}
	for _, k := range keys {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
