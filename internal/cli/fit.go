package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"aliasctl/internal/layout"
)

// fit breaks the lines of a text that are wider than width, between blanks. What
// follows stands two columns further in than the line began; a word that is wider
// alone stays whole. A width of 0 leaves the text alone: in a pipe a line is a record.
func fit(text string, width int) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line)
		} else {
			head := line[:len(line)-len(strings.TrimLeft(line, " "))]
			b.WriteString(head)
			b.WriteString(strings.Join(layout.Wrap(line, width-len(head)-2), "\n"+head+"  "))
		}
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// table prints rows below a header, one a line where they fit or there is no set
// width. Elsewhere each row is a block of lines, with the header at their side.
func (s *streams) table(header []string, rows [][]string) error {
	width := s.style(s.out).Width
	if width > 0 && tableWidth(header, rows) > width {
		return writeBlocks(s.out, header, rows, width)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func tableWidth(header []string, rows [][]string) int {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell)+2)
		}
	}
	total := -2
	for _, n := range widths {
		total += n
	}
	return total
}

func writeBlocks(w io.Writer, header []string, rows [][]string, width int) error {
	names := 0
	for _, name := range header {
		names = max(names, len(name))
	}
	var b strings.Builder
	for i, row := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for k, cell := range row {
			if cell = strings.TrimSpace(cell); cell == "" || cell == "-" {
				continue
			}
			lines := strings.Join(layout.Wrap(cell, width-names-2), "\n"+strings.Repeat(" ", names+2))
			fmt.Fprintf(&b, "%-*s  %s\n", names, header[k], lines)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fitting is a log whose lines are broken where they do not fit.
type fitting struct {
	w     io.Writer
	width int
}

func (f fitting) Write(text []byte) (int, error) {
	if _, err := io.WriteString(f.w, fit(string(text), f.width)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// conversation is standard error for whole lines; a terminal draws a bar there.
func (s *streams) conversation() io.Writer {
	if width := s.style(s.err).Width; width > 0 && !isTerminal(s.err) {
		return fitting{s.err, width}
	}
	return s.err
}
