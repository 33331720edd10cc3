package sync

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// Choices shape a plan or lift a refusal. They are reviewed with the plan: every
// report shows them, the digest covers them, and a saved plan carries them.
type Choices struct {
	Only   []string // aliases to plan alone
	Switch planner.SwitchMode
	Drain  time.Duration

	OverwriteDrift, TakeOver, Forward []string // aliases, or all
	RetireNewer, RetireAgain          []string // collections, or all
	MaxAliasDrops                     string   // a number or a share, "" for the default
	MaxCollectionDrops                int
	AllowEmpty                        []string // databases
	AcceptManifests, AcceptCluster    bool
	SkipCheck                         []string

	// Given names the choices that the caller made, also where they are the
	// defaults: those of a saved plan do not replace them.
	Given []string
}

// DefaultChoices are those of a run that chooses nothing.
func DefaultChoices() Choices {
	return Choices{Switch: planner.ByAlter, Drain: 30 * time.Second, MaxCollectionDrops: planner.DefaultLimits().CollectionDrops}
}

// ChoiceNames are the names of all choices, sorted.
func ChoiceNames() []string {
	var names []string
	for _, c := range new(Choices).table() {
		names = append(names, c.name)
	}
	return names
}

// choice is a choice by its name, and where its value is.
type choice struct {
	name  string
	value any  // a pointer
	plans bool // it changes what is planned, and lifts more than a limit
}

// table is every choice, sorted by name.
func (c *Choices) table() []choice {
	return []choice{
		{"accept-cluster", &c.AcceptCluster, false},
		{"accept-manifests", &c.AcceptManifests, false},
		{"allow-empty", &c.AllowEmpty, false},
		{planner.DrainFlag, &c.Drain, false},
		{"forward", &c.Forward, true},
		{"max-alias-drops", &c.MaxAliasDrops, false},
		{"max-collection-drops", &c.MaxCollectionDrops, false},
		{"only", &c.Only, true},
		{"overwrite-drift", &c.OverwriteDrift, true},
		{"retire-again", &c.RetireAgain, true},
		{"retire-newer", &c.RetireNewer, true},
		{"skip-check", &c.SkipCheck, true},
		{"switch", &c.Switch, true},
		{"take-over", &c.TakeOver, true},
	}
}

func (c *Choices) given(name string) bool { return slices.Contains(c.Given, name) }

// list are the choices that are not the defaults. The order and the repetition of
// values do not matter.
func (c *Choices) list() []planner.Choice {
	initial := DefaultChoices()
	defaults := initial.table()
	var list []planner.Choice
	for i, one := range c.table() {
		var values []string
		switch v := one.value.(type) {
		case *[]string:
			values = slices.Compact(slices.Sorted(slices.Values(*v)))
		case *bool:
			if *v {
				values = []string{"true"}
			}
		case *string:
			if *v != "" || c.given(one.name) {
				values = []string{*v}
			}
		case *int:
			if *v != *defaults[i].value.(*int) {
				values = []string{strconv.Itoa(*v)}
			}
		case *time.Duration:
			if *v != *defaults[i].value.(*time.Duration) {
				values = []string{v.String()}
			}
		case *planner.SwitchMode:
			if *v != *defaults[i].value.(*planner.SwitchMode) {
				values = []string{string(*v)}
			}
		}
		if len(values) > 0 {
			list = append(list, planner.Choice{Flag: one.name, Values: values})
		}
	}
	return list
}

// set gives a choice the values that a saved plan has of it.
func (c choice) set(values []string) error {
	for _, value := range values {
		var err error
		switch v := c.value.(type) {
		case *[]string:
			*v = append(*v, value)
		case *bool:
			*v, err = strconv.ParseBool(value)
		case *string:
			*v = value
		case *int:
			*v, err = strconv.Atoi(value)
		case *time.Duration:
			*v, err = time.ParseDuration(value)
		case *planner.SwitchMode:
			*v = planner.SwitchMode(value)
		}
		if err != nil {
			return fmt.Errorf("--%s %q: %w", c.name, value, err)
		}
	}
	return nil
}

// adopt makes the choices of a saved plan those of this run. What the caller has
// given as well must be the same, but for the drain, which is the business of the
// apply.
func (c *Choices) adopt(path string, choices []planner.Choice) error {
	for _, g := range c.list() {
		if g.Flag == planner.DrainFlag {
			continue
		}
		if !slices.ContainsFunc(choices, func(p planner.Choice) bool { return p.Flag == g.Flag && slices.Equal(p.Values, g.Values) }) {
			return Usagef("make a new plan with it: what lifts a refusal is reviewed", "--plan and %s: the plan was made without it", report.FlagsOf(g))
		}
	}
	table := c.table()
	for _, adopted := range choices {
		i := slices.IndexFunc(table, func(known choice) bool { return known.name == adopted.Flag })
		if i < 0 {
			return Usagef("make a new plan", "plan %q: it has the flag --%s, which is not a choice of a plan", path, adopted.Flag)
		}
		if c.given(adopted.Flag) {
			continue
		}
		if err := table[i].set(adopted.Values); err != nil {
			return Usagef("make a new plan", "plan %q: %v", path, err)
		}
	}
	return nil
}

// limitsOf are the limits that choices leave.
func limitsOf(choices []planner.Choice) (planner.Limits, error) {
	limits := planner.DefaultLimits()
	limits.AllowEmpty = make(map[string]bool)
	for _, choice := range choices {
		for _, value := range choice.Values {
			var err error
			switch choice.Flag {
			case "max-alias-drops":
				if limits.AliasDrops, err = planner.ParseAliasDropLimit(value); err != nil {
					return limits, Usagef("write `--max-alias-drops 5` or `--max-alias-drops 30%`", "--max-alias-drops: %v", err)
				}
			case "max-collection-drops":
				if limits.CollectionDrops, err = strconv.Atoi(value); err != nil || limits.CollectionDrops < 0 {
					return limits, Usagef("", "--max-collection-drops: %s is not a number of 0 or more", value)
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

// planOptions are the choices about a plan.
func (r *run) planOptions(cluster planner.Cluster) (planner.Options, error) {
	options := r.options
	options.Cluster = cluster
	options.Now = time.Now().UTC().Truncate(time.Second)
	options.Choices = r.Choices.list()
	options.Golden = r.golden
	options.Identify = true
	options.Switch = r.Choices.Switch
	options.Witnessed = len(r.Cluster.VerifyURIs) > 0
	options.AllowMissingTargets = r.AllowMissingTargets
	options.Reidentify = r.Choices.AcceptCluster
	return options, nil
}

// selections resolves the choices that name aliases and collections. The names
// that one may have are many, and gathered only for one that has a value.
func selections(c *Choices, m *manifest.Manifest, state planner.State, o *planner.Options) error {
	aliases := func(values []string) (planner.Selection, error) { return planner.SelectAliases(values, m, state) }
	retirees := func(values []string) (planner.Selection, error) {
		return planner.Select(values, planner.RetireeKeys(m))
	}
	const aliasHint = "ALIAS is a name of the manifest or the state, or DATABASE/ALIAS, or that of a group, or all"
	const retireeHint = "NAME is a collection under `retire`, or DATABASE/NAME, or all"
	for _, f := range []struct {
		flag   string
		values []string
		choose func([]string) (planner.Selection, error)
		hint   string
		into   *planner.Selection
	}{
		{"overwrite-drift", c.OverwriteDrift, aliases, aliasHint, &o.OverwriteDrift},
		{"take-over", c.TakeOver, aliases, aliasHint, &o.TakeOver},
		{"only", c.Only, aliases, aliasHint, &o.Only},
		{"forward", c.Forward, aliases, aliasHint, &o.Forward},
		{"retire-again", c.RetireAgain, retirees, retireeHint, &o.RetireAgain},
		{"retire-newer", c.RetireNewer, retirees, retireeHint, &o.RetireNewer},
	} {
		if len(f.values) == 0 {
			continue
		}
		selection, err := f.choose(f.values)
		if err != nil {
			return &Failure{Code: Usage, What: fmt.Sprintf("--%s: %v", f.flag, err), Hint: f.hint, Err: err}
		}
		*f.into = selection
	}
	if o.Only.All {
		o.Only = planner.Selection{}
	}
	return skipChecks(c.SkipCheck, aliases, o)
}

// skipChecks resolves CHECK, ALIAS/CHECK and DATABASE/ALIAS/CHECK.
func skipChecks(values []string, aliases func([]string) (planner.Selection, error), o *planner.Options) error {
	of := make(map[manifest.CheckName][]string)
	for _, value := range values {
		whose, name := "all", value
		if i := strings.LastIndexByte(value, '/'); i >= 0 {
			whose, name = value[:i], value[i+1:]
		}
		if !slices.Contains(manifest.CheckNames(), manifest.CheckName(name)) {
			return Usagef(fmt.Sprintf("write CHECK or ALIAS/CHECK; the checks are %s", joined(manifest.CheckNames())), "--skip-check: no check %q", name)
		}
		of[manifest.CheckName(name)] = append(of[manifest.CheckName(name)], whose)
	}
	o.SkipChecks = make(map[manifest.CheckName]planner.Selection, len(of))
	for _, name := range manifest.CheckNames() {
		whose := of[name]
		if whose == nil {
			continue
		}
		var err error
		if o.SkipChecks[name], err = aliases(whose); err != nil {
			return &Failure{Code: Usage, What: fmt.Sprintf("--skip-check: %v", err), Hint: "write CHECK, ALIAS/CHECK or DATABASE/ALIAS/CHECK; ALIAS may be that of a group", Err: err}
		}
	}
	return nil
}

// joined lists names for a sentence.
func joined[T ~string](names []T) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += string(n)
	}
	return text
}
