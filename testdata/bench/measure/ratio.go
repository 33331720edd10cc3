package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
)

// runs are the costs of two sides that ran in turn.
type runs struct{ a, b []cost }

// inTurn runs a and b in turn, after one of each that does not count.
func inTurn(rounds int, a, b func() (cost, error)) (runs, error) {
	var r runs
	for i := range rounds + 1 {
		x, err := a()
		if err != nil {
			return r, err
		}
		y, err := b()
		if err != nil {
			return r, err
		}
		if i > 0 {
			r.a, r.b = append(r.a, x), append(r.b, y)
		}
	}
	return r, nil
}

// inside times something in this process, with no garbage of others around.
func inside(do func() error) func() (cost, error) {
	return func() (cost, error) {
		runtime.GC()
		started := time.Now()
		err := do()
		return cost{wall: time.Since(started)}, err
	}
}

// measure is one side of a cost, and how it is shown.
type measure struct {
	of   func(cost) float64
	show func(float64) string
}

var (
	wall = measure{func(c cost) float64 { return c.wall.Seconds() }, seconds}
	cpu  = measure{func(c cost) float64 { return c.cpu.Seconds() }, seconds}
	peak = measure{func(c cost) float64 { return float64(c.peak) }, mebibytes}
)

// row is one line of the table.
type row struct {
	target           int
	what             string
	a, b             string // what was measured on each side
	ratio, low, high float64
	limit            float64 // the ratio that is the target; 0 is for information
	least            bool    // the limit is the least, not the most
}

// atLeast makes the limit of a row the least.
func atLeast(r *row) { r.least = true }

// compare adds a row with the ratio of a to b.
func (b *bench) compare(target int, what string, r runs, m measure, limit float64, more ...func(*row)) {
	ratios := make([]float64, len(r.a))
	for i := range r.a {
		ratios[i] = m.of(r.a[i]) / m.of(r.b[i])
	}
	low, middle, high := quartiles(ratios)
	line := row{
		target: target, what: what, a: m.show(m.median(r.a)), b: m.show(m.median(r.b)),
		ratio: middle, low: low, high: high, limit: limit,
	}
	for _, change := range more {
		change(&line)
	}
	b.add(line)
}

// add adds a row, and shows it at once.
func (b *bench) add(r row) {
	b.rows = append(b.rows, r)
	b.line(r, func(format string, args ...any) { fmt.Fprintf(os.Stderr, format, args...) })
}

func (m measure) median(costs []cost) float64 {
	values := make([]float64, len(costs))
	for i, c := range costs {
		values[i] = m.of(c)
	}
	_, middle, _ := quartiles(values)
	return middle
}

func quartiles(values []float64) (low, middle, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		i := q * float64(len(sorted)-1)
		below := int(i)
		above := min(below+1, len(sorted)-1)
		return sorted[below] + (i-float64(below))*(sorted[above]-sorted[below])
	}
	return at(0.25), at(0.5), at(0.75)
}

func seconds(v float64) string {
	return time.Duration(v * float64(time.Second)).Round(roundTo(v)).String()
}

// roundTo keeps three digits.
func roundTo(v float64) time.Duration {
	switch {
	case v >= 1:
		return 10 * time.Millisecond
	case v >= 0.01:
		return 100 * time.Microsecond
	default:
		return time.Microsecond
	}
}

func mebibytes(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }

// print writes the table as Markdown.
func (b *bench) print(to io.Writer) {
	slices.SortStableFunc(b.rows, func(x, y row) int { return x.target - y.target })
	fmt.Fprintln(to, "| target | what | aliasctl | reference | ratio | quartiles | wanted | |")
	fmt.Fprintln(to, "| --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, r := range b.rows {
		b.line(r, func(format string, args ...any) { fmt.Fprintf(to, format, args...) })
	}
}

func (b *bench) line(r row, printf func(string, ...any)) {
	wanted, verdict := "", ""
	if r.limit > 0 {
		sign, met := "<=", r.ratio <= r.limit
		if r.least {
			sign, met = ">=", r.ratio >= r.limit
		}
		wanted, verdict = fmt.Sprintf("%s %g", sign, r.limit), "missed"
		if met {
			verdict = "met"
		}
	}
	printf("| %d | %s | %s | %s | %s | %s to %s | %s | %s |\n",
		r.target, r.what, r.a, r.b, figure(r.ratio), figure(r.low), figure(r.high), wanted, verdict)
}

func figure(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
