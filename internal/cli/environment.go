package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/report/formats"
	"aliasctl/internal/sync"
)

// variables maps each connection and format flag to its environment
// variables, the first one that is set wins. What lets a run write or lifts a
// refusal is never in it: a variable left over in a shell or a CI system must
// not be able to apply anything.
var variables = []struct {
	flag  string
	names []string
}{
	{"uri", []string{"ALIASCTL_URI", "MILVUS_URI"}},
	{"token-file", []string{"ALIASCTL_TOKEN_FILE"}},
	{"ca-file", []string{"ALIASCTL_CA_FILE"}},
	{"cert-file", []string{"ALIASCTL_CERT_FILE"}},
	{"key-file", []string{"ALIASCTL_KEY_FILE"}},
	{"timeout", []string{"ALIASCTL_TIMEOUT"}},
	{"request-timeout", []string{"ALIASCTL_REQUEST_TIMEOUT"}},
	{"retries", []string{"ALIASCTL_RETRIES"}},
	{"patience", []string{"ALIASCTL_PATIENCE"}},
	{"parallel", []string{"ALIASCTL_PARALLEL"}},
	{"collection-api", []string{"ALIASCTL_COLLECTION_API"}},
	{"settle", []string{"ALIASCTL_SETTLE"}},
	{"lock-timeout", []string{"ALIASCTL_LOCK_TIMEOUT"}},
	{"state", []string{"ALIASCTL_STATE"}},
	{"state-history", []string{"ALIASCTL_STATE_HISTORY"}},
	{"output", []string{"ALIASCTL_OUTPUT"}},
	{"log-format", []string{"ALIASCTL_LOG_FORMAT"}},
	{"no-color", []string{"ALIASCTL_NO_COLOR"}},
}

// variablesOf lists the variables of a flag, "" when it has none.
func variablesOf(flag string) string {
	for _, v := range variables {
		if v.flag == flag {
			return " [$" + strings.Join(v.names, ", $") + "]"
		}
	}
	return ""
}

// fromEnvironment sets the flags that the command has and the command line
// does not give. urfave/cli would let a variable that is set to "" override
// the default, so it is done here.
func fromEnvironment(c *cli.Context, s *streams) error {
	for _, v := range variables {
		if !hasFlag(c.Command, v.flag) || c.IsSet(v.flag) {
			continue
		}
		for _, name := range v.names {
			value := s.variable(name)
			if value == "" {
				continue
			}
			if v.flag == "output" && otherFormat(c.Command, value) {
				break
			}
			if err := c.Set(v.flag, value); err != nil {
				return sync.Usagef(valueHint(c.Command, v.flag, value), "%s is %q, which --%s does not take", name, value, v.flag)
			}
			break
		}
	}
	return nil
}

// otherFormat reports that a value is a format of other commands, and not of this one:
// whoever sets it for all of them means those that have it.
func otherFormat(c *cli.Command, value string) bool {
	if _, err := formats.Parse(value); err != nil {
		return false
	}
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool {
		some, ok := f.(someFlag)
		return ok && !slices.Contains(some.values, value)
	})
}

// hasFlag reports whether a command has a flag that a variable may set.
func hasFlag(c *cli.Command, name string) bool {
	for _, f := range c.Flags {
		if some, ok := f.(someFlag); ok && some.own {
			continue
		}
		for _, n := range f.Names() {
			if n == name {
				return true
			}
		}
	}
	return false
}
