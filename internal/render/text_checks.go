package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"aliasctl/planner"
)

// textQueries is how many golden queries a text shows.
const textQueries = 5

// checks is the preflight table: the checks of each alias below its switch,
// what is wrong below its check.
func (t text) checks() {
	checks := t.plan.Checks
	if len(checks) == 0 {
		return
	}
	t.WriteByte('\n')
	t.row(2, append([]word{{text: "Preflight:", ink: t.title}}, listed(checkCounts(checks), "", "", t.title)...)...)
	columns := t.checkColumns(checks)
	t.cells(columns, word{text: "check", ink: t.faint}, word{text: "blue", ink: t.faint}, word{text: "green", ink: t.faint}, word{text: "verdict", ink: t.faint})
	steps := moves(t.plan)
	var alias planner.Key
	for i, c := range checks {
		if key := (planner.Key{Database: c.Database, Name: c.Alias}); i == 0 || key != alias {
			alias = key
			words := []word{{text: "  " + t.key(c.Database, c.Alias), ink: t.title, pad: 2 + t.column + 1}}
			if s := steps[key]; s.To != "" {
				words = append(words, word{text: s.From}, word{text: "-> " + s.To})
			}
			t.row(6, words...)
		}
		t.cells(columns, word{text: string(c.Name)}, word{text: c.Blue}, word{text: c.Green}, word{text: verdictWord(c.Verdict), ink: t.verdictInk(c.Verdict)})
		for _, detail := range c.Details {
			t.prose("      ", detail)
		}
		t.golden(c.Golden)
	}
}

func (p *page) verdictInk(v planner.Verdict) paint {
	switch v {
	case planner.CheckPassed:
		return p.good
	case planner.CheckFailed, planner.CheckUnknown:
		return p.bad
	}
	return p.change
}

// golden shows the golden queries that agree least.
func (t text) golden(f *planner.GoldenFact) {
	if f == nil || len(f.Queries) == 0 {
		return
	}
	t.prose("      ", goldenTitle(f))
	shown, left := worst(f, textQueries)
	t.line(t.faint, fmt.Sprintf("%11s %8s %8s %8s", "query", "overlap", "blue", "green"))
	for _, q := range shown {
		t.line(paint{}, fmt.Sprintf("%11d %8s %8s %8s", q.number, overlap(q.Overlap), latency(q.Blue), latency(q.Green)))
	}
	if rest := goldenRest(shown, left); rest != "" {
		t.prose("      ", rest)
	}
}

const (
	checkIndent = 4
	// leastCell is the narrowest column that text still reads well in.
	leastCell = 12
)

// checkColumns are the widths of check, blue, green and verdict. Blue and
// green share what the others leave; no widths at all when that is too little.
func (t text) checkColumns(checks []planner.Check) []int {
	widths := []int{len("check"), len("blue"), len("green"), len("verdict")}
	for _, c := range checks {
		for i, text := range []string{string(c.Name), c.Blue, c.Green, verdictWord(c.Verdict)} {
			widths[i] = max(widths[i], utf8.RuneCountInString(Clean(text)))
		}
	}
	const gaps = 3 * 2
	room := t.width - checkIndent - gaps - widths[0] - widths[3]
	if room < 2*leastCell && widths[1]+widths[2] > room {
		return nil
	}
	switch blue, green := widths[1], widths[2]; {
	case blue+green <= room:
	case blue <= room/2:
		widths[2] = room - blue
	case green <= room/2:
		widths[1] = room - green
	default:
		widths[1], widths[2] = room/2, room-room/2
	}
	return widths
}

// cells writes one row of the table of checks. A cell that is wider than its
// column goes on below itself. Without columns, the row is a sentence.
func (t text) cells(widths []int, row ...word) {
	if widths == nil {
		var words []string
		for _, i := range []int{0, 3, 1, 2} {
			if row[i].text != "" {
				words = append(words, row[i].text)
			}
		}
		t.prose(strings.Repeat(" ", checkIndent), strings.Join(words, ", "))
		return
	}
	cells := make([][]string, len(row))
	height := 0
	for i, cell := range row {
		cells[i] = broken(Clean(cell.text), widths[i])
		height = max(height, len(cells[i]))
	}
	for y := range height {
		blanks := checkIndent
		for i, lines := range cells {
			n := 0
			if y < len(lines) && lines[y] != "" {
				t.blanks(blanks)
				t.put(row[i].ink, lines[y])
				n = utf8.RuneCountInString(lines[y])
				blanks = 0
			}
			blanks += widths[i] - n + 2
		}
		t.WriteByte('\n')
	}
}

// broken is text in lines of at most width characters. What a check shows are
// words and numbers; a longer word can only come from a strange server.
func broken(text string, width int) []string {
	var lines []string
	line, n := "", 0
	for _, w := range strings.Fields(text) {
		for runes := []rune(w); len(runes) > 0; {
			head := runes[:min(len(runes), width)]
			runes = runes[len(head):]
			switch {
			case n > 0 && n+1+len(head) <= width:
				line, n = line+" "+string(head), n+1+len(head)
			default:
				if n > 0 {
					lines = append(lines, line)
				}
				line, n = string(head), len(head)
			}
		}
	}
	return append(lines, line)
}
