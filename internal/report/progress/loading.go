package progress

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
)

// loading is how far the load of one collection is.
type loading struct {
	name    string
	percent int
	said    time.Time // when the last line about it was written
	shown   int       // the percent of that line
}

// loadLine is by how many percent a load grows from one line of a log to the next.
const loadLine = 10

// Loading reports how much of a collection is in memory: a bar on a terminal, for all
// that are being loaded, and a line at times elsewhere.
func (p *Progress) Loading(i int, step planner.Step, percent int) {
	l := p.loads[i]
	if l == nil {
		if p.loads == nil {
			p.loads = make(map[int]*loading)
		}
		l = &loading{name: safetext.Line(step.Database + "/" + step.Collection), shown: -loadLine}
		p.loads[i] = l
	}
	l.percent = percent
	if p.bar != nil {
		p.drawLoads()
		return
	}
	if now := time.Now(); percent-l.shown >= loadLine || percent < l.shown || now.Sub(l.said) >= silence {
		l.shown, l.said = percent, now
		fmt.Fprintf(p.w, "aliasctl: loading %s: %d%%\n", l.name, percent)
	}
}

// drawLoads draws the bar of what is being loaded, in the place of that of the steps.
func (p *Progress) drawLoads() {
	sum, what := 0, quantity.Of(len(p.loads), "collection")
	for _, l := range p.loads {
		sum += l.percent
		if len(p.loads) == 1 {
			what = shorten(l.name, 24)
		}
	}
	if p.loadBar == nil {
		p.bar.Clear()
		p.loadBar = progressbar.NewOptions(100,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetWidth(16),
			progressbar.OptionThrottle(barInterval),
			progressbar.OptionUseANSICodes(true),
		)
	}
	p.loadBar.Describe("loading " + what)
	p.loadBar.Set(min(sum/len(p.loads), 99)) // at 100 it ends, and no load would be shown any more
}

// loaded notes the end of a load.
func (p *Progress) loaded(i int, r executor.Result) {
	if r.Op != planner.LoadCollection || p.loads[i] == nil {
		return
	}
	delete(p.loads, i)
	if p.loadBar != nil && len(p.loads) == 0 {
		p.loadBar.Clear()
		p.loadBar = nil
	}
}
