package formats_test

import (
	"errors"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/report"
	"aliasctl/manifest"
	"aliasctl/planner"
)

// grants copies what roles have, and checks that none loses anything.
func grants() report.Report {
	grant := func(role, privilege, kind string) planner.Step {
		return planner.Step{Op: planner.GrantPrivilege, Database: "default", Collection: "products_v42", From: "products_v41", Role: role, Privilege: privilege, ObjectType: kind}
	}
	move := alter("products", "products_v41", "products_v42")
	p := altering(move)
	p.Steps = []planner.Step{
		grant("app_readers", "Query", "Collection"), grant("app_readers", "Search", "Collection"),
		grant("nightly_export_of_the_analytics_team", "CollectionReadOnly", "Global"), move,
	}
	p.Summary.Grant = 3
	p.Checks = []planner.Check{
		checked("products", manifest.SameGrants, "3 roles", "3 of 3 roles", planner.CheckPassed, `role "etl" loses Insert and Upsert; only reading decides`),
	}
	return report.Report{Plan: p, Proof: proved(4), StatePath: "prod.state.json"}
}

// grantsTakenBack is the same, applied: the switch went back.
func grantsTakenBack() report.Report {
	r := grants()
	cause := errors.New(`the canary of alias "products" of database "default" failed: the answers are empty`)
	r.Applied = true
	for i, s := range r.Plan.Steps {
		result := executor.Result{Step: s, Outcome: executor.SwitchedBack, Err: cause, Took: time.Duration(i+2) * time.Millisecond}
		switch i {
		case 1:
			result.Outcome, result.Err = executor.Applied, nil
			result.Note = `left granted: revoking it would take "GetLoadState" from the role too`
		case 2:
			result.Outcome = executor.Applied
			result.Err = &executor.RevokeError{Database: s.Database, Collection: s.Collection, Role: s.Role, Privilege: s.Privilege, Cause: cause, Err: errors.New("permission denied")}
		}
		r.Results = append(r.Results, result)
	}
	return r
}
