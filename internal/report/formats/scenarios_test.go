package formats_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// A scenario is a report that a reader may meet. Its goldens in testdata/plan
// are what that reader sees.
type scenario struct {
	name   string
	report report.Report
}

func binding(database, alias, collection string) planner.Bound {
	return planner.Bound{Database: database, Alias: alias, Collection: collection}
}

func protected(b planner.Bound) planner.Bound {
	b.Protect = true
	return b
}

func plan(summary planner.Summary, steps ...planner.Step) planner.Plan {
	return planner.Plan{
		Version: planner.PlanVersion,
		Cluster: planner.Cluster{URI: "http://milvus.prod-eu.example:19530", Label: "prod-eu"},
		Serial:  41,
		Live:    planner.LiveRead,
		Summary: summary,
		Steps:   steps,
	}
}

func proved(steps int) proof.Proof { return proof.Proof{OK: true, Prefixes: steps + 1} }

func scenarios() []scenario {
	return []scenario{
		{"nothing-to-do", nothingToDo()},
		{"first-run-offline", firstRunOffline()},
		{"switch-and-retire", switchAndRetire()},
		{"every-step", everyStep()},
		{"drift-and-conflicts", driftAndConflicts()},
		{"recreate", recreate()},
		{"guards", guards()},
		{"long-names", longNames()},
		{"hostile-names", hostileNames()},
		{"hostile-markup", hostileMarkup()},
		{"apply-failed", applyFailed()},
		{"every-outcome", everyOutcome()},
		{"defect", defect()},
		{"preflight", preflight()},
		{"preflight-refused", preflightRefused()},
		{"preflight-pending", preflightPending()},
		{"newer-steps", newerSteps()},
		{"grants", grants()},
		{"grants-taken-back", grantsTakenBack()},
		{"golden", goldenQueries()},
		{"retirement", retirement()},
		{"group-cutover", groupCutover()},
		{"group-switched", groupSwitched()},
		{"group-switched-back", groupSwitchedBack()},
		{"group-split", groupSplit()},
		{"rollback", rollback()},
		{"cutover-conflicts", cutoverConflicts()},
	}
}

func nothingToDo() report.Report {
	p := plan(planner.Summary{Unchanged: 2})
	p.Before = []planner.Bound{binding("default", "products", "products_v42"), binding("default", "reviews", "reviews_v7")}
	p.After = p.Before
	return report.Report{Plan: p, Proof: proved(0), StatePath: "prod.state.json"}
}

func firstRunOffline() report.Report {
	p := plan(planner.Summary{Create: 1},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "products", To: "products_v1"})
	p.Cluster = planner.Cluster{}
	p.Serial = 0
	p.Live = planner.LiveAssumed
	p.Notes = []string{"no state at aliases.state.json: first run; aliases removed from the manifest cannot be seen"}
	p.After = []planner.Bound{binding("default", "products", "products_v1")}
	return report.Report{Plan: p, Proof: proved(1), NoState: true}
}

func switchAndRetire() report.Report {
	p := plan(planner.Summary{Create: 1, Switch: 1, Retire: 1, Unchanged: 6},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "products_v1", To: "products_v2"},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "questions", To: "questions_v1", Protect: true},
		planner.Step{Op: planner.DropCollection, Database: "default", Collection: "products_v1", ID: "455632177914940001"})
	p.Before = []planner.Bound{
		binding("default", "authors", "authors_v3"), binding("default", "books", "books_v9"),
		binding("default", "cities", "cities_v1"), binding("default", "events", "events_v2"),
		binding("default", "products", "products_v1"), binding("default", "reviews", "reviews_v7"),
		protected(binding("default", "users", "users_v5")),
	}
	p.After = []planner.Bound{
		binding("default", "authors", "authors_v3"), binding("default", "books", "books_v9"),
		binding("default", "cities", "cities_v1"), binding("default", "events", "events_v2"),
		binding("default", "products", "products_v2"), protected(binding("default", "questions", "questions_v1")),
		binding("default", "reviews", "reviews_v7"), protected(binding("default", "users", "users_v5")),
	}
	return report.Report{Plan: p, Proof: proved(3), StatePath: "prod.state.json"}
}

func everyStep() report.Report {
	p := plan(planner.Summary{Create: 1, Switch: 1, Drop: 1, Retire: 2, Adopt: 3, Forget: 2, Unchanged: 1},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "orders", To: "orders_v1"},
		planner.Step{Op: planner.AlterAlias, Database: "shop_eu", Alias: "products", From: "products_v41", To: "products_v42"},
		planner.Step{Op: planner.DropAlias, Database: "shop_eu", Alias: "legacy", From: "legacy_v1"},
		planner.Step{Op: planner.DropCollection, Database: "default", Collection: "orders_v0", ID: "455632177914940001"},
		planner.Step{Op: planner.DropCollection, Database: "shop_eu", Collection: "products_v40", ID: "455632177914940002"},
		planner.Step{Op: planner.Adopt, Database: "default", Alias: "books", From: "books_v2", To: "books_v2", Protect: true},
		planner.Step{Op: planner.Adopt, Database: "default", Alias: "cities", From: "cities_v1", To: "cities_v1"},
		planner.Step{Op: planner.Adopt, Database: "shop_eu", Alias: "users", To: "users_v3"},
		planner.Step{Op: planner.Forget, Database: "default", Alias: "gone", From: "gone_v4", Drift: true},
		planner.Step{Op: planner.Forget, Database: "shop_eu", Alias: "handed_over", From: "handed_v1"})
	p.Before = []planner.Bound{
		binding("default", "books", "books_v2"), protected(binding("default", "cities", "cities_v1")),
		binding("shop_eu", "legacy", "legacy_v1"), binding("shop_eu", "on", "null"),
		binding("shop_eu", "products", "products_v41"), binding("shop_eu", "users", "users_v3"),
	}
	p.After = []planner.Bound{
		protected(binding("default", "books", "books_v2")), binding("default", "cities", "cities_v1"),
		binding("default", "orders", "orders_v1"),
		binding("shop_eu", "on", "null"), binding("shop_eu", "products", "products_v42"),
		binding("shop_eu", "users", "users_v3"),
	}
	return report.Report{Plan: p, Proof: proved(10), StatePath: "prod.state.json"}
}

func driftAndConflicts() report.Report {
	p := plan(planner.Summary{Create: 1, Switch: 1, Adopt: 1, Conflicts: 3},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "orders", To: "orders_v1", Drift: true},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "reviews", From: "reviews_v3", To: "reviews_v7", Drift: true},
		planner.Step{Op: planner.Adopt, Database: "default", Alias: "users", From: "users_v8", To: "users_v9", Drift: true})
	p.Conflicts = []planner.Conflict{
		{
			Kind: planner.Drifted, Database: "default", Alias: "products",
			Reason: "it was moved outside aliasctl, and the manifest wants a third collection",
			Want:   "products_v42", Last: "products_v41", Live: "products_v39",
			WaysOut: planner.ByHand(
				"put products_v39 in the manifest, which adopts it",
				"move it with --overwrite-drift products",
				"plan the others alone with --only",
			),
		},
		{
			Kind: planner.NotOurs, Database: "default", Alias: "search",
			Reason: "it exists and was never ours", Want: "search_v2", Live: "search_v1",
			WaysOut: planner.ByHand("take it over with --take-over search"),
		},
		{
			Kind: planner.StillAliased, Database: "default", Collection: "products_v39",
			Reason:  "aliases that would still reach it after the plan: products, products_shadow, experiments_of_the_ranking_team",
			WaysOut: planner.ByHand("bind them elsewhere first", "take it from retire"),
		},
	}
	p.Notes = []string{"the alias orders was dropped outside aliasctl, which last bound it to orders_v1; the plan creates it again"}
	p.Before = []planner.Bound{
		binding("default", "products", "products_v39"), binding("default", "reviews", "reviews_v3"), binding("default", "users", "users_v9"),
	}
	p.After = []planner.Bound{
		binding("default", "orders", "orders_v1"), binding("default", "products", "products_v39"),
		binding("default", "reviews", "reviews_v7"), binding("default", "users", "users_v9"),
	}
	return report.Report{Plan: p, Proof: proved(3), StatePath: "prod.state.json"}
}

func recreate() report.Report {
	p := plan(planner.Summary{Create: 1, Switch: 2},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "orders", To: "orders_v1"},
		planner.Step{Op: planner.RecreateAlias, Database: "default", Alias: "products", From: "products_v41", To: "products_v42"},
		planner.Step{Op: planner.RecreateAlias, Database: "default", Alias: "reviews", From: "reviews_v5", To: "reviews_v7", Drift: true})
	p.Before = []planner.Bound{binding("default", "products", "products_v41"), binding("default", "reviews", "reviews_v5")}
	p.After = []planner.Bound{binding("default", "orders", "orders_v1"), binding("default", "products", "products_v42"), binding("default", "reviews", "reviews_v7")}
	proof := proved(5)
	proof.Gaps = []string{"default/products", "default/reviews"}
	return report.Report{Plan: p, Proof: proof, StatePath: "prod.state.json"}
}

func guards() report.Report {
	p := plan(planner.Summary{Drop: 2},
		planner.Step{Op: planner.DropAlias, Database: "tenants", Alias: "a", From: "a_v1"},
		planner.Step{Op: planner.DropAlias, Database: "tenants", Alias: "b", From: "b_v1"})
	p.Before = []planner.Bound{binding("tenants", "a", "a_v1"), protected(binding("tenants", "b", "b_v1"))}
	return report.Report{Plan: p, Proof: proved(2), StatePath: "prod.state.json", Refusals: []planner.Refusal{
		{Guard: "empty-database", Reason: "all 2 managed aliases of database \"tenants\" would be dropped", WayOut: planner.WayOut{Before: "--allow-empty tenants"}},
		{Guard: "protected", Reason: "alias tenants/b is protected and would be dropped", WayOut: planner.WayOut{Before: "set `protect: false` for it and apply that first; a later apply may drop it"}},
	}}
}

// longest is the longest name that Milvus allows.
func longest(prefix string) string { return prefix + strings.Repeat("x", 255-len(prefix)) }

func longNames() report.Report {
	p := plan(planner.Summary{Create: 1, Switch: 2, Retire: 1},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "products_v1", To: "products_v2"},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: longest("alias_"), From: longest("old_"), To: longest("new_")},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "customer_reviews_by_language_and_region", To: "customer_reviews_by_language_and_region_v3"},
		planner.Step{Op: planner.DropCollection, Database: "default", Collection: longest("old_"), ID: "455632177914940001"})
	p.Before = []planner.Bound{binding("default", longest("alias_"), longest("old_")), binding("default", "products", "products_v1")}
	p.After = []planner.Bound{
		binding("default", longest("alias_"), longest("new_")),
		binding("default", "customer_reviews_by_language_and_region", "customer_reviews_by_language_and_region_v3"),
		binding("default", "products", "products_v2"),
	}
	return report.Report{Plan: p, Proof: proved(4), StatePath: "/srv/deployments/production/europe/frankfurt/aliasctl/prod.state.json"}
}

// hostileNames is a cluster whose names and messages try to forge a plan.
func hostileNames() report.Report {
	p := plan(planner.Summary{Switch: 1, Conflicts: 1},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "\x1b[2Jold\nPlan: 0 to create", To: "products_v2"})
	p.Conflicts = []planner.Conflict{{
		Kind: planner.NotOurs, Database: "default", Alias: "a\u202eb",
		Reason: "the server says \x1b[31mall is well\x1b[0m\r\n@@ -1 +1 @@", Live: "tab\there\x9b2J",
	}}
	p.Before = []planner.Bound{binding("default", "products", "\x1b[2Jold\nPlan: 0 to create")}
	p.After = []planner.Bound{binding("default", "products", "products_v2")}
	return report.Report{Plan: p, Proof: proved(1)}
}

func applyFailed() report.Report {
	r := switchAndRetire()
	r.Applied = true
	outcomes := []executor.Result{
		{Outcome: executor.Applied, Took: 12345 * time.Microsecond},
		{Outcome: executor.Failed, Took: 1834 * time.Millisecond, Err: errors.New(`create alias "questions": code 65535: collection "questions_v1" is being dropped by another session; HTTP status 200`)},
		{Outcome: executor.NotReached},
	}
	for i := range outcomes {
		outcomes[i].Step = r.Plan.Steps[i]
	}
	r.Results = outcomes
	return r
}

// hostileMarkup is a cluster whose names and messages try to be Markdown, HTML
// and Mermaid.
func hostileMarkup() report.Report {
	const (
		table   = "a|b|`c`|"
		element = "<script>alert(1)</script></details><!--"
		mermaid = "x\"]; click a0 \"//evil\""
	)
	p := plan(planner.Summary{Create: 1, Switch: 1, Retire: 1, Grant: 1, Conflicts: 1},
		planner.Step{Op: planner.GrantPrivilege, Database: "default", Collection: mermaid, From: table, Role: element, Privilege: "**all** | <img src=x> @team", ObjectType: "Global"},
		planner.Step{Op: planner.AlterAlias, Database: "default", Alias: table, From: element, To: mermaid},
		planner.Step{Op: planner.CreateAlias, Database: "default", Alias: "_init_", To: "1. list **bold** _v2"},
		planner.Step{Op: planner.DropCollection, Database: "default", Collection: element, ID: "`| |`"})
	p.Cluster.Label = "prod --> <b>eu</b>"
	p.Conflicts = []planner.Conflict{{
		Kind: planner.NotOurs, Database: "default", Alias: "![x](https://evil.example/x.png)",
		Reason:  "thanks @milvus-io/maintainers, see milvus-io/milvus#1 and GH-1, **now** <img src=x onerror=alert(1)> :+1: $x$ www.evil.example [a](javascript:alert(1)) & &lt;",
		Live:    "|---|---|",
		WaysOut: planner.ByHand("set `protect: false` and `` apply", "1. first", "</li></ul><h1>big</h1>"),
	}}
	p.Notes = []string{"```", "# heading", "--- ***", "[ref]: https://evil.example"}
	p.Before = []planner.Bound{binding("default", table, element)}
	p.After = []planner.Bound{binding("default", table, mermaid), binding("default", "_init_", "1. list **bold** _v2")}
	return report.Report{Plan: p, Proof: proved(3), StatePath: "a|`b`.json"}
}

func everyOutcome() report.Report {
	r := recreate()
	r.Applied = true
	r.Results = []executor.Result{
		{Outcome: executor.Applied, Took: 8 * time.Millisecond, Note: `3 aliases that nobody manages resolve again now that "orders_v1" exists`},
		{Outcome: executor.Applied, Took: 61234 * time.Millisecond, Dropped: executor.AlreadyDone},
		{Outcome: executor.Undecided, Took: 40 * time.Second, Dropped: executor.Undecided, DroppedIn: 40 * time.Second, Err: errors.New("drop alias \"reviews\": no answer within 40s, and the read that would tell failed too: connection refused")},
	}
	for i := range r.Results {
		r.Results[i].Step = r.Plan.Steps[i]
	}
	return r
}

func defect() report.Report {
	r := switchAndRetire()
	r.Proof = proof.Proof{Prefixes: 4, Problems: []string{"after step 1: alias default/products points at the collection default/products_v2, which was dropped"}}
	return r
}

// many is a report of n switches, with a collection dropped for every tenth.
func many(n int) report.Report {
	var p planner.Plan
	for i := range n {
		alias := fmt.Sprintf("tenant_%06d", i)
		p.Steps = append(p.Steps, planner.Step{Op: planner.AlterAlias, Database: "default", Alias: alias, From: alias + "_v1", To: alias + "_v2"})
	}
	p.Summary.Switch = n
	for i := range n / 10 {
		p.Steps = append(p.Steps, planner.Step{Op: planner.DropCollection, Database: "default", Collection: fmt.Sprintf("tenant_%06d_v1", i*10), ID: "455632177914940001"})
		p.Summary.Retire++
	}
	return report.Report{Plan: p, Proof: proved(len(p.Steps))}
}
