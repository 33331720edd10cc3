package mistakes_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"aliasctl/internal/report"
	"aliasctl/internal/report/mistakes"
	"aliasctl/manifest"
)

func same(s string) string { return s }

// results are one of each kind.
func results() map[string]mistakes.Result {
	rules := manifest.Rules()
	var every []manifest.Problem
	for i, r := range rules {
		at := manifest.Position{File: "deploy/aliases.yaml", Line: i + 1, Column: 3}
		every = append(every, manifest.Problem{Rule: r.ID, Pos: at, Message: r.About, Hint: "mend it", Related: []manifest.Position{{File: "other.yaml", Line: 1, Column: 1}}})
	}
	hostile := []manifest.Problem{}
	for i, s := range hostileTexts {
		hostile = append(hostile, manifest.Problem{Rule: manifest.UnknownField, Pos: manifest.Position{File: s, Line: i, Column: 0}, Message: s, Hint: s})
	}
	return map[string]mistakes.Result{
		"none":     {Program: "1.0.0", Files: []string{"aliases.yaml", "more.yaml"}, Aliases: 3, Databases: 1},
		"every":    {Program: "1.0.0", Files: []string{"deploy/aliases.yaml"}, Mistakes: report.NewMistakes(every, same, same)},
		"hostile":  {Files: hostileTexts, Mistakes: report.NewMistakes(hostile, same, same), More: 17},
		"failed":   {Files: []string{"aliases.yaml"}, Failed: &mistakes.Failure{What: "interrupted", Hint: "again", Code: 130}},
		"nowhere":  {},
		"absolute": {Mistakes: report.NewMistakes([]manifest.Problem{{Rule: manifest.UnknownField, Pos: manifest.Position{File: "/srv/a b.yaml", Line: 1, Column: 1}}}, same, same)},
	}
}

var hostileTexts = []string{
	"a.yaml\n##vso[task.complete result=Succeeded]", "]]>", "<failure/>", "&lt;", "a;b]c%AZP25%0A", "::error::forged", "\x1b[31m", "\x00", "\xff\xfe",
	"\u202e", "\U000e0041", "%SRCROOT%", "c:\\a.yaml", "a:b/../c", "", strings.Repeat("x", 5000), "http://x/y", "\u2028", "`|*_<!--",
}

func written(t interface{ Fatal(...any) }, f mistakes.Format, r mistakes.Result) string {
	var b strings.Builder
	if err := mistakes.Write(&b, f, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every document that is JSON decodes, and SARIF is what its schema asks for.
func TestSARIFObeysItsSchema(t *testing.T) {
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{}}}) == nil {
		t.Fatal("the schema refuses nothing")
	}
	for name, r := range results() {
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, mistakes.SARIF, r)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(log); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What GitHub asks of SARIF beyond the schema: a rule for every result, a place, a
// relative path that leads to the file, and different fingerprints.
func TestSARIFIsForGitHub(t *testing.T) {
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID              string
				RuleIndex           int
				PartialFingerprints map[string]string
				Locations           []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(written(t, mistakes.SARIF, results()["every"])), &log); err != nil {
		t.Fatal(err)
	}
	run, seen := log.Runs[0], make(map[string]bool)
	if len(run.Results) != len(manifest.Rules()) {
		t.Fatalf("%d results", len(run.Results))
	}
	for i, r := range run.Results {
		at := r.Locations[0].PhysicalLocation
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || at.ArtifactLocation.URI != "deploy/aliases.yaml" || at.Region.StartLine != i+1 {
			t.Errorf("result %d: %+v", i, r)
		}
		f := r.PartialFingerprints["aliasctlMistake/v1"]
		if len(f) != 32 || seen[f] {
			t.Errorf("result %d has the fingerprint %q", i, f)
		}
		seen[f] = true
	}
}

// A fingerprint outlives moved lines, and tells two mistakes of one text apart.
func TestFingerprints(t *testing.T) {
	at := func(line int) manifest.Position { return manifest.Position{File: "a.yaml", Line: line, Column: 3} }
	of := func(shift int) (prints []string) {
		problems := []manifest.Problem{
			{Rule: manifest.DuplicateAlias, Pos: at(9 + shift), Message: fmt.Sprintf("duplicate alias %q, first at %s", "a", at(2+shift)), Related: []manifest.Position{at(2 + shift)}},
			{Rule: manifest.UnknownField, Pos: at(10 + shift), Message: "unknown field \"x\""},
			{Rule: manifest.UnknownField, Pos: at(12 + shift), Message: "unknown field \"x\""},
			{Rule: manifest.MissingField, Pos: at(12 + shift), Message: "unknown field \"x\""},
		}
		for _, m := range report.NewMistakes(problems, same, same) {
			prints = append(prints, m.Fingerprint)
		}
		return prints
	}
	before, after := of(0), of(100)
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("lines moved:\n%s", d)
	}
	if slices.Sort(before); len(slices.Compact(before)) != 4 {
		t.Errorf("mistakes share fingerprints: %q", before)
	}
}

// GitLab takes an entry with these fields, and no other.
func TestCodeQualityIsForGitLab(t *testing.T) {
	for name, r := range results() {
		decoder := json.NewDecoder(strings.NewReader(written(t, mistakes.CodeQuality, r)))
		decoder.DisallowUnknownFields()
		var issues []struct {
			Description string `json:"description"`
			CheckName   string `json:"check_name"`
			Fingerprint string `json:"fingerprint"`
			Severity    string `json:"severity"`
			Location    struct {
				Path  string              `json:"path"`
				Lines struct{ Begin int } `json:"lines"`
			} `json:"location"`
		}
		if err := decoder.Decode(&issues); err != nil || issues == nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen := make(map[string]bool)
		for _, i := range issues {
			if i.CheckName == "" || seen[i.Fingerprint] || !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) {
				t.Errorf("%s: %+v", name, i)
			}
			seen[i.Fingerprint] = true
		}
		want := len(r.Mistakes) + min(r.More, 1)
		if r.Failed != nil {
			want++
		}
		if len(issues) != want {
			t.Errorf("%s: %d entries, want %d", name, len(issues), want)
		}
	}
}

// junit is what the schema that Jenkins checks reports by (jenkinsci/xunit-plugin,
// junit-10.xsd) allows: the elements below each, the attributes it may have, and those
// that it must have.
var junit = map[string]struct{ children, may, must []string }{
	"testsuites": {[]string{"testsuite"}, []string{"name", "time", "tests", "failures", "errors"}, nil},
	"testsuite": {[]string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		[]string{"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
		[]string{"name", "tests", "failures", "errors"}},
	"testcase": {[]string{"skipped", "error", "failure", "system-out", "system-err"}, []string{"name", "time", "classname", "group"}, []string{"name"}},
	"failure":  {nil, []string{"type", "message"}, nil},
	"error":    {nil, []string{"type", "message"}, nil},
}

func TestJUnitObeysItsSchema(t *testing.T) {
	for name, r := range results() {
		decoder := xml.NewDecoder(strings.NewReader(written(t, mistakes.JUnit, r)))
		var open []string
		failures := 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				element := token.Name.Local
				allowed, known := junit[element]
				if !known || len(open) == 0 && element != "testsuites" || len(open) > 0 && !slices.Contains(junit[open[len(open)-1]].children, element) {
					t.Fatalf("%s: <%s> within %v", name, element, open)
				}
				var has []string
				for _, a := range token.Attr {
					if has = append(has, a.Name.Local); !slices.Contains(allowed.may, a.Name.Local) {
						t.Errorf("%s: <%s %s>", name, element, a.Name.Local)
					}
				}
				for _, must := range allowed.must {
					if !slices.Contains(has, must) {
						t.Errorf("%s: <%s> has no %s", name, element, must)
					}
				}
				if element == "failure" {
					failures++
				}
				open = append(open, element)
			case xml.EndElement:
				open = open[:len(open)-1]
			}
		}
		if want := len(r.Mistakes) + min(r.More, 1); failures != want {
			t.Errorf("%s: %d failures, want %d", name, failures, want)
		}
	}
}

// The counts of a suite are those of its tests, and every file has a test.
func TestJUnitCounts(t *testing.T) {
	for name, r := range results() {
		var all struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Suites   []struct {
				Tests int        `xml:"tests,attr"`
				Cases []struct{} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(written(t, mistakes.JUnit, r)), &all); err != nil {
			t.Fatal(err)
		}
		tests := 0
		for _, s := range all.Suites {
			if tests += s.Tests; s.Tests != len(s.Cases) || s.Tests == 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if tests != all.Tests || len(all.Suites) < len(r.Files) {
			t.Errorf("%s: %d tests in all, %d in the suites", name, all.Tests, tests)
		}
	}
}

// TestAzureReadsBackAsItWas reads the commands as the agent of Azure Pipelines does.
func TestAzureReadsBackAsItWas(t *testing.T) {
	text := rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"a", "é", "%", "%AZP25", "%0A", "\r", "\n", ";", "]", "=", "##vso[task.complete]", "##[error]", " "})),
		func(s []string) string { return strings.Join(s, "") })
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%5D", "]", "%3B", ";", "%AZP25", "%", `\x23`, "#")
	rapid.Check(t, func(t *rapid.T) {
		p := manifest.Problem{Rule: manifest.UnknownField, Message: text.Draw(t, "message"), Pos: manifest.Position{File: text.Draw(t, "file"), Line: 3, Column: 7}}
		got := written(t, mistakes.Azure, mistakes.Result{Mistakes: report.NewMistakes([]manifest.Problem{p}, same, same)})
		line, ok := strings.CutSuffix(got, "\n")
		if !ok || strings.ContainsFunc(line, unicode.IsControl) || strings.Count(line, "##vso[") != 1 || strings.Contains(line, "##[") {
			t.Fatalf("not one command: %q", got)
		}
		head, message, _ := strings.Cut(strings.TrimPrefix(line, "##vso[task.logissue "), "]")
		properties := strings.Split(head, ";")
		if d := cmp.Diff([]string{"type=error", "linenumber=3", "columnnumber=7", "code=unknown-field"}, slices.Delete(slices.Clone(properties), 1, 2)); d != "" {
			t.Fatalf("properties (-want +got):\n%s", d)
		}
		if file := unescape.Replace(strings.TrimPrefix(properties[1], "sourcepath=")); file != p.Pos.File {
			t.Fatalf("file %q came back as %q", p.Pos.File, file)
		}
		if got := unescape.Replace(message); got != p.Message {
			t.Fatalf("message %q came back as %q", p.Message, got)
		}
	})
}

// What a terminal or a runner acts upon is in no document.
func TestNothingIsActedUpon(t *testing.T) {
	for _, f := range mistakes.All() {
		got := written(t, f, results()["hostile"])
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || !unicode.IsPrint(r)) }); i >= 0 {
			t.Errorf("%s has %q", f, got[i:min(i+8, len(got))])
		}
		if n := strings.Count(got, "##vso["); f != mistakes.Azure && n > 0 || f == mistakes.Azure && n != strings.Count(got, "\n") {
			t.Errorf("%s has %d commands in %d lines", f, n, strings.Count(got, "\n"))
		}
	}
}

type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestErrorOfTheWriter(t *testing.T) {
	for _, f := range mistakes.All() {
		if err := mistakes.Write(full{}, f, results()["every"]); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", f, err)
		}
	}
}
