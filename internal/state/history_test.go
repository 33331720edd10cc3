package state_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

// full is the sample with what only some states have.
func full() planner.State {
	s := sample()
	s.Bindings[1].RolledBackFrom = "reviews_v8"
	s.Idle = []planner.Idle{
		{Database: "default", Collection: "products_v41", CollectionID: "8", Since: noon},
		{Database: "shop", Collection: "p0", CollectionID: "11", Since: noon},
	}
	s.History = []planner.Entry{
		{Serial: 6, At: noon, Retired: 1, Changes: []planner.Change{}},
		{Serial: 7, At: noon, User: "deploy", Host: "ci-7", Commit: "0c1f9e2", Changes: []planner.Change{
			{Database: "default", Alias: "products", From: "products_v41", FromID: "8", To: "products_v42", ToID: "456503283210551297"},
			{Database: "default", Alias: "reviews", To: "reviews_v7"},
		}},
	}
	return s
}

func fullText() string {
	text := strings.Replace(sampleText, `"protect":true`, `"protect":true,"rolled_back_from":"reviews_v8"`, 1)
	return strings.TrimSuffix(text, "\n}\n") + `,
  "idle": [
    {"database":"default","collection":"products_v41","collection_id":"8","since":"2026-03-01T12:00:00Z"},
    {"database":"shop","collection":"p0","collection_id":"11","since":"2026-03-01T12:00:00Z"}
  ],
  "history": [
    {"serial":6,"at":"2026-03-01T12:00:00Z","retired":1,"changes":[]},
    {"serial":7,"at":"2026-03-01T12:00:00Z","user":"deploy","host":"ci-7","commit":"0c1f9e2","changes":[{"database":"default","alias":"products","from":"products_v41","from_id":"8","to":"products_v42","to_id":"456503283210551297"},{"database":"default","alias":"reviews","to":"reviews_v7"}]}
  ]
}
`
}

func TestAnApplyIsOneLineOfTheHistory(t *testing.T) {
	if diff := cmp.Diff(fullText(), encoded(t, full())); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(full(), decoded(t, fullText())); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestWhatFewStatesHaveIsWrittenOnlyThere(t *testing.T) {
	s := full()
	s.Idle, s.History = []planner.Idle{}, []planner.Entry{}
	text := encoded(t, s)
	if strings.Contains(text, "idle") || strings.Contains(text, "history") {
		t.Errorf("an empty list is in:\n%s", text)
	}
	for _, text := range []string{text, strings.TrimSuffix(text, "\n}\n") + `, "idle": [], "history": []}`} {
		if got := decoded(t, text); got.Idle != nil || got.History != nil {
			t.Errorf("idle %#v, history %#v of:\n%s", got.Idle, got.History, text)
		}
	}
}

func TestHistoryIsWrittenInOrder(t *testing.T) {
	s := full()
	slices.Reverse(s.Idle)
	slices.Reverse(s.History)
	slices.Reverse(s.History[0].Changes)
	s.History[1].Changes = nil
	s.History[1].At = noon.In(time.FixedZone("", 7200))
	s.Idle[0].Since = noon.In(time.FixedZone("", -7200))
	before := slices.Clone(s.History[0].Changes)
	if diff := cmp.Diff(fullText(), encoded(t, s)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.History[0].Changes); diff != "" {
		t.Errorf("encoding changed the list of the caller:\n%s", diff)
	}
}

func TestDamageOfTheHistoryIsTold(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(fullText(), old) {
			t.Fatalf("no %s in the text", old)
		}
		return strings.Replace(fullText(), old, new, 1)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"idle twice":      {edit(`"shop","collection":"p0"`, `"default","collection":"products_v41"`), `line 21, column 5: idle[1]: collection "products_v41" of database "default" is idle twice, first at line 20`},
		"idle name":       {edit(`"collection":"p0"`, `"collection":"p-0"`), `line 21, column 5: idle[1]: "collection" is "p-0", which is not a name`},
		"idle id":         {edit(`"11"`, `"-11"`), `idle[1]: "collection_id" is "-11", which is not a collection id`},
		"changes missing": {edit(`,"changes":[]`, ``), `line 24, column 5: history[0]: field "changes" is missing`},
		"changes null":    {edit(`"changes":[]`, `"changes":null`), `history[0].changes: it is null`},
		"retired":         {edit(`"retired":1,`, `"retired":-1,`), `line 24, column 5: history[0]: "retired" is -1`},
		"change twice":    {edit(`"alias":"reviews","to"`, `"alias":"products","to"`), `line 25, column 5: history[1]: changes[1]: alias "products" of database "default" changes twice`},
		"change id":       {edit(`"from_id":"8"`, `"from_id":"v"`), `history[1]: changes[0]: "from_id" is "v", which is not a collection id`},
		"change unknown":  {edit(`"from_id"`, `"fromID"`), `history[1].changes[0]: unknown field "fromID"`},
		"user":            {edit(`"deploy"`, `"\u001b"`), `history[1]: "user" is "\x1b", which is not plain text`},
		"rolled back":     {edit(`"reviews_v8"`, `"\n"`), `bindings[1]: "rolled_back_from" is "\n", which is not plain text`},
	} {
		_, err := statefile.Decode("s.json", []byte(tt.text))
		if !statefile.IsCorrupt(err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, tt.want)
		}
	}
	for field, breakIt := range map[string]func(*planner.State){
		"idle[0]":    func(s *planner.State) { s.Idle[0].Since = time.Date(-4, 1, 1, 0, 0, 0, 0, time.UTC) },
		"history[1]": func(s *planner.State) { s.History[1].Changes[0].Alias = "" },
	} {
		s := full()
		breakIt(&s)
		var invalid *statefile.InvalidError
		if err := statefile.Encode(discard{}, s); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
