package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/report"
	"aliasctl/internal/sync"
	"aliasctl/planner"
	"aliasctl/planner/drift"
)

func historyCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:        "history",
		Usage:       "list the last applies of a state, the newest first",
		Description: "Reads the state alone; the cluster is not asked.\n\nExample:   aliasctl history --state prod.state.json",
		Flags:       flagList([]cli.Flag{rollbackFileFlag(o)}, stateFlags(o), []cli.Flag{textOrJSONFlag(o)}),
		Action: o.run(s, func(r *session, _ *cli.Context) error {
			if err := o.textOrJSON(); err != nil {
				return err
			}
			return r.withState((*session).showHistory)
		}),
	}
}

func (r *session) showHistory(state sync.State) error {
	entries := slices.Clone(state.History)
	slices.Reverse(entries)
	if r.o.output == "json" {
		return r.historyJSON(state.State, entries)
	}
	if err := r.historyText(entries); err != nil {
		return err
	}
	for _, o := range drift.OwedBy(state.State, nil) {
		r.say("aliasctl: %s; %s", report.UnverifiedLine(o), report.Outlook(o))
	}
	return nil
}

// historyEntry is an apply with those of its switches that are not verified.
type historyEntry struct {
	planner.Entry
	Unverified []string `json:"unverified,omitempty"` // as DATABASE/ALIAS
}

func (r *session) historyJSON(state planner.State, list []planner.Entry) error {
	entries := []historyEntry{}
	owed := make(map[planner.Key]string)
	for _, o := range drift.OwedBy(state, nil) {
		if o.Progress == drift.Switched {
			owed[planner.Key{Database: o.Database, Name: o.Alias}] = o.To
		}
	}
	for _, e := range list { // the newest first: an older switch to there was another
		entry := historyEntry{Entry: e}
		for _, c := range e.Changes {
			k := planner.Key{Database: c.Database, Name: c.Alias}
			if to, found := owed[k]; found && to == c.To {
				entry.Unverified = append(entry.Unverified, c.Database+"/"+c.Alias)
			}
			delete(owed, k)
		}
		entries = append(entries, entry)
	}
	return r.answerJSON(entries)
}

func (r *session) historyText(entries []planner.Entry) error {
	if len(entries) == 0 {
		return r.answer("no apply has been recorded yet\n")
	}
	var rows [][]string
	for _, e := range entries {
		bound, unbound := 0, 0
		for _, change := range e.Changes {
			if change.To == "" {
				unbound++
			} else {
				bound++
			}
		}
		commit := e.Commit
		if len(commit) > 12 {
			commit = commit[:12]
		}
		mark := ""
		if e.Rollback {
			mark = " (rollback)"
		}
		rows = append(rows, []string{fmt.Sprint(e.Serial), e.At.Format(time.RFC3339), r.cell(e.User), r.cell(e.Host), r.cell(commit),
			fmt.Sprint(bound), fmt.Sprint(unbound), fmt.Sprint(e.Retired) + mark})
	}
	return r.table([]string{"SERIAL", "TIME", "USER", "HOST", "COMMIT", "BOUND", "UNBOUND", "RETIRED"}, rows)
}

// cell is a foreign value in a table, "-" for none.
func (s *streams) cell(value string) string {
	if value == "" {
		return "-"
	}
	return s.safe(value)
}
