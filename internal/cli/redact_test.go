package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	"aliasctl/internal/report"
	"aliasctl/internal/report/formats"
	"aliasctl/internal/sync"
	"aliasctl/planner"
)

// ours are words that stand in every report.
var ours = []string{"true", "false", "version", "null", "alter-alias", "read", "steps", "Plan", "proof", "create", "Cluster", "https", "applied", "body", "span", "state", "exit_code", "summary", "event"}

// madeByTest is the origin of a report whose run is not told apart.
var madeByTest = report.Origin{}

// A password that is a word of ours changes no word of ours, in any format, and a
// password that is a value is nowhere.
func TestRedactionKeepsWhatIsOurs(t *testing.T) {
	report := report.Report{Plan: planner.Plan{Version: 1, Live: planner.LiveRead,
		Steps: []planner.Step{{Op: planner.AlterAlias, Database: "default", Alias: "p", From: "secretsecret_v1", To: "v2"}},
		Notes: []string{"note with secretsecret in it"}},
		Applied: true,
		Results: []executor.Result{{Step: planner.Step{Op: planner.AlterAlias, Alias: "p"}, Outcome: executor.Failed, Err: errors.New("secretsecret, says the server")}},
	}
	shown := func(password string, format formats.Format) string {
		s := &streams{redactor: milvus.NewRedactor("root:" + password), made: &madeByTest}
		var b bytes.Buffer
		if err := (outputs{}).render(s, &b, format, report); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, format := range formats.All() {
		plain := shown("", format)
		for _, word := range ours {
			if d := cmp.Diff(plain, shown(word, format)); d != "" {
				t.Errorf("%s with the password %q (-want +got):\n%s", format, word, d)
			}
		}
		hidden := shown("secretsecret", format)
		if strings.Contains(hidden, "secretsecret") || !strings.Contains(hidden, milvus.Redacted) && format != formats.Diff && format != formats.GitLab && format != formats.Dotenv {
			t.Errorf("%s shows the password:\n%s", format, hidden)
		}
		if format == formats.JSON && !json.Valid([]byte(hidden)) {
			t.Errorf("no JSON:\n%s", hidden)
		}
	}
	if report.Plan.Steps[0].From != "secretsecret_v1" {
		t.Error("the report itself was changed")
	}
}

// Events and messages likewise.
func TestRedactionOfTheConversation(t *testing.T) {
	for _, word := range append(ours, "error", "aliasctl", "hint", "warning", "text", "message") {
		var b bytes.Buffer
		s := &streams{lookup: unset, err: &b, redactor: milvus.NewRedactor("root:" + word)}
		s.fail(sync.Usagef("do this", "bad %s", "x"))
		s.warn("beware")
		if got, want := b.String(), "aliasctl: error: bad x\naliasctl: hint: do this\naliasctl: warning: beware\n"; got != want {
			t.Errorf("password %q: %q", word, got)
		}
		b.Reset()
		s.events = newEventLog(s)
		s.say("hello %s", "you")
		s.events.summary(0)
		for line := range strings.Lines(b.String()) {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil || e["version"] != 1.0 || e["event"] == nil {
				t.Errorf("password %q: %v in %s", word, err, line)
			}
		}
	}
}

func FuzzRedactedJSON(f *testing.F) {
	f.Add("true", "a \"quoted\" text\\", "x")
	f.Add("version", "##[x]\u2028", "\xff")
	f.Fuzz(func(t *testing.T, password, text, key string) {
		encoded, err := json.Marshal(map[string]any{"note": text, key: []any{true, nil, 1.5, text + password}})
		if err != nil {
			t.Skip()
		}
		s := &streams{redactor: milvus.NewRedactor("root:" + password)}
		var b bytes.Buffer
		out, flush := s.redactedJSON(&b)
		if _, err := out.Write(encoded); err != nil {
			t.Fatal(err)
		}
		if err := flush(); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%v in %s", err, b.Bytes())
		}
	})
}

// unset is an environment without variables.
func unset(string) (string, bool) { return "", false }
