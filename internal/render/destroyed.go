package render

import (
	"strconv"
	"time"

	"aliasctl/planner"
)

// destroyed says what the drop of a collection takes away, as far as it is
// known: rows, age. An age needs the time of the report.
func destroyed(s planner.Step, now time.Time) []string {
	var facts []string
	if s.Rows != nil {
		noun := "rows"
		if *s.Rows == 1 {
			noun = "row"
		}
		facts = append(facts, thousands(*s.Rows)+" "+noun)
	}
	if s.MadeAt != nil && !now.IsZero() {
		facts = append(facts, "made "+ago(now.Sub(*s.MadeAt)))
	}
	if s.ReleaseFirst {
		facts = append(facts, "released first")
	}
	return facts
}

// thousands is a number that can be read: 1,200,000.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// ago is an age in the largest unit of which there are two at least, or in the
// one below: a collection of 40 days is not "1 month" old.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length time.Duration
		noun   string
	}{
		{365 * day, "year"},
		{30 * day, "month"},
		{day, "day"},
		{time.Hour, "hour"},
	} {
		if d >= 2*unit.length {
			return count(int(d/unit.length), unit.noun) + " ago"
		}
	}
	if d >= time.Minute {
		return count(int(d/time.Minute), "minute") + " ago"
	}
	return "just now"
}
