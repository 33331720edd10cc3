package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"aliasctl/internal/report/formats"
	"aliasctl/internal/sync"
)

// options are what the flags of one command line say. Each command has its own: its
// flags store their values here when they are parsed, and read adds what takes more
// than storing. Nothing else reads a flag.
type options struct {
	sync.Options

	vars           []string
	requestTimeout int
	maxStateBytes  string

	apply, dryRun, yes, detailedExit bool
	profileDir                       string

	output, logFormat string
	outputFiles       []string
	outputChosen      bool // by a flag or a variable
	marker            string
	noColor           bool

	unmanaged             bool        // of drift
	history               bool        // of state show
	force                 bool        // of state push
	retire                []string    // of set
	explain               []string    // of validate
	database              string      // of doctor
	export                sync.Wanted // of export
	listen, seed, profile string      // of dev
}

// newOptions are the options of a command before its command line is read.
func newOptions() *options {
	return &options{Options: sync.Default(), output: string(formats.Text), logFormat: "text"}
}

// action reads the options and runs a command.
func (o *options) action(s *streams, do func(c *cli.Context) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := o.read(c); err != nil {
			return err
		}
		s.noColor = o.noColor
		return do(c)
	}
}

// read completes the options from a command line that was parsed.
func (o *options) read(c *cli.Context) error {
	o.outputChosen = c.IsSet("output")
	for _, name := range sync.ChoiceNames() {
		if c.IsSet(name) {
			o.Choices.Given = append(o.Choices.Given, name)
		}
	}
	if o.Cluster.Parallel == 0 && c.IsSet("parallel") {
		return sync.Usagef("", "--parallel 0 is not between 1 and 256")
	}
	o.Cluster.RequestTimeout = time.Duration(o.requestTimeout) * time.Second
	if f := o.logFormat; f != "text" && f != "json" {
		return sync.Usagef("the formats are text, json", "--log-format: no format %q", f)
	}
	if text := o.maxStateBytes; text != "" {
		n, err := humanize.ParseBytes(text)
		if err != nil || n == 0 || n > 1<<40 {
			return sync.Usagef("write a size as 512MiB or 2GiB", "--max-state-bytes: %q is no size between 1 byte and 1 TiB", text)
		}
		o.State.MaxBytes = int64(n)
	}
	for _, v := range o.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return sync.Usagef("write `--var rev=v43`", "--var %q is not NAME=VALUE", v)
		}
		if _, twice := o.Vars[name]; twice {
			return sync.Usagef("", "--var %s is given twice", name)
		}
		if o.Vars == nil {
			o.Vars = make(map[string]string)
		}
		o.Vars[name] = value
	}
	if !o.apply {
		return nil
	}
	switch {
	case o.dryRun:
		return sync.Usagef("one shows the plan, the other carries it out", "--apply and --dry-run exclude each other")
	case o.detailedExit:
		return sync.Usagef("the exit code of an apply has its own meanings", "--apply and --detailed-exitcode exclude each other")
	}
	return nil
}

// textOrJSON refuses another format of the answer.
func (o *options) textOrJSON() error { return o.oneOf("text", "json") }

// oneOf refuses a format of the answer that is none of these.
func (o *options) oneOf(formats ...string) error {
	if !slices.Contains(formats, o.output) {
		return sync.Usagef("the formats are "+strings.Join(formats, ", "), "--output: no format %q", o.output)
	}
	return nil
}

// store has a flag with several values put them into a list.
func store(into *[]string) func(*cli.Context, []string) error {
	return func(_ *cli.Context, values []string) error {
		*into = values
		return nil
	}
}
