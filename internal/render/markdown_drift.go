package render

import (
	"io"

	"aliasctl/internal/quantity"
	"aliasctl/planner"
)

// The room of the two lists, in bytes.
const (
	roomChanged = 45_000
	roomLeft    = 10_000
)

// markdown is a comment or a job summary of its own: what somebody else changed
// first, then what our own unfinished run has left.
func (r DriftReport) markdown(w io.Writer) error {
	m := &markdown{names: r.names()}
	said, _ := r.headline()
	m.say("%s\n### aliasctl: %s\n\n", DriftMarker(r.Cluster), said)
	if r.Manifest {
		m.say("The manifest wants: %s\\\n", wants(r.Plan))
	}
	m.place(r.Cluster, serial(r.Serial), "in", r.StatePath)
	if r.Holder != "" {
		m.say("%s\n\n", markdownProseOf(r.Holder))
	}
	changed, left := r.split()
	m.driftTable(changedTitle, changed, roomChanged)
	m.driftTable(r.leftTitle(), left, roomLeft)
	if len(changed) > 0 {
		m.say("%s\n", markdownProseOf(driftWayOut))
	}
	if len(r.Unverified) > 0 {
		m.say("#### Not verified\n\n")
		for _, line := range r.unverifiedLines() {
			m.say("- %s\n", markdownProseOf(line))
		}
		m.say("\n")
	}
	m.unmanaged(r)
	_, err := w.Write(m.Bytes())
	return err
}

func (m *markdown) driftTable(title string, drift []planner.Drift, room int) {
	if len(drift) == 0 {
		return
	}
	m.say("#### %s\n\n| Alias | Last applied | Now |\n| --- | --- | --- |\n", title)
	left := m.rows(len(drift), room, func(i int) {
		d := drift[i]
		last, live := lastAndNow(d)
		m.say("| %s | %s | %s |\n", markdownCode(m.key(d.Database, d.Alias)), markdownCode(last), nameOr(live, "**unbound**"))
	})
	if left > 0 {
		m.say("\n*%s more, left out here: a report as text, JSON or HTML has them all*\n", quantity.Of(left, "alias"))
	}
	m.say("\n")
}

func (m *markdown) unmanaged(r DriftReport) {
	n := len(r.Unmanaged)
	if n == 0 {
		return
	}
	m.say("%s not managed.\n", countAre(n))
	if !r.ListUnmanaged {
		return
	}
	m.say("\n")
	left := m.rows(n, roomLeft, func(i int) { m.say("- %s\n", markdownCode(r.Unmanaged[i].String())) })
	if left > 0 {
		m.say("\n*%s more, left out here: a report as text, JSON or HTML has them all*\n", quantity.Of(left, "alias"))
	}
}
