package planner_test

import (
	"strings"
	"testing"

	"aliasctl/planner"
)

// A name that is not there is compared with those that are.
func TestAMissingNameGetsASuggestion(t *testing.T) {
	const have = "products_v42 reviews_v7 Ads_v1 x1"
	for wrong, want := range map[string]string{
		"prodcuts_v42": "products_v42", "product_v42": "products_v42", "products-v42": "products_v42",
		"ads_v1": "Ads_v1", "revievs_v7": "reviews_v7",
		"products_v43": "", "somethingelse": "", "y1": "",
	} {
		for name, sc := range map[string]scene{
			"target":       {want: "p: " + wrong, have: have},
			"not yet":      {want: "p: " + wrong, have: have, options: planner.Options{AllowMissingTargets: true}},
			"under retire": {retire: wrong, have: have},
		} {
			live := sc.cluster(t)
			live.Databases["default"].Names = strings.Fields(have)
			p := planner.Compare(sc.desired(t), sc.state(t), sc.options).Plan(live)
			text := strings.Join(p.Notes, " ")
			for _, c := range p.Conflicts {
				text += c.Reason
			}
			_, got, _ := strings.Cut(text, `did you mean "`)
			got, _, _ = strings.Cut(got, `"`)
			if got != want {
				t.Errorf("%s %q: %q, want %q", name, wrong, text, want)
			}
		}
	}
}
