package formats_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aliasctl/internal/layout"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
)

var (
	labelRule = regexp.MustCompile(`\.[^{}]*\{ content: "[^"]*"; \}`)
	labelled  = regexp.MustCompile(`\.(\w+) td:nth-child\((\d+)\)::before`)
	openTable = regexp.MustCompile(`<table class="([^"]*)">\n<thead><tr>(.*?)</tr>`)
	tableHead = regexp.MustCompile(`<th>(.*?)</th>`)
)

// On a phone a table has no head, and the style sheet writes it before each cell. It
// counts columns: one that is added moves those behind it.
func TestLabelsOnAPhoneAreTheHeads(t *testing.T) {
	var all []report.Document
	for _, s := range scenarios() {
		all = append(all, s.report)
	}
	for _, s := range driftScenarios() {
		all = append(all, s.report)
	}
	style := string(styleElement.Find(written(t, formats.HTML, all[0], layout.Style{})))
	type column struct {
		class  string
		number int
	}
	labels, used := make(map[column]string), make(map[column]bool)
	for _, rule := range labelRule.FindAllString(style, -1) {
		selectors, content, _ := strings.Cut(rule, `{ content: "`)
		label := strings.TrimSpace(strings.TrimSuffix(content, `"; }`))
		for _, m := range labelled.FindAllStringSubmatch(selectors, -1) {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			labels[column{m[1], n}] = label
		}
	}
	for _, d := range all {
		for _, table := range openTable.FindAllStringSubmatch(string(written(t, formats.HTML, d, layout.Style{})), -1) {
			heads := tableHead.FindAllStringSubmatch(table[2], -1)
			for class := range strings.FieldsSeq(table[1]) {
				for i, head := range heads {
					at := column{class, i + 1}
					label, found := labels[at]
					if found && !used[at] && !strings.HasPrefix(strings.ToLower(head[1]), label) {
						t.Errorf("column %d of the tables %q is %q, and internal/report/html/report.css labels it %q on a phone: its rules count the columns of .%s, change them with the columns",
							i+1, table[1], head[1], label, class)
					}
					used[at] = used[at] || found
				}
			}
		}
	}
	for at, label := range labels {
		if !used[at] {
			t.Errorf("internal/report/html/report.css labels column %d of .%s %q, and no table has it", at.number, at.class, label)
		}
	}
	if len(labels) < 8 {
		t.Errorf("%d labels were found", len(labels))
	}
}
