package render

import (
	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// openSteps is the largest table of steps that is not folded.
const openSteps = 30

// steps is the table of the steps, or of the results where there are some. It
// takes the room up to the limit.
func (m *markdown) steps(r Report, limit int) {
	all, results := r.Plan.Steps, r.Results
	n := len(all)
	if r.Applied {
		n = len(results)
	}
	if n == 0 {
		return
	}
	const header = "| # | Step | Name | Before | After |"
	folded := n > openSteps
	if folded {
		m.say("<details><summary>%s</summary>\n\n", quantity.Of(n, "step"))
	} else {
		m.say("#### Steps\n\n")
	}
	if r.Applied {
		m.say("%s Outcome |\n| --: | --- | --- | --- | --- | --- |\n", header)
	} else {
		m.say("%s\n| --: | --- | --- | --- | --- |\n", header)
	}

	const roomClosing = 200
	left := 0
	for i := 0; i < n; {
		start := m.Len()
		next := i + 1
		if r.Applied {
			m.row(m.changeOf(i, results[i].Step), &results[i])
		} else {
			c := m.changeAt(all, i)
			m.row(c, nil)
			next = i + c.steps
		}
		if m.Len() > limit-roomClosing {
			m.Truncate(start)
			left = n - i
			break
		}
		i = next
	}
	if left > 0 {
		m.say("\n*%s more, left out here: a report as text, JSON or HTML has them all*\n", quantity.Of(left, "step"))
	}
	m.say("\n")
	if folded {
		m.say("</details>\n\n")
	}
}

func (m *markdown) row(c change, result *executor.Result) {
	verb, from, to := c.verb, markdownCode(c.from), markdownCode(c.to)
	switch c.op {
	case planner.DropCollection:
		verb = "**" + verb + "**"
		to = "**dropped for good**"
		if from != "" {
			from = "id " + from
		}
	case planner.DropAlias:
		to = "unbound"
	}
	if mark := c.mark(); mark != "" {
		verb += " (" + markdownProseOf(mark) + ")"
	}
	m.say("| %s | %s | %s | %s | %s |", c.number, verb, markdownCode(c.name), from, to)
	if result != nil {
		m.WriteByte(' ')
		if well(*result) || result.Outcome == executor.NotReached {
			m.WriteString(became(*result))
		} else {
			m.say("**%s**", became(*result))
		}
		for _, said := range times(*result) {
			m.say(", %s", said)
		}
		m.WriteString(" |")
	}
	m.WriteByte('\n')
}
