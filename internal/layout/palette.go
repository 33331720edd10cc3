package layout

import (
	"strings"

	"github.com/fatih/color"
)

// Paint is what stands before and after a text to colour it; the zero Paint
// colours nothing.
type Paint struct{ before, after string }

// Palette holds one Paint per meaning. The zero Palette is plain text.
type Palette struct {
	Add, Change, Remove, Destroy, Info Paint
	AddMark, RemoveMark                Paint // the changed part of a diff line
	Title, Faint, Good, Bad            Paint
}

func newPalette(on bool) Palette {
	if !on {
		return Palette{}
	}
	return Palette{
		Add:        newPaint(color.FgGreen),
		Change:     newPaint(color.FgYellow),
		Remove:     newPaint(color.FgRed),
		Destroy:    newPaint(color.FgRed, color.Bold),
		Info:       newPaint(color.FgCyan),
		AddMark:    newPaint(color.FgGreen, color.ReverseVideo),
		RemoveMark: newPaint(color.FgRed, color.ReverseVideo),
		Title:      newPaint(color.Bold),
		Faint:      newPaint(color.Faint),
		Good:       newPaint(color.FgGreen),
		Bad:        newPaint(color.FgRed, color.Bold),
	}
}

// newPaint takes the sequences from the library once: a plan of 100,000 steps
// is painted a million times.
func newPaint(attributes ...color.Attribute) Paint {
	c := color.New(attributes...)
	c.EnableColor() // the caller has decided; the library would look at os.Stdout and NO_COLOR
	before, after, _ := strings.Cut(c.Sprint("|"), "|")
	return Paint{before, after}
}
