package formats_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"aliasctl/executor"
	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/safetext"
)

// chromium starts a browser with an empty profile that talks to nobody but us,
// or skips the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := "/usr/bin/chromium"
	if _, err := os.Stat(path); err != nil {
		if path, err = exec.LookPath("chromium"); err != nil {
			t.Skip("no chromium here: `apt-get install chromium` lets this test look at the HTML report")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "hide-scrollbars"} {
		flags = append(flags, chromedp.Flag(flag, true))
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return ctx
}

// complaints gathers what a page must not do.
type complaints struct {
	mu   sync.Mutex
	list []string
	page string // the only address that may be asked for
}

func (c *complaints) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

func (c *complaints) open(page string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.page = page
}

func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}

func (c *complaints) hear(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		c.add("console: %s", e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		c.add("console: %s of a script", e.Type)
	case *runtime.EventExceptionThrown:
		c.add("exception: %s", e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		c.mu.Lock()
		asked := e.Request.URL == c.page || strings.HasPrefix(e.Request.URL, "data:")
		c.mu.Unlock()
		if !asked {
			c.add("request for %s", e.Request.URL)
		}
	}
}

// lookAt measures a page as it stands in the browser. A text is held against
// WCAG 2.1 AA: 4.5 to 1, and 3 to 1 where it is large. What is behind it is
// the nearest opaque background; in the graph, the box of its group.
const lookAt = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const luminance = ([r, g, b]) => {
		const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
	};
	const contrast = (a, b) => {
		const [x, y] = [luminance(a), luminance(b)];
		return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
	};
	const behind = element => {
		const box = element.closest('svg g')?.querySelector('rect');
		if (box) return channels(getComputedStyle(box).fill);
		for (let e = element; e; e = e.parentElement) {
			const c = channels(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
			if (c[3] !== 0) throw new Error('a translucent background is not measured');
		}
		return [255, 255, 255];
	};
	const bad = [];
	let texts = 0;
	const hold = (element, style, text) => {
		texts++;
		const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 600;
		const least = size >= 24 || bold && size >= 18.66 ? 3 : 4.5;
		const ink = channels(element.closest('svg') ? style.fill : style.color);
		for (let e = element; e; e = e.parentElement)
			if (getComputedStyle(e).opacity !== '1') bad.push('translucent: ' + text);
		const c = contrast(ink, behind(element));
		if (!(c >= least)) bad.push('contrast ' + c.toFixed(2) + ': ' + text);
	};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; node = walker.nextNode();) {
		const range = document.createRange();
		range.selectNodeContents(node);
		if (node.data.trim() && node.parentElement.localName !== 'title' && range.getClientRects().length)
			hold(node.parentElement, getComputedStyle(node.parentElement), node.data.trim());
		for (const word of node.data.matchAll(/[A-Za-z]{1,16}(?![\w./:-])/g)) {
			if (/[\w./:-]/.test(node.data[word.index - 1] ?? '')) continue; // part of a name
			range.setStart(node, word.index);
			range.setEnd(node, word.index + word[0].length);
			if (range.getClientRects().length > 1) bad.push('broken word: ' + word[0]);
		}
	}
	for (const e of document.body.querySelectorAll('*')) {
		const style = getComputedStyle(e, '::before');
		if (style.content !== 'none' && style.content !== 'normal') hold(e, style, style.content);
		const edge = e.getBoundingClientRect().right;
		if (!e.closest('.graph') && edge > innerWidth + 0.5) bad.push(e.localName + ' ends at ' + edge + ' of ' + innerWidth);
	}
	const page = document.scrollingElement;
	if (page.scrollWidth > page.clientWidth) bad.push('the page scrolls sideways: ' + page.scrollWidth + ' of ' + page.clientWidth);
	return {bad, texts, shown: document.body.innerText, background: getComputedStyle(document.body).backgroundColor};
})()`

type look struct {
	Bad        []string `json:"bad"`
	Texts      int      `json:"texts"`
	Shown      string   `json:"shown"`
	Background string   `json:"background"`
}

// media are a phone, half a desk, a desk and a sheet of A4, light and dark. Paper is
// always white.
var media = []struct {
	medium     string
	width      int64
	scheme     string
	background string
}{
	{"screen", 375, "light", "rgb(245, 246, 248)"},
	{"screen", 375, "dark", "rgb(14, 17, 22)"},
	{"screen", 900, "light", "rgb(245, 246, 248)"},
	{"screen", 1280, "light", "rgb(245, 246, 248)"},
	{"screen", 1280, "dark", "rgb(14, 17, 22)"},
	{"print", 794, "dark", "rgb(255, 255, 255)"},
}

// TestReportInABrowser opens every scenario in each of the media. With
// ALIASCTL_SCREENSHOTS=DIR it leaves pictures.
func TestReportInABrowser(t *testing.T) {
	ctx := chromium(t)
	pages := make(map[string][]byte)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	}))
	defer server.Close()
	var c complaints
	if err := chromedp.Listen(ctx, c.hear); err != nil {
		t.Fatal(err)
	}

	type page struct {
		name     string
		document report.Document
	}
	all := []page{{"many-steps", many(60)}}
	for _, s := range scenarios() {
		all = append(all, page{s.name, s.report})
	}
	for _, s := range driftScenarios() {
		all = append(all, page{s.name, s.report})
	}
	for _, s := range all {
		pages["/"+s.name] = written(t, formats.HTML, s.document, layout.Style{})
	}
	for _, s := range all {
		c.open(server.URL + "/" + s.name)
		if err := chromedp.Do(ctx, chromedp.Navigate(c.page)); err != nil {
			t.Fatal(err)
		}
		for _, m := range media {
			set(t, ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
				Width: m.width, Height: 800, DeviceScaleFactor: 1, Mobile: m.width < 600,
			})
			set(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Media: m.medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: m.scheme}},
			})
			seen, err := chromedp.Run(ctx, chromedp.Evaluate[look](lookAt))
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			name := fmt.Sprintf("%s-%s-%d-%s", s.name, m.medium, m.width, m.scheme)
			for _, bad := range append(seen.Bad, c.take()...) {
				t.Errorf("%s: %s", name, bad)
			}
			if seen.Texts < 8 {
				t.Errorf("%s: only %d texts were measured", name, seen.Texts)
			}
			if seen.Background != m.background {
				t.Errorf("%s: the background is %s, want %s", name, seen.Background, m.background)
			}
			holdShown(t, name, seen.Shown, s.document)
			screenshot(t, ctx, name)
		}
	}
}

// set sends a command that has no answer.
func set[P any](t *testing.T, ctx context.Context, command cdp.Command[P, cdp.Empty], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

// folded is a text without what lies in its lines and blanks, and without the
// backticks that become code.
func folded(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "")), " ")
}

// holdShown holds what a reader sees against everything that the report says.
func holdShown(t *testing.T, name, shown string, d report.Document) {
	t.Helper()
	shown = folded(shown)
	for _, want := range everyText(d) {
		if want = folded(safetext.Line(want)); !strings.Contains(shown, want) {
			t.Errorf("%s: nowhere stands %q", name, want)
		}
	}
}

// everyText is all that a report has to say.
func everyText(d report.Document) []string {
	if drift, ok := d.(report.DriftReport); ok {
		return everyTextOfDrift(drift)
	}
	r := d.(report.Report)
	texts := slices.Concat(r.Plan.Notes, r.Proof.Gaps, r.Proof.Problems, []string{r.Plan.Cluster.URI, r.Plan.Cluster.Label, r.StatePath})
	for _, s := range r.Plan.Steps {
		texts = append(texts, s.Alias, s.Collection, s.From, s.To)
	}
	for _, c := range r.Plan.Checks {
		texts = append(append(texts, c.Alias, string(c.Name), c.Blue, c.Green), c.Details...)
	}
	for _, c := range r.Plan.Conflicts {
		texts = append(texts, string(c.Kind), c.Alias, c.Collection, c.Reason, c.Want, c.Last, c.Live)
		for _, way := range c.WaysOut {
			texts = append(texts, way.String())
		}
	}
	for _, refusal := range r.Refusals {
		texts = append(texts, refusal.Guard, refusal.Reason, refusal.WayOut.String())
	}
	if r.Applied {
		for _, c := range r.Cutovers {
			if c.Err == nil {
				continue
			}
			for _, m := range c.Members {
				stands := strings.ReplaceAll(string(m.Stands), "-", " ")
				if m.Stands == executor.OnBlue {
					stands = "as before"
				}
				texts = append(texts, m.Alias+": "+stands, m.At)
			}
		}
		for _, result := range r.Results {
			texts = append(texts, strings.ReplaceAll(string(result.Outcome), "-", " "), result.Note)
			if group, ok := result.Err.(*executor.GroupError); ok { // what went wrong stands at its member
				texts = append(texts, group.Group, group.Member)
			} else if result.Err != nil {
				texts = append(texts, result.Err.Error())
			}
		}
	}
	return texts
}

func screenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("ALIASCTL_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644))
	}
	if err != nil {
		t.Errorf("screenshot of %s: %v", name, err)
	}
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("screenshot of %s is no PNG", name)
	}
}
