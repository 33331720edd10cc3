package formats_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/safetext"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// What a report is made of. Nothing in it runs, loads or links.
var (
	htmlElements = []string{"html", "head", "meta", "link", "title", "style", "body", "main", "header", "section", "figure", "figcaption",
		"h1", "h2", "h3", "p", "ul", "li", "dl", "dt", "dd", "div", "span", "strong", "b", "i", "small", "code",
		"table", "thead", "tbody", "tr", "th", "td", "svg", "defs", "marker", "path", "g", "rect", "text"}
	htmlAttributes = []string{"lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "role", "aria-label", "tabindex",
		"width", "height", "viewBox", "xmlns", "refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", "d", "marker-end", "x", "y", "rx", "aria-hidden", "preserveAspectRatio"}
	htmlVoid = []string{"meta", "link"}
)

// holdHTML reads a report strictly: every element is closed where it was
// opened, and is one that we write. It returns what stands in the body.
func holdHTML(t interface {
	Helper()
	Fatalf(string, ...any)
}, page []byte) string {
	t.Helper()
	var open []string
	var text strings.Builder
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("open at the end: %v", open)
			}
			return text.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			if !slices.Contains(htmlElements, token.Data) {
				t.Fatalf("element %s", token)
			}
			for _, a := range token.Attr {
				if !slices.ContainsFunc(htmlAttributes, func(s string) bool { return strings.EqualFold(s, a.Key) }) {
					t.Fatalf("attribute %s of %s", a.Key, token)
				}
				if a.Key == "href" && a.Val != "data:," {
					t.Fatalf("link to %s", a.Val)
				}
			}
			if kind == html.StartTagToken && !slices.Contains(htmlVoid, token.Data) {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%s closes %v", token, open)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if slices.Contains(open, "body") {
				text.WriteString(token.Data)
			}
		case html.CommentToken:
			t.Fatalf("comment %s", token)
		}
	}
}

func TestHTMLHoldsEveryTextAsItIs(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			holdShown(t, s.name, holdHTML(t, written(t, formats.HTML, s.report, layout.Style{})), s.report)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		r := reports().Draw(t, "report")
		if len(r.Plan.Steps) > 0 {
			r.Plan.Steps[0].Alias = rapid.SampledFrom([]string{"<script>", "</td>", "\"><img src=x>", "&lt;", "<!--", "'", "]]>"}).Draw(t, "alias")
		}
		var b bytes.Buffer
		if err := formats.Write(&b, formats.HTML, r, layout.Style{}); err != nil {
			t.Fatalf("%v", err)
		}
		text := folded(holdHTML(t, b.Bytes()))
		for _, want := range append(slices.Concat(r.Plan.Notes, r.Proof.Gaps), r.Plan.Conflicts[0].Reason, r.Plan.Cluster.Label) {
			if want = folded(safetext.Line(want)); !strings.Contains(text, want) {
				t.Fatalf("nowhere stands %q", want)
			}
		}
	})
}

// TestHTMLOfALargePlanIsInPieces: a browser leaves alone what is out of sight.
func TestHTMLOfALargePlanIsInPieces(t *testing.T) {
	r := many(2_500) // and 250 collections
	page := string(written(t, formats.HTML, r, layout.Style{}))
	holdHTML(t, []byte(page))
	if n := strings.Count(page, `<div class="chunk">`); n != 4 {
		t.Errorf("%d pieces, want three of switches and one of collections", n)
	}
	if n := strings.Count(page, "<tr class="); n != len(r.Plan.Steps) {
		t.Errorf("%d rows for %d steps", n, len(r.Plan.Steps))
	}
}

// TestHTMLOfManyChecksIsInPieces, too.
func TestHTMLOfManyChecksIsInPieces(t *testing.T) {
	r := manyChecks(1_250)
	r.Plan.Steps = nil
	page := string(written(t, formats.HTML, r, layout.Style{}))
	holdHTML(t, []byte(page))
	if n := strings.Count(page, `<div class="chunk">`); n != 3 {
		t.Errorf("%d pieces of 2,500 checks, want 3", n)
	}
	if n := strings.Count(page, "<tr class="); n != len(r.Plan.Checks) {
		t.Errorf("%d rows for %d checks", n, len(r.Plan.Checks))
	}
}

// pieces counts what is written at once.
type pieces struct{ largest, total int }

func (p *pieces) Write(b []byte) (int, error) {
	p.largest, p.total = max(p.largest, len(b)), p.total+len(b)
	return len(b), nil
}

// TestLargeReportsAreWrittenAsTheyGo: no format gathers a report before it
// writes, but those that are bounded: Markdown, a message, and counts.
func TestLargeReportsAreWrittenAsTheyGo(t *testing.T) {
	r := many(20_000)
	r.Plan.Before, r.Plan.After = unrelated(20_000).Before, unrelated(20_000).After
	r.Applied = true
	for _, s := range r.Plan.Steps {
		r.Results = append(r.Results, executor.Result{Step: s, Outcome: executor.Applied})
	}
	for _, f := range formats.All() {
		var p pieces
		if err := formats.Write(&p, f, r, layout.Style{}); err != nil {
			t.Fatal(err)
		}
		bounded := f == formats.Markdown || f == formats.GitLab || f == formats.Slack || f == formats.Dotenv
		if bounded && p.total > 128<<10 || !bounded && (p.total < 512<<10 || p.largest > 256<<10) {
			t.Errorf("%s: %d bytes at once of %d", f, p.largest, p.total)
		}
	}
}

// What is copied or compared by eye stands in the font of code, and advice is marked
// as such.
func TestHTMLOfTheRun(t *testing.T) {
	of := report.Origin{Commit: "0123abc", Job: "https://ci.example.com/7"}
	failed := report.Failure{Command: "sync", What: "the state is locked", Hint: "wait for the run that holds it", Code: 6, Meaning: "locked", Origin: of}
	page := string(written(t, formats.HTML, report.With(failed, of), layout.Style{}))
	planned := report.Report{Plan: planner.Plan{}, Digest: "d1ge57", Proof: proof.Proof{OK: true}}
	page += string(written(t, formats.HTML, report.With(planned, of), layout.Style{}))
	for _, want := range []string{"<p>the state is locked</p>\n<p>Hint: wait for the run that holds it</p>", "<dt>Exit code</dt><dd>6: locked</dd>",
		`<dt>Commit</dt><dd><span class="name">0123abc</span></dd>`, `<dt>Digest</dt><dd><span class="name">d1ge57</span></dd>`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}
