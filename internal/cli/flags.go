package cli

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
	"aliasctl/internal/state/stores"
	"aliasctl/planner"
)

const (
	categoryManifest   = "Manifest and state"
	categoryConnection = "Connection"
	categoryPlan       = "What the plan may do"
	categoryLimits     = "Lifting a refusal"
	categoryOutput     = "Output"
)

// manifestFlags say what is wanted.
func manifestFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "file", Aliases: []string{"f"}, Category: categoryManifest,
			Usage: "manifest `FILE`, directory, or - for standard input; repeatable (default: aliases.yaml)"},
		&cli.StringSliceFlag{Name: "var", Category: categoryManifest,
			Usage: "set a variable of the manifests, `NAME=VALUE`; repeatable [$ALIASCTL_VAR_NAME]"},
		followLinksFlag(),
	}
}

// stateFlags say where the state is.
func stateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "state", Category: categoryManifest,
			Usage: "state file `PATH`, or s3://BUCKET/KEY?endpoint=HOST&region=REGION, gs://BUCKET/KEY, azblob://ACCOUNT/CONTAINER/KEY, git::https://HOST/REPO.git//PATH?ref=BRANCH, https://HOST/PATH or gitlab:NAME for a state that machines share (default: beside the manifest, NAME.state.json for NAME.yaml, NAME.aliasctl-state.json for another; in a directory, aliasctl-state.json)" + variablesOf("state")},
		numberFlag{&cli.IntFlag{Name: "state-history", Category: categoryManifest,
			Usage: "keep the last `N` replaced states of an s3://, gs:// or azblob:// state as objects beside it (default: none; the versioning of the bucket)" + variablesOf("state-history")}},
		&cli.DurationFlag{Name: "lock-timeout", Category: categoryManifest,
			Usage: "wait this long for another run that holds the state (default: 0s, refuse at once)" + variablesOf("lock-timeout")},
		maxStateBytesFlag(),
		followLinksFlag(),
	}
}

// connectionFlags say which cluster, and how to talk to it. The token is never
// the value of a flag: command lines are seen by everybody on the machine.
func connectionFlags() []cli.Flag {
	category := categoryConnection
	return []cli.Flag{
		&cli.StringFlag{Name: "uri", Category: category,
			Usage: "address of Milvus or Zilliz Cloud, or embedded:SEED for a cluster in the process" + variablesOf("uri")},
		&cli.StringFlag{Name: "token-file", Category: category,
			Usage: "read the token (API key or user:password) from `FILE` instead of $MILVUS_TOKEN" + variablesOf("token-file")},
		&cli.StringFlag{Name: "ca-file", Category: category, Usage: "trust the certificates in `FILE` (PEM) too" + variablesOf("ca-file")},
		&cli.StringFlag{Name: "cert-file", Category: category, Usage: "client certificate `FILE` (PEM)" + variablesOf("cert-file")},
		&cli.StringFlag{Name: "key-file", Category: category, Usage: "key `FILE` of the client certificate (PEM)" + variablesOf("key-file")},
		&cli.BoolFlag{Name: "insecure-skip-verify", Category: category, Usage: "do not check the certificate of the server"},
		&cli.DurationFlag{Name: "timeout", Category: category, Value: milvus.DefaultTimeout,
			Usage: "time for one call; the server's own limit is 30s" + variablesOf("timeout")},
		numberFlag{&cli.IntFlag{Name: "request-timeout", Category: category,
			Usage: "send header Request-Timeout with this many seconds (30 or more). On Milvus 2.4 the value of one client stays in force for everybody" + variablesOf("request-timeout")}},
		numberFlag{&cli.IntFlag{Name: "retries", Category: category, Value: milvus.DefaultRetries,
			Usage: "try a failed call again this often, with at most 10s of waiting in all" + variablesOf("retries")}},
		numberFlag{&cli.IntFlag{Name: "parallel", Category: category,
			Usage: "this many calls side by side, in a group too (default: 8 for reads; an apply finds out what the server takes)" + variablesOf("parallel")}},
		numberFlag{&cli.IntFlag{Name: "max-names", Category: categoryLimits,
			Usage: "read lists of the server with up to `N` names (default: 1000000, or 20 for each managed alias)"}},
		&cli.StringFlag{Name: "collection-api", Category: category, Value: string(milvus.CollectionAuto),
			Usage: "route that drops collections: auto (v2, and v1 where the server has no v2), v1 or v2" + variablesOf("collection-api")},
	}
}

func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: categoryOutput, Value: "text",
			Usage: "print it as `FORMAT`: text, diff, json, markdown or html" + variablesOf("output")},
		&cli.StringSliceFlag{Name: "output-file", Category: categoryOutput,
			Usage: "also write it to a file, `FORMAT=PATH`; repeatable"},
		&cli.StringFlag{Name: "log-format", Category: categoryOutput, Value: "text",
			Usage: "the conversation on standard error as `FORMAT`: text, or json with one event a line" + variablesOf("log-format")},
		&cli.BoolFlag{Name: "no-color", Category: categoryOutput, Usage: "no colour, also on a terminal" + variablesOf("no-color") + " [$NO_COLOR]"},
	}
}

// ownFlag is a flag that no variable sets, though others of its name have one.
type ownFlag struct{ *cli.StringFlag }

// formatFlag is --output of a command that has formats of its own: a format of
// reports in ALIASCTL_OUTPUT is not meant for it.
func formatFlag(names ...string) cli.Flag {
	return ownFlag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: categoryOutput, Value: names[0],
		Usage: "print it as `FORMAT`: " + strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]}}
}

// applyFlags are about carrying a plan out.
func applyFlags() []cli.Flag {
	category := categoryPlan
	return []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Category: category, Usage: "show the plan and change nothing (the default)"},
		&cli.BoolFlag{Name: "apply", Category: category, Usage: "carry the plan out"},
		&cli.BoolFlag{Name: "yes", Category: category, Usage: "do not ask before an apply"},
		&cli.BoolFlag{Name: "detailed-exitcode", Category: category, Usage: "dry run: exit with 2 when changes are pending"},
		&cli.StringFlag{Name: "switch", Category: category, Value: string(planner.ByAlter),
			Usage: "how an alias moves: alter (no gap) or recreate (drop and create, with a gap)"},
		&cli.DurationFlag{Name: "settle", Category: category, Value: executor.DefaultSettle,
			Usage: "after a lost answer, how long the change may take to show; counts for each write that was sent" + variablesOf("settle")},
		&cli.DurationFlag{Name: "patience", Category: category, Value: executor.DefaultPatience,
			Usage: "how long an apply waits for a server that went away; then it ends, and the rest is not reached" + variablesOf("patience")},
		numberFlag{&cli.IntFlag{Name: "history", Category: category, Value: executor.DefaultHistoryLimit, Usage: "remember the last `N` applies in the state, for history and rollback"}},
		verifyURIFlag(category),
	}
}

// verifyURIFlag names the proxies that sync, rollback and doctor ask.
func verifyURIFlag(category string) cli.Flag {
	return &cli.StringSliceFlag{Name: "verify-uri", Category: category,
		Usage: "ask the proxy at this `URI` too: always once before anything is changed, and after a switch with `verify`; repeatable. A load balancer hides its proxies: name each one"}
}

// planFlags change what sync plans.
func planFlags() []cli.Flag {
	category := categoryPlan
	return []cli.Flag{
		&cli.BoolFlag{Name: "offline", Category: category, Usage: "dry run against the state alone; the cluster is not read"},
		&cli.StringSliceFlag{Name: "only", Category: category, Usage: "plan `ALIAS` (or DATABASE/ALIAS) alone and no retirement; repeatable"},
		&cli.BoolFlag{Name: "allow-missing-targets", Category: category, Usage: "dry run: plan bindings to collections that are not built yet"},
		&cli.StringFlag{Name: "plan-out", Category: category, Usage: "dry run: save the plan in `FILE`, for review and for --plan"},
		&cli.StringFlag{Name: "plan", Category: category, Usage: "apply the saved plan in `FILE`; refused (exit 4) when anything that it touches has changed"},
		&cli.StringFlag{Name: "expect-digest", Category: category, Usage: "refuse (exit 4) a plan with another digest than this `SHA`; -o json prints it"},
		&cli.DurationFlag{Name: "drain", Category: category, Value: 30 * time.Second,
			Usage: "least wait between the last alias leaving a collection in this run and its drop: proxies may still send readers there"},
	}
}

// limitFlags lift a refusal. None of them has an environment variable. With
// names it gives those alone.
func limitFlags(names ...string) []cli.Flag {
	category := categoryLimits
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "overwrite-drift", Category: category, Usage: "switch or drop `ALIAS` although someone else moved it; or all; repeatable"},
		&cli.StringSliceFlag{Name: "take-over", Category: category, Usage: "switch `ALIAS` although it was never ours; or all; repeatable"},
		&cli.StringSliceFlag{Name: "retire-newer", Category: category, Usage: "drop the collection `NAME` although it is newer than what stays bound, and no alias is known to have left it; or all; repeatable"},
		&cli.StringSliceFlag{Name: "retire-again", Category: category, Usage: "drop the collection `NAME` that came back after it was retired; or all; repeatable"},
		&cli.StringSliceFlag{Name: "forward", Category: category, Usage: "switch `ALIAS` again to the collection that it was rolled back from; or all; repeatable"},
		&cli.StringFlag{Name: "max-alias-drops", Category: category,
			Usage: "refuse to drop more managed aliases than `N` or N% (default: 30%, from 10 managed up)"},
		numberFlag{&cli.IntFlag{Name: "max-collection-drops", Category: category, Value: planner.DefaultLimits().CollectionDrops,
			Usage: "refuse to drop more collections than `N`"}},
		&cli.StringSliceFlag{Name: "allow-empty", Category: category, Usage: "let `DATABASE` lose every managed alias; repeatable"},
		&cli.BoolFlag{Name: "accept-manifests", Category: category, Usage: "let other manifests than those of the last apply drop managed aliases"},
		&cli.StringSliceFlag{Name: "skip-check", Category: category, Usage: "let the preflight check `NAME` not count; the plan shows that it was skipped; repeatable"},
		&cli.BoolFlag{Name: "accept-cluster", Category: category, Usage: "use the state, or a --verify-uri, although it is of another cluster"},
	}
	if len(names) == 0 {
		return flags
	}
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return !slices.Contains(names, f.Names()[0]) })
}

// manifestsOf is the manifests to read.
func manifestsOf(c *cli.Context) []string {
	if files := c.StringSlice("file"); len(files) > 0 {
		return files
	}
	return []string{"aliases.yaml"}
}

// varsOf reads `--var NAME=VALUE`.
func varsOf(c *cli.Context) (map[string]string, error) {
	vars := make(map[string]string)
	for _, v := range c.StringSlice("var") {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, usagef("write `--var rev=v43`", "--var %q is not NAME=VALUE", v)
		}
		if _, twice := vars[name]; twice {
			return nil, usagef("", "--var %s is given twice", name)
		}
		vars[name] = value
	}
	return vars, nil
}

// limitsOf reads the limits of a plan.
func limitsOf(c *cli.Context) (planner.Limits, error) { return limitsFrom(choicesOf(c)) }

// limitsFrom are the limits that choices leave.
func limitsFrom(choices []planner.Choice) (planner.Limits, error) {
	limits := planner.DefaultLimits()
	limits.AllowEmpty = make(map[string]bool)
	for _, choice := range choices {
		for _, value := range choice.Values {
			var err error
			switch choice.Flag {
			case "max-alias-drops":
				if limits.AliasDrops, err = planner.ParseAliasDropLimit(value); err != nil {
					return limits, usagef("write `--max-alias-drops 5` or `--max-alias-drops 30%`", "--max-alias-drops: %v", err)
				}
			case "max-collection-drops":
				if limits.CollectionDrops, err = strconv.Atoi(value); err != nil || limits.CollectionDrops < 0 {
					return limits, usagef("", "--max-collection-drops: %s is negative or no number", value)
				}
			case "accept-manifests":
				limits.AcceptManifests = true
			case "allow-empty":
				limits.AllowEmpty[value] = true
			}
		}
	}
	return limits, nil
}

// statePathOf is where the state is kept. "" means that there is no such
// place, which only a dry run may live with.
func statePathOf(c *cli.Context, manifests []string) (string, error) {
	if path := c.String("state"); path != "" {
		return path, nil
	}
	path, err := statefile.DefaultPath(manifests)
	if disputed := (*statefile.DisputedError)(nil); errors.As(err, &disputed) {
		return "", &refusedError{what: err.Error(), hint: disputed.Hint()}
	}
	if path == "" && c.Bool("apply") {
		return "", usagef("add `--state PATH`", "an apply of several manifests, of standard input or of a pipe has no place for its state")
	}
	return path, err
}

// planChoice is a flag that changes what is planned, "" when none is given.
func planChoice(c *cli.Context) string {
	for _, name := range []string{"only", "switch", "overwrite-drift", "take-over", "retire-again", "retire-newer", "forward", "skip-check", "var"} {
		if c.IsSet(name) {
			return name
		}
	}
	return ""
}

// openState opens the state at a location.
func (s *streams) openState(c *cli.Context, location string) (statefile.Location, error) {
	if err := s.checkLinks(c, "the state", location); err != nil {
		return nil, err
	}
	n := c.Int("state-history")
	if n < 0 {
		return nil, usagef("", "--state-history %d is negative", n)
	}
	most, err := s.stateBound(c)
	if err != nil {
		return nil, err
	}
	return stores.OpenWith(location, statefile.Options{History: n, MaxBytes: most})
}

// usageConflict refuses flags that contradict each other.
func usageConflict(c *cli.Context) error {
	apply := c.Bool("apply")
	for _, f := range []struct {
		name string
		why  string
	}{
		{"dry-run", "one shows the plan, the other carries it out"},
		{"detailed-exitcode", "the exit code of an apply has its own meanings"},
		{"offline", "an apply has to read the cluster"},
		{"allow-missing-targets", "an alias cannot be bound to a collection that does not exist"},
	} {
		if apply && c.Bool(f.name) {
			return usagef(f.why, "--apply and --%s exclude each other", f.name)
		}
	}
	switch {
	case c.String("plan") != "" && !apply:
		return usagef("`aliasctl show PLAN` shows it", "--plan is for --apply")
	case c.String("plan-out") != "" && apply:
		return usagef("save it in a dry run, review it, and give it to --apply with --plan", "--apply and --plan-out exclude each other")
	case c.String("plan") != "" && planChoice(c) != "":
		return usagef("the plan was made with its own choices: make a new one with others", "--plan and --%s exclude each other", planChoice(c))
	case c.Bool("offline") && len(c.StringSlice("verify-uri")) > 0:
		return usagef("an offline run asks no server", "--offline and --verify-uri exclude each other")
	}
	if c.Duration("drain") < 0 {
		return usagef("", "--drain %v is negative", c.Duration("drain"))
	}
	if s := planner.SwitchMode(c.String("switch")); s != planner.ByAlter && s != planner.ByRecreate {
		return usagef("alter has no gap; recreate drops and creates", "--switch %q is neither alter nor recreate", s)
	}
	if n := c.Int("parallel"); c.IsSet("parallel") && (n < 1 || n > 256) {
		return usagef("", "--parallel %d is not between 1 and 256", n)
	}
	if n := c.Int("history"); n < 1 {
		return usagef("", "--history %d is less than 1", n)
	}
	if n := c.Int("retries"); n < 0 {
		return usagef("", "--retries %d is negative", n)
	}
	for _, name := range []string{"timeout", "settle"} {
		if d := c.Duration(name); d <= 0 {
			return usagef("", "--%s %v is not a positive time", name, d)
		}
	}
	for _, name := range []string{"lock-timeout", "patience"} {
		if d := c.Duration(name); d < 0 {
			return usagef("", "--%s %v is negative", name, d)
		}
	}
	return nil
}

// flagList joins groups of flags. What two of them have is there once.
func flagList(groups ...[]cli.Flag) []cli.Flag {
	var flags []cli.Flag
	for _, g := range groups {
		for _, f := range g {
			if !slices.ContainsFunc(flags, func(known cli.Flag) bool { return known.Names()[0] == f.Names()[0] }) {
				flags = append(flags, f)
			}
		}
	}
	return flags
}
