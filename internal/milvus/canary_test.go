package milvus

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
	"aliasctl/manifest"
)

func TestAsk(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		fill(t, k, "v41", 1, 2, 3)
		fill(t, k, "v42", 1, 2, 4)
		do(t, k.CreateAlias("default", "products", "v42"))
		c := newClient(t, k.uri, nil)
		ctx := t.Context()

		query := &manifest.Canary{Query: &manifest.Query{Filter: "id >= 2", Limit: 10, OutputFields: []string{"title"}}}
		search := &manifest.Canary{Search: &manifest.Search{Vector: []float64{3.4, 0}, Field: "vector", Filter: "id > 1", Limit: 2, OutputFields: []string{"title"}}}
		for _, canary := range []*manifest.Canary{query, search} {
			blue, err := c.Ask(ctx, "default", "v41", canary)
			do(t, err)
			green, err := c.Ask(ctx, "default", "v42", canary)
			do(t, err)
			through, err := c.Ask(ctx, "default", "products", canary)
			do(t, err)
			if through.Digest != green.Digest || through.Rows != 2 || through.Summary != green.Summary || through.Took <= 0 {
				t.Errorf("through the alias %+v, by name %+v", through, green)
			}
			if blue.Digest == green.Digest || blue.Summary == green.Summary {
				t.Errorf("blue and green look the same: %+v, %+v", blue, green)
			}
		}
		got, err := c.Ask(ctx, "default", "products", query)
		if want := `2 rows: {"id":2,"title":"t2"}, {"id":4,"title":"t4"}`; err != nil || got.Summary != want {
			t.Errorf("%v: %s", err, got.Summary)
		}
		none, err := c.Ask(ctx, "default", "products", &manifest.Canary{Query: &manifest.Query{Filter: "id > 100", Limit: 1}})
		if err != nil || none.Rows != 0 || none.Summary != "no rows" {
			t.Errorf("%v: %+v", err, none)
		}
		do(t, c.ReleaseCollection(ctx, "default", "v42"))
		if _, err := c.Ask(ctx, "default", "products", search); !hasCode(err, 101) {
			t.Errorf("released: %v", err)
		}
		if _, err := c.Ask(ctx, "default", "nope", search); err == nil {
			t.Error("missing: no error")
		}
	})
}

func TestWhatAskSends(t *testing.T) {
	k := newCluster(t, emulator.V26)
	fill(t, k, "v42", 1)
	c := newClient(t, k.uri, nil)
	for want, canary := range map[string]*manifest.Canary{
		`entities/query {"collectionName":"v42","filter":"id in [1]","limit":3,"outputFields":["title"]}`: {
			Query: &manifest.Query{Filter: "id in [1]", Limit: 3, OutputFields: []string{"title"}}},
		`entities/search {"collectionName":"v42","data":[[0.5,-1]],"limit":2}`: {
			Search: &manifest.Search{Vector: []float64{0.5, -1}, Limit: 2}},
		`entities/search {"collectionName":"v42","data":[[0.5,-1]],"annsField":"vector","filter":"id in [1]","limit":2,"outputFields":["title"]}`: {
			Search: &manifest.Search{Vector: []float64{0.5, -1}, Field: "vector", Filter: "id in [1]", Limit: 2, OutputFields: []string{"title"}}},
	} {
		_, err := c.Ask(t.Context(), "", "v42", canary)
		do(t, err)
		if got := k.took(); len(got) != 1 || got[0] != want {
			t.Errorf("%q\nwant %s", got, want)
		}
	}
}

func TestDigest(t *testing.T) {
	digestOf := func(data string, searched bool) string {
		t.Helper()
		uri, _ := serve(t, answerWith(200, jsonType, data))
		canary := &manifest.Canary{Query: &manifest.Query{Filter: "id > 0"}}
		if searched {
			canary = &manifest.Canary{Search: &manifest.Search{Vector: []float64{1}}}
		}
		a, err := newClient(t, uri, nil).Ask(t.Context(), "", "x", canary)
		do(t, err)
		return a.Digest
	}
	for _, tt := range []struct {
		name           string
		searched, same bool
		a, b           string
	}{
		{"the order of rows and fields", false, true, `{"data":[{"id":1,"t":"a"},{"id":2}],"code":0}`, `{"code":0,"data":[{"id":2},{"t":"a","id":1}]}`},
		{"cost and what else is there", false, true, `{"code":0,"cost":0,"data":[{"id":1}]}`, `{"code":200,"cost":6,"topks":[1],"data":[{"id":1}]}`},
		{"another row", false, false, `{"code":0,"data":[{"id":1}]}`, `{"code":0,"data":[{"id":2}]}`},
		{"another field", false, false, `{"code":0,"data":[{"id":1,"t":"a"}]}`, `{"code":0,"data":[{"id":1,"t":"b"}]}`},
		{"a row twice", false, false, `{"code":0,"data":[{"id":1}]}`, `{"code":0,"data":[{"id":1},{"id":1}]}`},
		{"ids beyond float64", false, false, `{"code":0,"data":[{"id":9007199254740993}]}`, `{"code":0,"data":[{"id":9007199254740992}]}`},
		{"a line break in a value", false, false, `{"code":0,"data":[{"t":"a\nb"}]}`, `{"code":0,"data":[{"t":"a"},{"t":"b"}]}`},
		{"the last digits of a distance", true, true, `{"code":0,"data":[{"id":1,"distance":0.83125001},{"id":2,"distance":0.5}]}`, `{"code":0,"data":[{"id":1,"distance":0.83124999},{"id":2,"distance":0.5}]}`},
		{"similarity around 1", true, true, `{"code":0,"data":[{"id":1,"distance":0.9999999}]}`, `{"code":0,"data":[{"id":1,"distance":1.0000001}]}`},
		{"distance around 0", true, true, `{"code":0,"data":[{"id":1,"distance":0}]}`, `{"code":0,"data":[{"id":1,"distance":-1e-12}]}`},
		{"large distances", true, true, `{"code":0,"data":[{"id":1,"distance":123456.1}]}`, `{"code":0,"data":[{"id":1,"distance":123457}]}`},
		{"rows equally far away", true, true, `{"code":0,"data":[{"id":1,"distance":0.5},{"id":2,"distance":0.5}]}`, `{"code":0,"data":[{"id":2,"distance":0.5},{"id":1,"distance":0.5}]}`},
		{"the order of a search", true, false, `{"code":0,"data":[{"id":1,"distance":0.1},{"id":2,"distance":0.5}]}`, `{"code":0,"data":[{"id":2,"distance":0.1},{"id":1,"distance":0.5}]}`},
		{"another distance", true, false, `{"code":0,"data":[{"id":1,"distance":0.831}]}`, `{"code":0,"data":[{"id":1,"distance":0.842}]}`},
		{"a distance that is missing", true, false, `{"code":0,"data":[{"id":1,"distance":0}]}`, `{"code":0,"data":[{"id":1}]}`},
	} {
		if a, b := digestOf(tt.a, tt.searched), digestOf(tt.b, tt.searched); (a == b) != tt.same {
			t.Errorf("%s: the same: %v", tt.name, a == b)
		}
	}
}

// A summary is one bounded printable line without the token.
func TestSummaryIsForPeople(t *testing.T) {
	const secret = "hunter22secret"
	long := strings.Repeat("wörter ", 1000)
	value, _ := json.Marshal("\x1b[31mred\n" + secret + " " + long)
	uri, _ := serve(t, answerWith(200, jsonType, `{"code":0,"data":[{"id":1,"t":`+string(value)+`}]}`))
	c := newClient(t, uri, func(cfg *Config) { cfg.Token = "root:" + secret })
	a, err := c.Ask(t.Context(), "", "x", &manifest.Canary{Query: &manifest.Query{}})
	if err != nil || len(a.Summary) > 250 || !utf8.ValidString(a.Summary) || strings.ContainsAny(a.Summary, "\x1b\n") || strings.Contains(a.Summary, secret) {
		t.Errorf("%v: %q", err, a.Summary)
	}
	if !strings.HasPrefix(a.Summary, `1 row: {"id":1,"t":"`) {
		t.Errorf("%q", a.Summary)
	}
}

// Took is the time of the answer, not that of the tries before it.
func TestTookLeavesOutFailedTries(t *testing.T) {
	k := newCluster(t, emulator.V26)
	fill(t, k, "v42", 1)
	k.AddFault(testkit.Fault{Match: testkit.Match{Route: "entities/query", Nth: 1}, Kind: testkit.TooMany})
	c := newClient(t, k.uri, nil)
	const pause = 400 * time.Millisecond
	c.firstPause = 2 * pause // at least pause, see newBudget
	start := time.Now()
	a, err := c.Ask(t.Context(), "", "v42", &manifest.Canary{Query: &manifest.Query{Filter: "id > 0"}})
	if all := time.Since(start); err != nil || all < pause || all-a.Took < pause {
		t.Errorf("%v: %v of %v", err, a.Took, all)
	}
	if calls := k.took(); len(calls) != 2 {
		t.Errorf("%q", calls)
	}
}
