package render

import "github.com/fatih/color"

// palette holds one colour per meaning. A nil colour paints nothing, so the
// zero palette is plain text.
type palette struct {
	add, change, remove, destroy, record *color.Color
	addMark, removeMark                  *color.Color // the changed part of a diff line
	title, faint, good, bad              *color.Color
}

func newPalette(on bool) palette {
	if !on {
		return palette{}
	}
	// The caller has decided: EnableColor keeps the library from deciding
	// again by looking at os.Stdout and NO_COLOR.
	c := func(attributes ...color.Attribute) *color.Color {
		c := color.New(attributes...)
		c.EnableColor()
		return c
	}
	return palette{
		add:        c(color.FgGreen),
		change:     c(color.FgYellow),
		remove:     c(color.FgRed),
		destroy:    c(color.FgRed, color.Bold),
		record:     c(color.FgCyan),
		addMark:    c(color.FgGreen, color.ReverseVideo),
		removeMark: c(color.FgRed, color.ReverseVideo),
		title:      c(color.Bold),
		faint:      c(color.Faint),
		good:       c(color.FgGreen),
		bad:        c(color.FgRed, color.Bold),
	}
}

func paint(c *color.Color, s string) string {
	if c == nil || s == "" {
		return s
	}
	return c.Sprint(s)
}
