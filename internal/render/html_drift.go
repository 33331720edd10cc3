package render

import (
	"io"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// html is a page of its own, with the same two lists as Markdown.
func (r DriftReport) html(w io.Writer) error {
	p := newHTMLPage(w, r.names())
	said, tone := r.headline()
	p.head(said, sentence(said), r.Cluster)
	p.openVerdict("aliasctl drift", said, tone)
	if r.Changed() > 0 {
		p.WriteString("<p>")
		p.prose(driftWayOut)
		p.WriteString("</p>\n")
	}
	p.WriteString("<dl class=\"facts\">\n")
	p.place(r.Cluster, serial(r.Serial), "in", r.StatePath)
	if r.Manifest {
		p.say("<dt>The manifest wants</dt><dd>%s</dd>\n", wants(r.Plan))
	}
	if r.Holder != "" {
		p.say("<dt>Lock</dt><dd>%s</dd>\n", r.Holder)
	}
	if n := len(r.Unmanaged); n > 0 {
		p.say("<dt>Not managed</dt><dd>%s</dd>\n", quantity.Of(n, "alias"))
	}
	p.WriteString("</dl>\n</header>\n")
	changed, left := r.split()
	p.driftTable(changedTitle, changed)
	p.driftTable(r.leftTitle(), left)
	if len(r.Unverified) > 0 {
		p.section("", "Not verified")
		p.WriteString("<ul>\n")
		for _, line := range r.unverifiedLines() {
			p.WriteString("<li>")
			p.prose(line)
			p.WriteString("</li>\n")
		}
		p.WriteString("</ul>\n</section>\n")
	}
	if r.ListUnmanaged && len(r.Unmanaged) > 0 {
		p.section("", "Not managed")
		p.WriteString("<ul>\n")
		for _, k := range r.Unmanaged {
			p.say("<li class=\"name\">%s</li>\n", k.String())
		}
		p.WriteString("</ul>\n</section>\n")
	}
	return p.end()
}

func (p *htmlPage) driftTable(title string, drift []planner.Drift) {
	if len(drift) == 0 {
		return
	}
	p.section("", title)
	p.WriteString("<table class=\"drift\">\n<thead><tr><th>Alias</th><th>Last applied</th><th>Now</th></tr></thead>\n<tbody>\n")
	for _, d := range drift {
		last, live := lastAndNow(d)
		p.say("<tr><td class=\"name\">%s</td><td class=\"name\">%s</td><td class=\"name\">", p.key(d.Database, d.Alias), last)
		if live == "" {
			p.WriteString("<i>unbound</i>")
		} else {
			p.text(live)
		}
		p.WriteString("</td></tr>\n")
	}
	p.WriteString("</tbody>\n</table>\n</section>\n")
}
