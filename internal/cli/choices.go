package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// planOptions are the choices that flags make about a plan.
func (r *run) planOptions(cluster planner.Cluster) (planner.Options, error) {
	options := r.options
	options.Cluster = cluster
	options.Now = time.Now().UTC().Truncate(time.Second)
	options.Choices = choicesOf(r.c)
	options.Golden = r.golden
	options.Identify = true
	options.Switch = planner.SwitchMode(r.c.String("switch"))
	options.Witnessed = len(r.c.StringSlice("verify-uri")) > 0
	options.AllowMissingTargets = r.c.Bool("allow-missing-targets")
	options.Reidentify = r.c.Bool("accept-cluster")
	options.SkipChecks = make(map[manifest.CheckName]bool)
	for _, name := range r.c.StringSlice("skip-check") {
		if !slices.Contains(manifest.CheckNames(), manifest.CheckName(name)) {
			return options, usagef(fmt.Sprintf("the checks are %s", joined(manifest.CheckNames())), "--skip-check: no check %q", name)
		}
		options.SkipChecks[manifest.CheckName(name)] = true
	}
	return options, nil
}

// selections resolves the flags that name aliases and collections. The names
// that a flag may have are many, and gathered only for one that has a value.
func (r *run) selections(state planner.State, o *planner.Options) error {
	aliases := func() []planner.Key { return planner.AliasKeys(r.manifest, state) }
	retirees := func() []planner.Key { return planner.RetireeKeys(r.manifest) }
	for _, f := range []struct {
		flag  string
		known func() []planner.Key
		into  *planner.Selection
	}{
		{"overwrite-drift", aliases, &o.OverwriteDrift},
		{"take-over", aliases, &o.TakeOver},
		{"only", aliases, &o.Only},
		{"forward", aliases, &o.Forward},
		{"retire-again", retirees, &o.RetireAgain},
		{"retire-newer", retirees, &o.RetireNewer},
	} {
		values := r.c.StringSlice(f.flag)
		if len(values) == 0 {
			continue
		}
		selection, err := planner.Select(values, f.known())
		if err != nil {
			hint := "ALIAS is a name of the manifest or the state, or DATABASE/ALIAS, or all"
			if f.flag == "retire-again" || f.flag == "retire-newer" {
				hint = "NAME is a collection under `retire`, or DATABASE/NAME, or all"
			}
			return &usageError{what: fmt.Sprintf("--%s: %v", f.flag, err), hint: hint, err: err}
		}
		*f.into = selection
	}
	if o.Only.All {
		o.Only = planner.Selection{}
	}
	return nil
}

// joined lists names for a sentence.
func joined[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, ", ")
}
