package render

import (
	"strings"

	"github.com/fatih/color"
)

// paint is what stands before and after a text to colour it; the zero paint
// colours nothing.
type paint struct{ before, after string }

// palette holds one paint per meaning. The zero palette is plain text.
type palette struct {
	add, change, remove, destroy, record paint
	addMark, removeMark                  paint // the changed part of a diff line
	title, faint, good, bad              paint
}

func newPalette(on bool) palette {
	if !on {
		return palette{}
	}
	return palette{
		add:        newPaint(color.FgGreen),
		change:     newPaint(color.FgYellow),
		remove:     newPaint(color.FgRed),
		destroy:    newPaint(color.FgRed, color.Bold),
		record:     newPaint(color.FgCyan),
		addMark:    newPaint(color.FgGreen, color.ReverseVideo),
		removeMark: newPaint(color.FgRed, color.ReverseVideo),
		title:      newPaint(color.Bold),
		faint:      newPaint(color.Faint),
		good:       newPaint(color.FgGreen),
		bad:        newPaint(color.FgRed, color.Bold),
	}
}

// newPaint takes the sequences from the library once: a plan of 100,000 steps
// is painted a million times.
func newPaint(attributes ...color.Attribute) paint {
	c := color.New(attributes...)
	c.EnableColor() // the caller has decided; the library would look at os.Stdout and NO_COLOR
	before, after, _ := strings.Cut(c.Sprint("|"), "|")
	return paint{before, after}
}
