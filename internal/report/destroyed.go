package report

import (
	"fmt"
	"strconv"

	"aliasctl/planner"
)

// destroyed lists what is known of a collection that is dropped: its rows, and
// its place by age among the collections whose ids are known. Milvus gives no
// age.
func destroyed(s *planner.Step) []string {
	var facts []string
	if s.Rows != nil {
		noun := "rows"
		if *s.Rows == 1 {
			noun = "row"
		}
		facts = append(facts, thousands(*s.Rows)+" "+noun)
	}
	if s.Order != nil {
		facts = append(facts, inOrder(*s.Order))
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

// inOrder is the place of a collection by age: "2nd newest of 4".
func inOrder(o planner.Order) string {
	switch {
	case o.Place == 1:
		return fmt.Sprintf("newest of %d", o.Of)
	case o.Place == o.Of:
		return fmt.Sprintf("oldest of %d", o.Of)
	default:
		return fmt.Sprintf("%s newest of %d", ordinal(o.Place), o.Of)
	}
}

// ordinal is 2nd, 3rd, 11th, 21st.
func ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
