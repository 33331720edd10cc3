package formats_test

import (
	"errors"
	"fmt"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// The scenarios of blue/green cutovers: checks before, groups, canaries,
// retirements, rollbacks.

func alter(alias, from, to string) planner.Step {
	return planner.Step{Op: planner.AlterAlias, Database: "default", Alias: alias, From: from, To: to}
}

// altering is a plan of switches alone.
func altering(steps ...planner.Step) planner.Plan {
	p := plan(planner.Summary{Switch: len(steps)}, steps...)
	for _, s := range steps {
		p.Before = append(p.Before, binding(s.Database, s.Alias, s.From))
		p.After = append(p.After, binding(s.Database, s.Alias, s.To))
	}
	return p
}

func checked(alias string, name manifest.CheckName, blue, green string, v planner.Verdict, details ...string) planner.Check {
	return planner.Check{Database: "default", Alias: alias, Name: name, Blue: blue, Green: green, Verdict: v, Details: details}
}

func preflight() report.Report {
	p := altering(alter("products", "products_v41", "products_v42"))
	p.Checks = []planner.Check{
		checked("products", manifest.Exists, "", "there", planner.CheckPassed),
		checked("products", manifest.Loaded, "loaded", "loaded", planner.CheckPassed),
		checked("products", manifest.Indexed, "", "2 of 2 fields", planner.CheckPassed),
		checked("products", manifest.MinRows, "1180000 (count(*))", "1200000 (count(*))", planner.CheckPassed),
		checked("products", manifest.RowsWithin, "1180000 (count(*))", "1200000 (count(*))", planner.CheckPassed),
		checked("products", manifest.SameSchema, "12 fields", "12 fields", planner.CheckPassed),
	}
	return report.Report{Plan: p, Proof: proved(1), StatePath: "prod.state.json"}
}

// preflightRefused has every verdict, and names as long as people make them.
func preflightRefused() report.Report {
	const long = "customer_reviews_by_language_and_region"
	p := altering(
		alter("products", "products_v41", "products_v42"),
		alter(long, long+"_2026_10_30", long+"_2026_11_20"))
	p.Checks = []planner.Check{
		checked("products", manifest.Exists, "", "there", planner.CheckPassed),
		checked("products", manifest.Loaded, "loaded", "loading, 63%", planner.CheckFailed, "load it, and wait until it is: readers would get errors"),
		checked("products", manifest.Indexed, "", "1 of 3 fields", planner.CheckFailed,
			`vector field "sparse" has no index`, `index "dense_hnsw" of field "dense" has 18234 pending rows`),
		checked("products", manifest.MinRows, "1180000 (count(*))", "1200000 (get_stats)", planner.CheckPassed),
		checked("products", manifest.RowsWithin, "1180000 (count(*))", "1200000 (get_stats)", planner.CheckPassed),
		checked("products", manifest.SameSchema, "12 fields", "13 fields", planner.CheckSkipped,
			"skipped by --skip-check; it would be: fail",
			`field "dense": dimension is "768" in blue and "1024" in green`,
			`field "dense": metric is "COSINE" in blue and "IP" in green`,
			`field "language" is new in green`,
			"dynamic field is false in blue and true in green"),
		checked(long, manifest.Exists, "", "there", planner.CheckPassed),
		checked(long, manifest.Loaded, "loaded", "", planner.CheckUnknown,
			"the route collections/get_load_state is not served here: Milvus 2.4.0 or later is needed"),
		checked(long, manifest.Indexed, "", "", planner.CheckAllowed, "permission to describe indexes is missing"),
	}
	return report.Report{Plan: p, Proof: proved(2), StatePath: "prod.state.json", Refusals: []planner.Refusal{
		{Guard: "preflight", Reason: `check "loaded" of alias "products" fails: load it, and wait until it is: readers would get errors`,
			WayOut: planner.WayOut{Before: "mend the collection, or `--skip-check loaded`"}},
		{Guard: "preflight", Reason: `check "indexed" of alias "products" fails: vector field "sparse" has no index`,
			WayOut: planner.WayOut{Before: "mend the collection, or `--skip-check indexed`"}},
		{Guard: "preflight", Reason: fmt.Sprintf(`check "loaded" of alias %q cannot be answered: the route collections/get_load_state is not served here: Milvus 2.4.0 or later is needed`, long),
			WayOut: planner.WayOut{Before: "mend the collection, or `--skip-check loaded`"}},
		{Guard: "split-group", Reason: "`--only` takes a part of group \"catalog\" of database \"default\" and leaves out products_sparse, products_meta",
			WayOut: planner.WayOut{Before: "name all members with `--only`, or none"}},
	}}
}

func preflightPending() report.Report {
	p := altering(alter("products", "products_v41", "products_v42"))
	p.Notes = []string{`collection "products_v42" is not there yet (target of alias "products")`}
	for _, name := range manifest.CheckNames() {
		p.Checks = append(p.Checks, checked("products", name, "", "", planner.CheckPending))
	}
	return report.Report{Plan: p, Proof: proved(1), StatePath: "prod.state.json"}
}

// goldenQueries are two comparisons: one of more queries than any format
// shows, and one of so few that all do.
func goldenQueries() report.Report {
	p := altering(alter("products", "products_v41", "products_v42"), alter("reviews", "reviews_v6", "reviews_v7"))
	many := &planner.GoldenFact{K: 10}
	for i := range 60 {
		many.Queries = append(many.Queries, planner.GoldenQuery{
			Overlap: float64(10-i*7%60/10) / 10,
			Blue:    time.Duration(1800+i*37%500) * time.Microsecond,
			Green:   time.Duration(3900+i*53%1900) * time.Microsecond,
		})
	}
	few := &planner.GoldenFact{K: 5, Queries: []planner.GoldenQuery{
		{Overlap: 1, Blue: 2100 * time.Microsecond, Green: 1900 * time.Microsecond},
		{Overlap: 0.8, Blue: 2200 * time.Microsecond, Green: 2 * time.Millisecond},
		{Overlap: 0, Blue: 80 * time.Microsecond, Green: 12 * time.Millisecond},
	}}
	p.Checks = []planner.Check{
		checked("products", manifest.Loaded, "loaded", "loaded", planner.CheckPassed),
		checked("products", manifest.GoldenCheck, "median 2.1ms", "median 4.8ms, overlap 0.75 (least 0.50)", planner.CheckFailed,
			"the top 10 agree by 0.75 on average; 0.80 is asked for", "green takes 2.29 times as long as blue; 1.50 is allowed"),
		checked("reviews", manifest.Loaded, "loaded", "loaded", planner.CheckPassed),
		checked("reviews", manifest.GoldenCheck, "median 2.1ms", "median 2ms, overlap 0.60 (least 0.00)", planner.CheckPassed),
	}
	p.Checks[1].Golden, p.Checks[3].Golden = many, few
	return report.Report{Plan: p, Proof: proved(2), StatePath: "prod.state.json", Refusals: []planner.Refusal{
		{Guard: "preflight", Reason: `check "golden" of alias "products" fails: the top 10 agree by 0.75 on average; 0.80 is asked for`,
			WayOut: planner.WayOut{Before: "mend the collection, or `--skip-check golden`"}},
	}}
}

func retirement() report.Report {
	rows, one, none := int64(1_200_000), int64(1), int64(0)
	drop := func(collection, id string) planner.Step {
		return planner.Step{Op: planner.DropCollection, Database: "default", Collection: collection, ID: id}
	}
	steps := []planner.Step{
		drop("products_v39", "455632177914940001"), drop("products_v40", "455632177914940002"),
		drop("reviews_v4", "455632177914940003"), drop("reviews_v5", "455632177914940004"),
	}
	steps[0].Rows, steps[0].Order, steps[0].ReleaseFirst = &rows, &planner.Order{Place: 6, Of: 6}, true
	steps[1].Rows, steps[1].Order = &one, &planner.Order{Place: 5, Of: 6}
	steps[2].Rows = &none
	p := plan(planner.Summary{Retire: 4, Unchanged: 2}, steps...)
	p.Notes = []string{
		`collection "products_v39" is retired by ` + "`keep`",
		`collection "products_v41": due in 3h12m`,
	}
	p.Before = []planner.Bound{binding("default", "products", "products_v42"), binding("default", "reviews", "reviews_v7")}
	p.After = p.Before
	return report.Report{Plan: p, Proof: proved(4), StatePath: "prod.state.json"}
}

// catalogue are three switches that are one cutover, one that is verified for
// itself, and one that stays when it fails.
func catalogue() []planner.Step {
	group := &planner.Cutover{Group: "catalog", SwitchBack: true, Confirmations: 3,
		Canary: &manifest.Canary{Search: &manifest.Search{Vector: []float64{0.1, 0.2}, Field: "dense", Limit: 10}, MaxLatency: 200 * time.Millisecond}}
	steps := []planner.Step{
		alter("products_dense", "products_dense_v41", "products_dense_v42"),
		alter("products_meta", "products_meta_v41", "products_meta_v42"),
		alter("products_sparse", "products_sparse_v41", "products_sparse_v42"),
		alter("reviews", "reviews_v6", "reviews_v7"),
		alter("suggestions", "suggestions_v1", "suggestions_v2"),
	}
	for i := range 3 {
		steps[i].Cutover = group
	}
	steps[3].Cutover = &planner.Cutover{SwitchBack: true, Canary: &manifest.Canary{Query: &manifest.Query{Filter: `lang == "en"`, Limit: 5}}}
	steps[4].Cutover = &planner.Cutover{Group: "autocomplete", Confirmations: 1}
	return steps
}

func groupCutover() report.Report {
	return report.Report{Plan: altering(catalogue()...), Proof: proved(5), StatePath: "prod.state.json"}
}

// applied is a report of the catalogue with these results, and the members of
// its first group where they stand.
func applied(results []executor.Result, err error, split bool, members ...executor.Member) report.Report {
	r := groupCutover()
	r.Applied, r.Results = true, results
	for i := range r.Results {
		r.Results[i].Step = r.Plan.Steps[i]
	}
	for i := range members {
		members[i].Step, members[i].Alias = i, r.Plan.Steps[i].Alias
	}
	r.Cutovers = []executor.Cutover{
		{Database: "default", Group: "catalog", Members: members, Mixed: 23 * time.Millisecond, Split: split, Err: err},
		{Database: "default", Members: []executor.Member{{Step: 3, Alias: "reviews", Stands: executor.OnGreen, At: "reviews_v7"}}},
	}
	return r
}

func on(where executor.Standing, collection string) executor.Member {
	return executor.Member{Stands: where, At: collection}
}

func groupSwitched() report.Report {
	done := func(converged time.Duration) executor.Result {
		return executor.Result{Outcome: executor.Applied, Took: 31 * time.Millisecond, Converged: converged}
	}
	r := applied([]executor.Result{done(412 * time.Millisecond), done(388 * time.Millisecond), done(1204 * time.Millisecond), done(0), done(80 * time.Millisecond)}, nil, false,
		on(executor.OnGreen, "products_dense_v42"), on(executor.OnGreen, "products_meta_v42"), on(executor.OnGreen, "products_sparse_v42"))
	// The last one is to stay when it fails, and does.
	r.Results[4].Err = &executor.StaleError{Witness: "proxy-b:19530", Database: "default", Alias: "suggestions", Want: "suggestions_v2", Found: "suggestions_v1", Waited: 15 * time.Second}
	r.Cutovers = append(r.Cutovers, executor.Cutover{Database: "default", Group: "autocomplete", Err: r.Results[4].Err,
		Members: []executor.Member{{Step: 4, Alias: "suggestions", Stands: executor.OnGreen, At: "suggestions_v2"}}})
	return r
}

func groupSwitchedBack() report.Report {
	canary := &executor.CanaryError{Database: "default", Alias: "products_sparse", Collection: "products_sparse_v42",
		Through: executor.Answer{Rows: 10, Digest: "a", Took: 12 * time.Millisecond, Summary: `10 rows: {"id":7}, {"id":9}`},
		ByName:  executor.Answer{Rows: 9, Digest: "b", Took: 11 * time.Millisecond, Summary: `9 rows: {"id":7}, {"id":12}`}}
	other := &executor.GroupError{Database: "default", Group: "catalog", Member: "products_sparse", Err: canary}
	back := func(err error) executor.Result {
		return executor.Result{Outcome: executor.SwitchedBack, Took: 64 * time.Millisecond, Err: err}
	}
	return applied([]executor.Result{
		back(other), back(other), back(canary),
		{Outcome: executor.Applied, Took: 9 * time.Millisecond},
		{Outcome: executor.Applied, Took: 8 * time.Millisecond},
	}, canary, false, on(executor.OnBlue, "products_dense_v41"), on(executor.OnBlue, "products_meta_v41"), on(executor.OnBlue, "products_sparse_v41"))
}

// groupSplit is the worst that can happen to a group: a member failed, and
// another could not be switched back.
func groupSplit() report.Report {
	refused := errors.New(`alter alias "products_sparse": code 65535: collection "products_sparse_v42" is being dropped by another session; HTTP status 200`)
	other := &executor.GroupError{Database: "default", Group: "catalog", Member: "products_sparse", Err: refused}
	stuck := &executor.SwitchBackError{Database: "default", Alias: "products_meta", Collection: "products_meta_v41", Cause: other, Err: errors.New("connection refused")}
	return applied([]executor.Result{
		{Outcome: executor.SwitchedBack, Took: 71 * time.Millisecond, Err: other},
		{Outcome: executor.Applied, Took: 10 * time.Second, Err: stuck},
		{Outcome: executor.Failed, Took: 12 * time.Millisecond, Err: refused},
		{Outcome: executor.NotReached}, {Outcome: executor.NotReached},
	}, refused, true, on(executor.OnBlue, "products_dense_v41"), on(executor.OnGreen, "products_meta_v42"), on(executor.Elsewhere, ""))
}

func rollback() report.Report {
	steps := []planner.Step{alter("products", "products_v42", "products_v41"), alter("reviews", "reviews_v7", "reviews_v6")}
	for i := range steps {
		steps[i].RolledBack = true
	}
	p := altering(steps...)
	for _, alias := range []string{"products", "reviews"} {
		p.Checks = append(p.Checks,
			checked(alias, manifest.Exists, "", "there", planner.CheckPassed),
			checked(alias, manifest.Loaded, "loaded", "loaded", planner.CheckPassed))
	}
	p.Conflicts = []planner.Conflict{{
		Kind: planner.TargetRecreated, Database: "default", Alias: "users", Collection: "users_v3", Want: "users_v3", Last: "users_v4", Live: "users_v4",
		Reason:  `collection "users_v3" has id 455632177914949999 and had 455632177914940003: it was dropped and created again`,
		WaysOut: planner.ByHand("look at what the new collection holds, and name it in the manifest if it is right"),
	}}
	p.Summary.Conflicts = 1
	return report.Report{Plan: p, Proof: proved(2), StatePath: "prod.state.json"}
}

func cutoverConflicts() report.Report {
	p := plan(planner.Summary{Conflicts: 2})
	p.Conflicts = []planner.Conflict{
		{
			Kind: planner.FromMismatch, Database: "default", Alias: "products", Collection: "products_v43",
			Want: "products_v43", Last: "products_v42", Live: "products_v42",
			Reason:  "`from` says that alias \"products\" leaves \"products_v41\", and it is at \"products_v42\"",
			WaysOut: planner.ByHand("look at what was switched meanwhile, and correct `from`", "remove `from` if the switch does not depend on where the alias is"),
		},
		{
			Kind: planner.RolledBackFrom, Database: "default", Alias: "reviews", Collection: "reviews_v7",
			Want: "reviews_v7", Last: "reviews_v6", Live: "reviews_v6",
			Reason:  `alias "reviews" was rolled back from "reviews_v7", and the manifest still names it`,
			WaysOut: planner.ByHand("put `reviews: reviews_v6` into the manifest, as it is now", "`--forward reviews` to switch it to \"reviews_v7\" again"),
		},
	}
	p.Before = []planner.Bound{binding("default", "products", "products_v42"), binding("default", "reviews", "reviews_v6")}
	p.After = p.Before
	return report.Report{Plan: p, Proof: proved(0), StatePath: "prod.state.json"}
}
