package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/safetext"
)

// textQueries is how many golden queries a text shows.
const textQueries = 5

// checks prints the preflight: the checks of each alias below its switch, what
// is wrong below its check.
func (t *text) checks(s report.Section) {
	t.Row(2, append([]layout.Word{{Text: s.Title + ":", Ink: t.Title}}, listed(strings.Split(s.Remark, ", "), "", "", t.Title)...)...)
	widths := t.widths(s.Table)
	head := make([]report.Cell, len(s.Table.Columns))
	for i, c := range s.Table.Columns {
		head[i] = report.Cell{Text: strings.ToLower(c.Head), Tone: report.Faint}
	}
	t.cells(widths, head[1:])
	for row := range s.Table.Rows {
		if row.Group != nil {
			words := []layout.Word{{Text: "  " + row.Group[0], Ink: t.Title, Pad: 2 + t.names + 1}}
			for _, s := range row.Group[1:] {
				words = append(words, layout.Word{Text: s})
			}
			t.Row(6, words...)
		}
		t.cells(widths, row.Cells[1:])
		for _, detail := range row.Cells[len(row.Cells)-1].Small {
			t.Prose("      ", detail)
		}
		if row.Golden != nil {
			t.golden(row.Golden)
		}
	}
}

// golden prints the golden queries that agree least.
func (t *text) golden(b *report.Bars) {
	t.Prose("      ", b.Title)
	shown, rest := b.Worst(textQueries)
	t.Line(t.Faint, fmt.Sprintf("%11s %8s %8s %8s", "query", "overlap", "blue", "green"))
	for _, q := range shown {
		t.Line(layout.Paint{}, fmt.Sprintf("%11d %8s %8s %8s", q.Number, q.Overlap.Text, q.Blue.Text, q.Green.Text))
	}
	if rest != "" {
		t.Prose("      ", rest)
	}
}

const (
	checkIndent = 4
	// leastCell is the narrowest column that text still reads well in.
	leastCell = 12
)

// widths are those of the columns of a table but for its first one, which
// stands above the rows. The second and the third share what the others leave;
// no widths at all when that is too little.
func (t *text) widths(table *report.Table) []int {
	var widths []int
	for _, c := range table.Columns[1:] {
		widths = append(widths, len(c.Head))
	}
	for row := range table.Rows {
		for i, c := range row.Cells[1:] {
			widths[i] = max(widths[i], utf8.RuneCountInString(safetext.Line(c.Text)))
		}
	}
	room := t.Width - checkIndent
	for i, w := range widths {
		if i > 0 {
			room -= 2 // between the columns
		}
		if i != 1 && i != 2 {
			room -= w
		}
	}
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

// cells prints one row in columns. A cell that is wider than its column goes on
// below itself. Without columns, the row is a sentence with the last cell, the
// verdict, after the first.
func (t *text) cells(widths []int, row []report.Cell) {
	if widths == nil {
		words := []string{row[0].Text, row[len(row)-1].Text}
		for _, c := range row[1 : len(row)-1] {
			words = append(words, c.Text)
		}
		words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
		t.Prose(strings.Repeat(" ", checkIndent), strings.Join(words, ", "))
		return
	}
	cells := make([][]string, len(row))
	height := 0
	for i, cell := range row {
		cells[i] = layout.Break(safetext.Line(cell.Text), widths[i])
		height = max(height, len(cells[i]))
	}
	for y := range height {
		blanks := checkIndent
		for i, lines := range cells {
			n := 0
			if y < len(lines) && lines[y] != "" {
				t.Blanks(blanks)
				t.Put(t.ink(row[i].Tone), lines[y])
				n = utf8.RuneCountInString(lines[y])
				blanks = 0
			}
			blanks += widths[i] - n + 2
		}
		t.WriteByte('\n')
	}
}
