package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xrash/smetrics"

	"aliasctl/internal/safetext"
)

// maxProblems is how many problems of one run are kept and printed. A file of
// a million bad lines must not cost more memory than its decoding does.
const maxProblems = 1000

// Problem is one thing that is wrong with a manifest, at its place.
type Problem struct {
	Pos     Position
	Message string
	Hint    string // what helps, "" when the message is enough
}

// String is `FILE:LINE:COLUMN: error: MESSAGE`, followed by an indented second
// line with the hint when there is one. It is safe to print: a file may have any
// name, and a field of it any other.
func (p Problem) String() string {
	text := safetext.Line(fmt.Sprintf("%s: error: %s", p.Pos, p.Message))
	if p.Hint != "" {
		text += "\n    hint: " + safetext.Line(p.Hint)
	}
	return text
}

// Problems is everything that is wrong with the manifests of one run. It is
// the error of Load when the files could be read but not be accepted.
type Problems struct {
	List []Problem // in the order of the files, then of lines and columns
	More int       // how many were found beyond those in List
}

// Error is one problem a line, hints on lines of their own.
func (p *Problems) Error() string {
	var b strings.Builder
	for i, problem := range p.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(problem.String())
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "\n... and %d more problems", p.More)
	}
	return b.String()
}

// AsProblems returns the problems that err carries, if it carries any.
func AsProblems(err error) (*Problems, bool) {
	var p *Problems
	return p, errors.As(err, &p)
}

// collector gathers the problems of a run as they are found.
type collector struct {
	found []Problem
	more  int
}

// full reports that a further problem will be counted and not kept, so that what
// is only needed for its text need not be computed.
func (c *collector) full() bool { return len(c.found) >= maxProblems }

func (c *collector) report(pos Position, hint, format string, args ...any) {
	if c.full() {
		c.more++
		return
	}
	c.found = append(c.found, Problem{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// err is nil, or a *Problems in the order of files, which are given in the
// order in which they were read.
func (c *collector) err(files []string) error {
	if len(c.found) == 0 {
		return nil
	}
	order := make(map[string]int, len(files))
	for i, f := range files {
		order[f] = i
	}
	slices.SortStableFunc(c.found, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(order[a.Pos.File], order[b.Pos.File]),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	// What an anchor marks is read, and its problems are found, at every use.
	return &Problems{List: slices.Compact(c.found), More: c.more}
}

// quoted shows a value of a manifest in a message: quoted, and cut where it is
// too long to read.
type quoted string

func (q quoted) String() string {
	const most = 80
	if len(q) <= most {
		return strconv.Quote(string(q))
	}
	return strconv.Quote(strings.ToValidUTF8(string(q[:most]), "")) + "..."
}

// fieldHint helps with a field that does not exist: by the field that is
// spelt nearly so, or by all there are.
func fieldHint(name string, fields []field) string {
	const maxLength = 32 // a longer name is no misspelling of ours
	best, nearest := "", 3
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		if len(name) > maxLength {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), f.name, 1, 1, 1); d < nearest {
			best, nearest = f.name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known fields: " + strings.Join(names, ", ")
}

// nearestName is the name that is spelt most like another one, "" when none is near:
// at most two letters apart, and at most a third of the name.
func nearestName(name string, names []string) string {
	const most = 10_000 // bounds the work of a hint
	best, distance := "", min(3, len(name)/3+1)
	for i, other := range names {
		if i == most || len(name) > MaxName {
			break
		}
		if d := len(other) - len(name); d >= distance || -d >= distance {
			continue
		}
		if d := smetrics.WagnerFischer(strings.ToLower(name), strings.ToLower(other), 1, 1, 1); d < distance {
			best, distance = other, d
		}
	}
	return best
}
