package render

import (
	"cmp"
	_ "embed" // for the style sheet
	"io"
	"strconv"
	"strings"

	"aliasctl/executor"
	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

//go:embed report.css
var styleSheet string

// HTML writes the report as one file that needs nothing else: no network, no
// script. It is for a browser of any width, light or dark, and for paper. A
// plan of any size is written as it goes. The only errors are those of w.
func HTML(w io.Writer, r Report) error {
	p := newHTMLPage(w, newNames(r.Plan))
	said, _ := headline(r)
	p.head(said, summaryLine(r.Plan.Summary), r.Plan.Cluster)
	p.verdict(r)
	p.problems(r.Proof)
	failed, switched := told(r.Cutovers)
	p.cutovers(r, failed, alertBad)
	p.failures(r)
	p.conflicts(r.Plan.Conflicts)
	p.refusals(r.Refusals)
	p.losses(r)
	p.drift(r.Plan)
	p.checks(r.Plan.Checks)
	p.graph(r.Plan)
	if r.Applied {
		p.cutovers(r, switched, "")
		p.results(r.Results)
	} else {
		p.groupsOf(r.Plan.Steps)
		p.steps(r.Plan.Steps)
	}
	p.notes(r.Plan.Notes)
	p.proof(r.Proof)
	return p.end()
}

func (p *htmlPage) end() error {
	p.WriteString("</main>\n</body>\n</html>\n")
	return p.Flush()
}

// head forbids the page to load anything, whatever it may hold. The empty icon
// keeps a browser from asking for one.
func (p *htmlPage) head(said, description string, c planner.Cluster) {
	title := "aliasctl: " + said
	if c.Label != "" {
		title += " (" + c.Label + ")"
	}
	p.WriteString(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
`)
	p.say("<meta name=\"description\" content=\"%s\">\n<title>%s</title>\n", description, title)
	p.WriteString("<style>\n" + styleSheet + "</style>\n</head>\n<body>\n<main>\n")
}

func (p *htmlPage) verdict(r Report) {
	said, tone := headline(r)
	program := "aliasctl plan"
	if r.Applied {
		program = "aliasctl apply"
	}
	p.openVerdict(program, said, tone)
	if r.Applied {
		p.say("<p>%s</p>\n", appliedLine(r.Results))
	}
	if r.offline() {
		p.say("<p>%s</p>\n", sentence(strings.TrimSpace(offlineLine)))
	}
	p.WriteString("<dl class=\"facts\">\n")
	which, at := r.state()
	p.place(r.Plan.Cluster, which, at, r.StatePath)
	if choices := r.Plan.Choices; len(choices) > 0 {
		p.WriteString("<dt>Flags</dt><dd>")
		for _, c := range choices {
			p.say("<span class=\"name\">%s</span> ", c.String())
		}
		p.WriteString("</dd>\n")
	}
	p.say("<dt>Proof</dt><dd>%s</dd>\n</dl>\n</header>\n", strings.TrimPrefix(proofSummary(r.Proof), "proof: "))

	p.WriteString("<ul class=\"counts\">\n")
	s := r.Plan.Summary
	for _, c := range []struct {
		n     int
		what  string
		class string
	}{
		{s.Create, "to create", string(planner.CreateAlias)},
		{s.Switch, "to switch", string(planner.AlterAlias)},
		{s.Verify, "to verify", string(planner.VerifyAlias)},
		{s.Drop, "to drop", string(planner.DropAlias)},
		{s.Retire, "to retire", string(planner.DropCollection)},
		{s.Adopt, "to adopt", string(planner.Adopt)},
		{s.Forget, "to forget", string(planner.Forget)},
		{s.Unchanged, "unchanged", "unchanged"},
		{s.Conflicts, quantity.Noun(s.Conflicts, "conflict"), string(toneBad)},
	} {
		if c.n == 0 && c.class == string(planner.VerifyAlias) {
			continue // rare
		}
		if c.n > 0 {
			c.class += " some"
		}
		p.say("<li class=\"%s\"><b>%s</b> %s</li>\n", c.class, strconv.Itoa(c.n), c.what)
	}
	p.WriteString("</ul>\n")
}

// openVerdict opens the first card of a page; the caller closes it.
func (p *htmlPage) openVerdict(program, said string, tone tone) {
	p.say("<header class=\"card verdict %s\">\n<p class=\"program\">%s</p>\n<h1>%s</h1>\n", string(tone), program, sentence(said))
}

// place says what was compared: which cluster, and which state.
func (p *htmlPage) place(c planner.Cluster, which, at, path string) {
	if c.Label != "" || c.URI != "" {
		p.WriteString("<dt>Cluster</dt><dd>")
		if c.Label != "" {
			p.say("<strong>%s</strong> ", c.Label)
		}
		p.say("<span class=\"name\">%s</span></dd>\n", c.URI)
	}
	p.say("<dt>State</dt><dd>%s", strings.TrimPrefix(which, "state "))
	if path != "" {
		p.say(" %s <span class=\"name\">%s</span>", at, path)
	}
	p.WriteString("</dd>\n")
}

// sentence begins with a capital letter, as a heading does.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// section opens a part of the page; the caller closes it.
func (p *htmlPage) section(class, title string) {
	p.say("<section class=\"card%s\">\n<h2>%s</h2>\n", class, title)
}

const (
	alertBad  = " alert bad"
	alertLoss = " alert loss"
)

func (p *htmlPage) problems(proof planner.Proof) {
	if proof.OK {
		return
	}
	p.section(alertBad, "The proof failed")
	p.WriteString("<p>This is a defect of aliasctl. Nothing may be applied.</p>\n")
	p.sentences("plain", proof.Problems)
	p.WriteString("</section>\n")
}

// sentences is a list of them, or nothing.
func (p *htmlPage) sentences(class string, list []string) {
	if len(list) == 0 {
		return
	}
	p.say("<ul class=\"%s\">\n", class)
	for _, s := range list {
		p.WriteString("<li>")
		p.prose(s)
		p.WriteString("</li>\n")
	}
	p.WriteString("</ul>\n")
}

// failures are the results that a reader must know more about.
func (p *htmlPage) failures(r Report) {
	if !r.Applied {
		return
	}
	open := false
	for i, result := range r.Results {
		if result.Err == nil && result.Note == "" {
			continue
		}
		if !open {
			p.section(alertBad, "What to look at")
			p.WriteString("<ul class=\"list\">\n")
			open = true
		}
		c := p.changeOf(i, result.Step)
		p.say("<li>Step %s, %s <strong class=\"name\">%s</strong>: <strong>%s</strong>\n", c.number, c.verb, c.name, became(result))
		if result.Err != nil {
			p.WriteString("<p>")
			p.prose(reason(result.Err))
			p.WriteString("</p>\n")
		}
		if result.Note != "" {
			p.WriteString("<p>")
			p.prose(result.Note)
			p.WriteString("</p>\n")
		}
		p.WriteString("</li>\n")
	}
	if open {
		p.WriteString("</ul>\n</section>\n")
	}
}

func (p *htmlPage) conflicts(conflicts []planner.Conflict) {
	if len(conflicts) == 0 {
		return
	}
	p.section(alertBad, "Conflicts")
	p.WriteString("<ul class=\"list\">\n")
	for _, c := range conflicts {
		p.say("<li><strong class=\"name\">%s</strong><span class=\"kind\">%s</span>\n<p>", p.ofConflict(c), string(c.Kind))
		p.prose(c.Reason)
		p.WriteString("</p>\n")
		if c.Alias != "" {
			p.say("<dl class=\"facts\"><dt>want</dt><dd class=\"name\">%s</dd><dt>last applied</dt><dd class=\"name\">%s</dd><dt>live</dt><dd class=\"name\">%s</dd></dl>\n",
				cmp.Or(c.Want, "nothing"), cmp.Or(c.Last, "never"), cmp.Or(c.Live, "unbound"))
		}
		p.waysOut(c.WaysOut...)
		p.WriteString("</li>\n")
	}
	p.WriteString("</ul>\n</section>\n")
}

func (p *htmlPage) refusals(refusals []planner.Refusal) {
	if len(refusals) == 0 {
		return
	}
	p.section(alertBad, "Refused by a guard")
	p.WriteString("<ul class=\"list\">\n")
	for _, r := range refusals {
		p.say("<li><strong>%s</strong>\n<p>", r.Guard)
		p.prose(r.Reason)
		p.WriteString("</p>\n")
		p.waysOut(r.WayOut)
		p.WriteString("</li>\n")
	}
	p.WriteString("</ul>\n</section>\n")
}

func (p *htmlPage) waysOut(ways ...string) {
	if len(ways) > 0 {
		p.say("<p class=\"ways-title\"><strong>%s</strong></p>\n", quantity.Noun(len(ways), "Way")+" out")
	}
	p.sentences("ways", ways)
}

// losses names what is gone for good and what readers will miss. The table of
// steps has the rest of it.
func (p *htmlPage) losses(r Report) {
	l := newLosses(r)
	if l.none() {
		return
	}
	var titles []string
	if n := len(l.collections); n > 0 {
		titles = append(titles, quantity.Of(n, "collection")+" dropped for good")
	}
	if n := len(l.aliases); n > 0 {
		titles = append(titles, quantity.Of(n, "alias")+" dropped")
	}
	if n := len(l.gaps); n > 0 {
		titles = append(titles, quantity.Of(n, "gap"))
	}
	p.section(alertLoss, strings.Join(titles, ", "))
	p.WriteString("<ul class=\"plain\">\n")
	for _, s := range l.collections {
		p.say("<li>collection <strong class=\"name\">%s</strong>", p.of(s))
		if s.From != "" {
			p.say(", id <span class=\"name\">%s</span>", s.From)
		}
		for _, fact := range destroyed(s) {
			p.say(", %s", fact)
		}
		p.WriteString("</li>\n")
	}
	for _, s := range l.aliases {
		p.say("<li>alias <strong class=\"name\">%s</strong>, was <span class=\"name\">%s</span></li>\n", p.of(s), cmp.Or(s.From, "unbound"))
	}
	if n := len(l.gaps); n > 0 {
		p.say("<li>%s</li>\n", gapsLine(n))
	}
	p.WriteString("</ul>\n</section>\n")
}

func (p *htmlPage) drift(plan planner.Plan) {
	open := false
	p.drifted(plan, func(name, live, fate string) {
		if !open {
			p.section("", "Changed outside aliasctl")
			p.WriteString("<table class=\"drifts\">\n<thead><tr><th>Alias</th><th>Now</th><th>What becomes of it</th></tr></thead>\n<tbody>\n")
			open = true
		}
		p.say("<tr><td class=\"name\">%s</td><td class=\"name\">%s</td><td>%s</td></tr>\n", name, live, fate)
	})
	if open {
		p.WriteString("</tbody>\n</table>\n</section>\n")
	}
}

func (p *htmlPage) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	p.section("", "Notes")
	p.sentences("plain", notes)
	p.WriteString("</section>\n")
}

func (p *htmlPage) proof(proof planner.Proof) {
	p.section("", "Proof")
	p.say("<p>%s</p>\n", sentence(strings.TrimPrefix(proofSummary(proof), "proof: ")))
	p.WriteString("<p class=\"faint\">The plan was replayed on a model of the cluster and cut at every place. Looked for at each: an alias that exists before and after and is unbound, an alias that points at a dropped collection, a change of something unmanaged, and another end when it is planned again from there.</p>\n")
	if len(proof.Gaps) > 0 {
		p.say("<h3>%s</h3>\n<ul class=\"plain\">\n", quantity.Of(len(proof.Gaps), "gap"))
		for _, gap := range proof.Gaps {
			p.say("<li class=\"name\">%s</li>\n", gap)
		}
		p.WriteString("</ul>\n")
	}
	p.WriteString("</section>\n")
}

// outcomeClass is how an outcome is coloured.
func outcomeClass(r executor.Result) string {
	switch {
	case well(r):
		return "ok"
	case r.Outcome == executor.NotReached:
		return "faint"
	}
	return "no"
}
