package cli

import (
	"context"
	"fmt"
	"strings"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/report/text"
	"aliasctl/internal/sync"
)

// confirm asks before an apply, where a person can answer. In CI, or
// with --yes, the review of the plan has taken place elsewhere.
func (r *session) confirm(planned report.Report) error {
	p := planned.Plan
	if len(p.Steps) == 0 || r.o.yes || !r.asksPeople() {
		return nil
	}
	if r.outputs.format.Whole() { // the plan was not shown yet
		if err := r.tellPlan(planned); err != nil {
			return err
		}
	}
	r.ask(fmt.Sprintf("Apply this to %s? Only \"yes\" does:", p.Cluster.URI))
	answer, err := readAnswer(r.signals.Soft, r.streams)
	switch {
	case r.signals.Soft.Err() != nil:
		if r.events == nil {
			r.line("") // below the question
		}
		return &sync.Failure{Code: sync.Interrupted, What: "interrupted: nothing was changed", Hint: "the same command again goes on from here"}
	case err == nil && answer == "yes":
		return nil
	default:
		return &sync.Failure{Code: sync.Failed, What: "not applied: the answer was not \"yes\"", Hint: "nothing was changed; `--yes` does not ask"}
	}
}

// tellPlan shows a plan to whoever is asked about it.
func (r *session) tellPlan(plan report.Report) error {
	if r.events == nil {
		return r.outputs.render(r.streams, r.err, formats.Text, plan)
	}
	var message strings.Builder
	err := text.Plan(&message, r.redactedDocument(plan), layout.Style{})
	r.events.write(event{Event: "message", Text: message.String()})
	return err
}

// ask writes a question; the answer is typed behind it.
func (s *streams) ask(question string) {
	if s.events != nil {
		s.say("%s", question)
		return
	}
	fmt.Fprint(s.err, s.safe(question), " ")
}

// readAnswer reads one word, or ends with the context.
func readAnswer(ctx context.Context, s *streams) (string, error) {
	type answer struct {
		word string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		var a answer
		_, a.err = fmt.Fscanln(s.in, &a.word)
		got <- a
	}()
	select {
	case a := <-got:
		return a.word, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
