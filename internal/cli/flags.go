package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/decimal"
)

const (
	categoryManifest   = "Manifest and state"
	categoryConnection = "Connection"
	categoryPlan       = "What the plan may do"
	categoryLimits     = "Lifting a refusal"
	categoryOutput     = "Output"
)

// spell writes a choice that a plan names as the flag, or the command, that makes it.
func spell(kind, target string) string {
	switch kind {
	case "history":
		return "aliasctl history"
	case "file":
		return "-f"
	}
	return strings.TrimSpace("--" + kind + " " + target)
}

// manifestFlags say what is wanted.
func manifestFlags(o *options) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "file", Action: store(&o.Manifests), Aliases: []string{"f"}, Category: categoryManifest,
			Usage: "manifest `FILE`, directory, or - for standard input; repeatable (default: aliases.yaml)"},
		&cli.StringSliceFlag{Name: "var", Action: store(&o.vars), Category: categoryManifest,
			Usage: "set a variable of the manifests, `NAME=VALUE`; repeatable [$ALIASCTL_VAR_NAME]"},
		followLinksFlag(o),
	}
}

// stateFlags say where the state is.
func stateFlags(o *options) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "state", Destination: &o.State.Location, Category: categoryManifest,
			Usage: "state file `PATH`, or s3://BUCKET/KEY?endpoint=HOST&region=REGION, gs://BUCKET/KEY, azblob://ACCOUNT/CONTAINER/KEY, git::https://HOST/REPO.git//PATH?ref=BRANCH, https://HOST/PATH or gitlab:NAME for a state that machines share (default: beside the manifest, NAME.state.json for NAME.yaml, NAME.aliasctl-state.json for another; in a directory, aliasctl-state.json)" + variablesOf("state")},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "state-history", Destination: &o.State.History, Category: categoryManifest,
			Usage: "keep the last `N` replaced states of an s3://, gs:// or azblob:// state as objects beside it (default: none; the versioning of the bucket)" + variablesOf("state-history")}},
		lockTimeoutFlag(o),
		maxStateBytesFlag(o),
		followLinksFlag(o),
	}
}

func lockTimeoutFlag(o *options) cli.Flag {
	return &cli.DurationFlag{Name: "lock-timeout", Destination: &o.State.LockTimeout, Category: categoryManifest,
		Usage: "wait this long for another run that holds the state (default: 0s, refuse at once)" + variablesOf("lock-timeout")}
}

// connectionFlags say which cluster, and how to talk to it. The token is never
// the value of a flag: command lines are seen by everybody on the machine.
func connectionFlags(o *options) []cli.Flag {
	category := categoryConnection
	return []cli.Flag{
		&cli.StringFlag{Name: "uri", Destination: &o.Cluster.URI, Category: category,
			Usage: "address of Milvus or Zilliz Cloud, or embedded:SEED for a cluster in the process" + variablesOf("uri")},
		&cli.StringFlag{Name: "token-file", Destination: &o.Cluster.TokenFile, Category: category,
			Usage: "read the token (API key or user:password) from `FILE` instead of $MILVUS_TOKEN" + variablesOf("token-file")},
		&cli.StringFlag{Name: "ca-file", Destination: &o.Cluster.CAFile, Category: category, Usage: "trust the certificates in `FILE` (PEM) too" + variablesOf("ca-file")},
		&cli.StringFlag{Name: "cert-file", Destination: &o.Cluster.CertFile, Category: category, Usage: "client certificate `FILE` (PEM)" + variablesOf("cert-file")},
		&cli.StringFlag{Name: "key-file", Destination: &o.Cluster.KeyFile, Category: category, Usage: "key `FILE` of the client certificate (PEM)" + variablesOf("key-file")},
		&cli.BoolFlag{Name: "insecure-skip-verify", Destination: &o.Cluster.InsecureSkipVerify, Category: category, Usage: "do not check the certificate of the server"},
		&cli.DurationFlag{Name: "timeout", Destination: &o.Cluster.Timeout, Category: category, Value: o.Cluster.Timeout,
			Usage: "time for one call; the server's own limit is 30s" + variablesOf("timeout")},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "request-timeout", Destination: &o.requestTimeout, Category: category,
			Usage: "send header Request-Timeout with this many seconds (30 or more). On Milvus 2.4 the value of one client stays in force for everybody" + variablesOf("request-timeout")}},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "retries", Destination: &o.Cluster.Retries, Category: category, Value: o.Cluster.Retries,
			Usage: "try a failed call again this often, with at most 10s of waiting in all" + variablesOf("retries")}},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "parallel", Destination: &o.Cluster.Parallel, Category: category,
			Usage: "this many calls side by side, in a group too (default: up to 64, as many as the server takes)" + variablesOf("parallel")}},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "max-names", Destination: &o.Cluster.MaxNames, Category: categoryLimits,
			Usage: "read lists of the server with up to `N` names (default: 1000000, or 20 for each managed alias)"}},
		&cli.StringFlag{Name: "collection-api", Destination: (*string)(&o.Cluster.CollectionAPI), Category: category, Value: string(o.Cluster.CollectionAPI),
			Usage: "route that drops collections: auto (v2, and v1 where the server has no v2), v1 or v2" + variablesOf("collection-api")},
	}
}

func outputFlags(o *options) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Destination: &o.output, Aliases: []string{"o"}, Category: categoryOutput, Value: o.output,
			Usage: "print it as `FORMAT`: text, diff, json, markdown, html, gitlab-terraform, slack or dotenv" + variablesOf("output")},
		&cli.StringSliceFlag{Name: "output-file", Action: store(&o.outputFiles), Category: categoryOutput,
			Usage: "also write it to a file, `FORMAT=PATH`; repeatable"},
		&cli.StringFlag{Name: "log-format", Destination: &o.logFormat, Category: categoryOutput, Value: o.logFormat,
			Usage: "the conversation on standard error as `FORMAT`: text, or json with one event a line" + variablesOf("log-format")},
		&cli.StringFlag{Name: "marker", Destination: &o.marker, Category: categoryOutput,
			Usage: "mark a Markdown report with `TEXT`, for a comment of its own (default: the cluster label, manifests and state)"},
		&cli.BoolFlag{Name: "no-color", Destination: &o.noColor, Category: categoryOutput, Usage: "no colour, also on a terminal" + variablesOf("no-color") + " [$NO_COLOR]"},
	}
}

// someFlag is a flag that takes these values alone, though others of its name take more.
type someFlag struct {
	values []string
	// own reports that no variable sets it; else its variable does where it has one of
	// the values, and what others take is not meant for it.
	own bool
	*cli.StringFlag
}

// formatFlag is --output of a command that has formats of its own: a format of
// reports in ALIASCTL_OUTPUT is not meant for it.
func formatFlag(o *options, names ...string) cli.Flag {
	return someFlag{names, true, &cli.StringFlag{Name: "output", Destination: &o.output, Aliases: []string{"o"}, Category: categoryOutput, Value: names[0],
		Usage: "print it as `FORMAT`: " + strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]}}
}

// applyFlags are about carrying a plan out.
func applyFlags(o *options) []cli.Flag {
	category := categoryPlan
	return []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRun, Category: category, Usage: "show the plan and change nothing (the default)"},
		&cli.BoolFlag{Name: "apply", Destination: &o.apply, Category: category, Usage: "carry the plan out"},
		&cli.BoolFlag{Name: "yes", Destination: &o.yes, Category: category, Usage: "do not ask before an apply"},
		&cli.BoolFlag{Name: "detailed-exitcode", Destination: &o.detailedExit, Category: category, Usage: "dry run: exit with 2 when changes are pending"},
		&cli.StringFlag{Name: "switch", Destination: (*string)(&o.Choices.Switch), Category: category, Value: string(o.Choices.Switch),
			Usage: "how an alias moves: alter (no gap) or recreate (drop and create, with a gap)"},
		&cli.DurationFlag{Name: "settle", Destination: &o.Settle, Category: category, Value: o.Settle,
			Usage: "after a lost answer, how long the change may take to show; counts for each write that was sent" + variablesOf("settle")},
		&cli.DurationFlag{Name: "patience", Destination: &o.Patience, Category: category, Value: o.Patience,
			Usage: "how long an apply waits for a server that went away; then it ends, and the rest is not reached" + variablesOf("patience")},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "history", Destination: &o.HistoryLimit, Category: category, Value: o.HistoryLimit, Usage: "remember the last `N` applies in the state, for history and rollback"}},
		verifyURIFlag(o, category),
	}
}

// verifyURIFlag names the proxies that sync, rollback and doctor ask.
func verifyURIFlag(o *options, category string) cli.Flag {
	return &cli.StringSliceFlag{Name: "verify-uri", Action: store(&o.Cluster.VerifyURIs), Category: category,
		Usage: "ask the proxy at this `URI` too: always once before anything is changed, and after a switch with `verify`; repeatable. A load balancer hides its proxies: name each one"}
}

// onlyFlag takes a part of what is managed.
func onlyFlag(o *options, usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: "only", Action: store(&o.Choices.Only), Category: categoryPlan, Usage: usage}
}

// planFlags change what sync plans.
func planFlags(o *options) []cli.Flag {
	category := categoryPlan
	return []cli.Flag{
		&cli.BoolFlag{Name: "offline", Destination: &o.Offline, Category: category, Usage: "dry run against the state alone; the cluster is not read"},
		onlyFlag(o, "plan `ALIAS` (or DATABASE/ALIAS, or a group) alone and no retirement; repeatable"),
		&cli.BoolFlag{Name: "allow-missing-targets", Destination: &o.AllowMissingTargets, Category: category, Usage: "dry run: plan bindings to collections that are not built yet"},
		&cli.StringFlag{Name: "plan-out", Destination: &o.PlanOut, Category: category, Usage: "dry run: save the plan in `FILE`, for review and for --plan"},
		&cli.StringFlag{Name: "plan", Destination: &o.Reviewed, Category: category, Usage: "apply the saved plan in `FILE`; refused (exit 4) when anything that it touches has changed"},
		&cli.StringFlag{Name: "expect-digest", Destination: &o.ExpectDigest, Category: category, Usage: "refuse (exit 4) a plan with another digest than this `SHA`; -o json prints it"},
		&cli.DurationFlag{Name: "drain", Destination: &o.Choices.Drain, Category: category, Value: o.Choices.Drain,
			Usage: "least wait between the last alias leaving a collection in this run and its drop: proxies may still send readers there"},
	}
}

// limitFlags lift a refusal. None of them has an environment variable. With
// names it gives those alone.
func limitFlags(o *options, names ...string) []cli.Flag {
	category := categoryLimits
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "overwrite-drift", Action: store(&o.Choices.OverwriteDrift), Category: category, Usage: "switch or drop `ALIAS` although someone else moved it; or all; repeatable"},
		&cli.StringSliceFlag{Name: "take-over", Action: store(&o.Choices.TakeOver), Category: category, Usage: "switch `ALIAS` although it was never ours; or all; repeatable"},
		&cli.StringSliceFlag{Name: "retire-newer", Action: store(&o.Choices.RetireNewer), Category: category, Usage: "drop the collection `NAME` although it is newer than what stays bound, and no alias is known to have left it; or all; repeatable"},
		&cli.StringSliceFlag{Name: "retire-again", Action: store(&o.Choices.RetireAgain), Category: category, Usage: "drop the collection `NAME` that came back after it was retired; or all; repeatable"},
		&cli.StringSliceFlag{Name: "forward", Action: store(&o.Choices.Forward), Category: category, Usage: "switch `ALIAS`, or those of a group, again to the collection that was rolled back from; or all; repeatable"},
		&cli.StringFlag{Name: "max-alias-drops", Destination: &o.Choices.MaxAliasDrops, Category: category,
			Usage: "refuse to drop more managed aliases than `N` or N% (default: 30%, from 10 managed up)"},
		decimal.Int{IntFlag: &cli.IntFlag{Name: "max-collection-drops", Destination: &o.Choices.MaxCollectionDrops, Category: category, Value: o.Choices.MaxCollectionDrops,
			Usage: "refuse to drop more collections than `N`"}},
		&cli.StringSliceFlag{Name: "allow-empty", Action: store(&o.Choices.AllowEmpty), Category: category, Usage: "let `DATABASE` lose every managed alias; repeatable"},
		&cli.BoolFlag{Name: "accept-manifests", Destination: &o.Choices.AcceptManifests, Category: category, Usage: "let other manifests than those of the last apply drop managed aliases"},
		&cli.StringSliceFlag{Name: "skip-check", Action: store(&o.Choices.SkipCheck), Category: category, Usage: "let the preflight check `CHECK` not count, or ALIAS/CHECK for one alias or group alone; the plan shows that it was skipped; repeatable"},
		&cli.BoolFlag{Name: "accept-cluster", Destination: &o.Choices.AcceptCluster, Category: category, Usage: "use the state, or a --verify-uri, although it is of another cluster"},
	}
	if len(names) == 0 {
		return flags
	}
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return !slices.Contains(names, f.Names()[0]) })
}

// rollbackFileFlag finds the state where sync has put it.
func rollbackFileFlag(o *options) cli.Flag {
	return &cli.StringSliceFlag{Name: "file", Action: store(&o.Manifests), Aliases: []string{"f"}, Category: categoryManifest,
		Usage: "the manifest `FILE` beside which the state is; it is not read (default: aliases.yaml)"}
}

// followLinksFlag lifts the refusal of links that leave the working tree.
func followLinksFlag(o *options) cli.Flag {
	return &cli.BoolFlag{Name: "follow-links", Destination: &o.FollowLinks, Category: categoryLimits,
		Usage: "in CI, read and write also through links that leave the working tree"}
}

func maxStateBytesFlag(o *options) cli.Flag {
	return &cli.StringFlag{Name: "max-state-bytes", Destination: &o.maxStateBytes, Category: categoryLimits,
		Usage: "read a state of up to `SIZE`, as 512MiB (default: 256MiB; with a manifest 4KiB for each of its aliases, at least 64MiB, at most 1GiB)"}
}

// textOrJSONFlag is the format of an answer that is no report.
func textOrJSONFlag(o *options) cli.Flag {
	return someFlag{[]string{"text", "json"}, false, &cli.StringFlag{Name: "output", Destination: &o.output, Aliases: []string{"o"}, Category: categoryOutput, Value: o.output, Usage: "print as `FORMAT`: text or json" + variablesOf("output")}}
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
