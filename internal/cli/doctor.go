package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/layout"
	"aliasctl/internal/quantity"
	"aliasctl/internal/safetext"
	"aliasctl/internal/sync"
	"aliasctl/manifest"
)

func doctorCommand(s *streams) *cli.Command {
	o := newOptions()
	return &cli.Command{
		Name:  "doctor",
		Usage: "check connection, token, privileges, state and lock",
		Description: "Changes nothing: privileges are tried on names that nothing has. Every line that\n" +
			"is not ok has a way out. Exit 1 when one fails.\n\n" +
			"Example:   aliasctl doctor --uri https://milvus.example:19530",
		Flags: flagList([]cli.Flag{
			&cli.StringFlag{Name: "database", Destination: &o.database, Value: manifest.DefaultDatabase, Usage: "check the privileges in the database `NAME`"},
			rollbackFileFlag(o),
		}, stateFlags(o), connectionFlags(o), []cli.Flag{verifyURIFlag(o, categoryConnection), textOrJSONFlag(o)}),
		Action: o.run(s, func(r *session, _ *cli.Context) error {
			if err := o.textOrJSON(); err != nil {
				return err
			}
			return r.doctor()
		}),
	}
}

// findingText lays a finding out: wrapped for a terminal of this width, and one line
// each where there is none (0), for what searches in it.
func findingText(f sync.Finding, width int) string {
	put := func(head, text string) string {
		lines := []string{text}
		if width > 0 {
			lines = layout.Wrap(text, max(width-len(head), 30))
		}
		return head + strings.Join(lines, "\n"+strings.Repeat(" ", len(head)))
	}
	text := put(fmt.Sprintf("%-8s %-30s ", f.Status, f.What), safetext.Line(f.Found))
	if f.WayOut != "" {
		text += "\n" + put(fmt.Sprintf("%-8s ", ""), safetext.Line("way out: "+f.WayOut))
	}
	return text
}

func (r *session) doctor() error {
	findings := sync.Doctor(r.signals.Soft, r.options(), r.o.database)
	failed := 0
	for _, f := range findings {
		if f.Status == sync.FoundFail {
			failed++
		}
	}
	if r.o.output == "json" {
		if err := r.answerJSON(struct {
			Version  int            `json:"version"`
			Findings []sync.Finding `json:"findings"`
		}{1, findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			if _, err := fmt.Fprintln(r.out, findingText(f, r.style(r.out).Width)); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return &sync.Failure{Code: sync.Failed, What: fmt.Sprintf("%s failed", quantity.Of(failed, "check")), Hint: "each one above has its way out"}
	}
	return nil
}
