package manifest

import (
	"strings"
	"testing"
)

// A label heads every report, and whoever opens a pull request chooses it.
func TestClusterLabel(t *testing.T) {
	for _, good := range []string{"prod-eu", "prod: eu", "a.b/c_d:1", "X", strings.Repeat("a", 64)} {
		if why, _ := clusterLabelFault(good); why != "" {
			t.Errorf("%q is refused: %s", good, why)
		}
	}
	bad := []string{"", " a", "a ", strings.Repeat("a", 65), "$(touch x)", "a`b`", "a;b", "##[x]", "a\nb", "a\tb", "a\u2028b", "\x1b[2J", "é", "a\u200bb", "<b>", "@octocat", "a|b", "[a](b)", "a%0Ab", "a,b", "a=b", `a"b`, "a'b", "a\\b", "a\xffb"}
	for _, label := range bad {
		if why, _ := clusterLabelFault(label); why == "" {
			t.Errorf("%q is taken", label)
		}
	}
}
