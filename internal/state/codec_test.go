package state_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

const lineage = "5f0c7a52-0f0e-4bb5-9a6f-0d8f5f5a9c01"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sample has something of everything.
func sample() planner.State {
	return planner.State{
		Version: planner.StateVersion, Lineage: lineage, Serial: 7,
		Cluster:   planner.Cluster{URI: "http://milvus:19530", Label: "prod & co"},
		UpdatedAt: noon,
		Bindings: []planner.Binding{
			{Database: "default", Alias: "products", Collection: "products_v42", CollectionID: "456503283210551297", Since: noon},
			{Database: "default", Alias: "reviews", Collection: "reviews_v7", Since: noon, Protect: true},
			{Database: "shop", Alias: "products", Collection: "p1", CollectionID: "12", Since: noon},
		},
		Retired: []planner.Retired{
			{Database: "default", Collection: "products_v40", CollectionID: "9", DroppedAt: noon},
		},
		Pending: []planner.Announcement{
			{Op: planner.AlterAlias, Database: "default", Alias: "products", From: "products_v41", To: "products_v42", At: noon},
			{Op: planner.DropCollection, Database: "default", Collection: "products_v41", From: "8"},
		},
	}
}

const sampleText = `{
  "version": 1,
  "lineage": "5f0c7a52-0f0e-4bb5-9a6f-0d8f5f5a9c01",
  "serial": 7,
  "cluster": {"uri":"http://milvus:19530/","label":"prod & co"},
  "updated_at": "2026-03-01T12:00:00Z",
  "bindings": [
    {"database":"default","alias":"products","collection":"products_v42","collection_id":"456503283210551297","since":"2026-03-01T12:00:00Z"},
    {"database":"default","alias":"reviews","collection":"reviews_v7","since":"2026-03-01T12:00:00Z","protect":true},
    {"database":"shop","alias":"products","collection":"p1","collection_id":"12","since":"2026-03-01T12:00:00Z"}
  ],
  "retired": [
    {"database":"default","collection":"products_v40","collection_id":"9","dropped_at":"2026-03-01T12:00:00Z"}
  ],
  "pending": [
    {"op":"alter-alias","database":"default","alias":"products","from":"products_v41","to":"products_v42","at":"2026-03-01T12:00:00Z"},
    {"op":"drop-collection","database":"default","collection":"products_v41","from":"8"}
  ]
}
`

func encoded(t testing.TB, s planner.State) string {
	t.Helper()
	var b bytes.Buffer
	if err := statefile.Encode(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func decoded(t testing.TB, text string) planner.State {
	t.Helper()
	s, err := statefile.Decode("aliases.state.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheFormIsOneBindingALine(t *testing.T) {
	if diff := cmp.Diff(sampleText, encoded(t, sample())); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sample(), decoded(t, sampleText)); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestAnEmptyStateHasEmptyLists(t *testing.T) {
	s := sample()
	s.Bindings, s.Retired, s.Pending = nil, nil, nil
	text := encoded(t, s)
	for _, want := range []string{`"bindings": [],`, `"retired": [],`, `"pending": []` + "\n}\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if got := decoded(t, text); got.Bindings == nil || got.Retired == nil || got.Pending == nil {
		t.Errorf("a list of %+v is nil", got)
	}
}

func TestEqualStatesHaveEqualBytes(t *testing.T) {
	s := sample()
	slices.Reverse(s.Bindings)
	s.UpdatedAt = s.UpdatedAt.In(time.FixedZone("", 7200))
	s.Bindings[0].Since = s.Bindings[0].Since.In(time.FixedZone("", -3600))
	s.Pending[0].At = s.Pending[0].At.In(time.FixedZone("", 60))
	before := slices.Clone(s.Bindings)
	if diff := cmp.Diff(sampleText, encoded(t, s)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.Bindings); diff != "" {
		t.Errorf("encoding changed the list of the caller:\n%s", diff)
	}
}

func TestOrderAndLayoutAreFree(t *testing.T) {
	lines := strings.Split(sampleText, "\n")
	lines[7], lines[8] = lines[8], lines[7] // two bindings
	lines[1], lines[3] = lines[3], lines[1] // version, serial
	text := strings.ReplaceAll(strings.Join(lines, "\n"), `":`, "\"\t:\r\n ")
	if diff := cmp.Diff(sample(), decoded(t, text)); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDamageIsToldWithItsPlaceAndCause(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(sampleText, old) {
			t.Fatalf("no %s in the sample", old)
		}
		return strings.Replace(sampleText, old, new, 1)
	}
	line := func(n int) string { return strings.SplitAfter(sampleText, "\n")[n-1] }
	tests := []struct {
		name, text, want string
	}{
		{"empty", "", `line 1, column 1: the file is empty`},
		{"blank", " \n", `line 1, column 1: the file is empty`},
		{"cut short", sampleText[:len(sampleText)-3], `line 18, column 4: the file ends too early`},
		{"cut in a name", sampleText[:400], `the file ends too early`},
		{"trailing garbage", sampleText + "{}", `line 20, column 1: it is not valid JSON`},
		{"zero bytes after it", sampleText + "\x00\x00", `line 20, column 1: it is not valid JSON`},
		{"not JSON", "version: 1\n", `line 1, column 1: it is not valid JSON`},
		{"merge conflict", edit(line(8), "<<<<<<< ours\n"+line(8)+"=======\n"+line(8)+">>>>>>> theirs\n"), `line 8, column 1: an unresolved merge conflict`},
		{"not UTF-8", edit("& co", "\xff"), `line 5, column 58: it is not valid UTF-8`},
		{"a list", "[]", `line 1, column 1: it is not an object`},
		{"null", "null", `line 1, column 1: it is null`},

		{"version missing", edit(`  "version": 1,`, ``), `line 1, column 1: field "version" is missing`},
		{"version zero", edit(`"version": 1`, `"version": 0`), `line 2, column 14: version: it is 0, not 1`},
		{"version as text", edit(`"version": 1`, `"version": "2"`), `line 2, column 14: version: it is "2", which is no whole number`},
		{"list missing", edit(`  "retired"`, `  "retried"`), `line 12, column 3: unknown field "retried"`},
		{"field of a later version", edit(`"since"`, `"weight":3,"since"`), `line 8, column 111: bindings[0]: unknown field "weight"`},
		{"field in another case", edit(`"serial"`, `"Serial"`), `line 4, column 3: unknown field "Serial"`},
		{"field twice", edit(`"serial": 7`, `"serial": 7, "serial": 8`), `line 4, column 16: field "serial" is there twice`},
		{"list twice", edit(`  "pending"`, `  "bindings": [], "pending"`), `line 15, column 3: field "bindings" is there twice`},
		{"list null", sampleText[:strings.Index(sampleText, "[\n    {\"op\"")] + "null\n}\n", `line 15, column 14: pending: it is null`},
		{"member null", edit(`"p1"`, `null`), `line 10, column 56: bindings[2].collection: it is null`},
		{"member of a wrong type", edit(`"p1"`, `{"name": "p1"}`), `line 10, column 56: bindings[2].collection: it is {"name": "p1"}, which is no text`},
		{"list of a wrong type", edit(`"bindings": [`, `"bindings": 5, "x": [`), `line 7, column 15: bindings: it is not a list`},
		{"serial negative", edit(`"serial": 7`, `"serial": -7`), `line 4, column 13: serial: it is -7, which is no whole number in range`},
		{"time", edit(`"updated_at": "2026-03-01T12:00:00Z"`, `"updated_at": "yesterday"`), `line 6, column 17: updated_at: it is "yesterday", which is no time as RFC 3339 writes it`},
		{"time of a binding", edit(`7","since":"2026-03-01`, `7","since":"2026-02-31`), `line 8, column 119: bindings[0].since: it is "2026-02-31T12:00:00Z", which is no time`},

		{"lineage", edit(lineage, "prod"), `line 3, column 14: lineage: "prod" is not a UUID`},
		{"lineage in another form", edit(lineage, strings.ToUpper(lineage)), `is not a UUID in lower case`},
		{"no URI", edit(`http://milvus:19530/`, ``), `line 5, column 14: cluster: "uri" is not the URL of a cluster`},
		{"credentials", edit(`http://milvus`, `http://root:Milvus@milvus`), `cluster: "uri" holds more than scheme, host, port and path: credentials do not belong into a state`},
		{"alias bound twice", edit(line(9), line(9)+line(9)), `line 10, column 5: bindings[2]: alias "reviews" of database "default" is bound twice, first at line 9`},
		{"alias bound twice, apart", edit(line(10), strings.TrimSuffix(line(10), "\n")+","+line(8)[:len(line(8))-2]+"\n"), `bindings[3]: alias "products" of database "default" is bound twice, first at line 8`},
		{"collection retired twice", edit(line(13), strings.TrimSuffix(line(13), "\n")+",\n"+line(13)), `line 14, column 5: retired[1]: collection "products_v40" of database "default" is retired twice, first at line 13`},
		{"alias name", edit(`"alias":"reviews"`, `"alias":"re-views"`), `line 9, column 5: bindings[1]: "alias" is "re-views", which is not a name`},
		{"database name", edit(`"database":"shop"`, `"database":""`), `line 10, column 5: bindings[2]: "database" is "", which is not a name`},
		{"collection id", edit(`"12"`, `"12e3"`), `bindings[2]: "collection_id" is "12e3", which is not a collection id`},
		{"operation", edit(`alter-alias`, `rename-alias`), `line 16, column 5: pending[0]: "op" is "rename-alias", which is not an operation`},
		{"switch to nothing", edit(`,"to":"products_v42"`, ``), `pending[0]: "to" is "", which is not a name`},
		{"control character", edit("& co", `\u001b[2J`), `cluster: "label" is "prod \x1b[2J", which is not plain text`},
		{"half a character", edit("& co", `\ud800`), `cluster: "label" is "prod �", which is not plain text`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := statefile.Decode("aliases.state.json", []byte(tt.text))
			if !statefile.IsCorrupt(err) || statefile.IsTooNew(err) || statefile.IsAbsent(err) {
				t.Fatalf("got %T: %v", err, err)
			}
			if !strings.HasPrefix(err.Error(), `state "aliases.state.json" is corrupt at line `) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestALaterVersionIsToldWhateverItsShape(t *testing.T) {
	for name, text := range map[string]string{
		"same shape":      strings.Replace(sampleText, `"version": 1`, `"version": 3`, 1),
		"another shape":   `{"version": 3, "aliases": {"products": ["a", {"b": null}]}}`,
		"clashing fields": `{"version": 3, "bindings": {"products": "a"}, "serial": "x"}`,
		"version last":    `{"updated_at": 5, "bindings": {"products": "a"}, "version": 3}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := statefile.Decode("s.json", []byte(text))
			var newer *statefile.TooNewError
			if !errors.As(err, &newer) || !statefile.IsTooNew(err) || statefile.IsCorrupt(err) {
				t.Fatalf("got %T: %v", err, err)
			}
			if newer.Path != "s.json" || newer.Version <= planner.StateVersion || newer.Newest != planner.StateVersion {
				t.Errorf("got %+v", newer)
			}
		})
	}
}

func TestWhatReadWouldRefuseIsNotWritten(t *testing.T) {
	for name, breakIt := range map[string]func(*planner.State){
		"version":      func(s *planner.State) { s.Version = 0 },
		"lineage":      func(s *planner.State) { s.Lineage = "" },
		"cluster":      func(s *planner.State) { s.Cluster.URI = "http://root:secret@milvus:19530" },
		"updated_at":   func(s *planner.State) { s.UpdatedAt = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"bindings[1]":  func(s *planner.State) { s.Bindings[1].Alias = "reviews-b" },
		"bindings[3]":  func(s *planner.State) { s.Bindings = append(s.Bindings, s.Bindings[2]) },
		"retired[0]":   func(s *planner.State) { s.Retired[0].CollectionID = "x" },
		"pending[1]":   func(s *planner.State) { s.Pending[1].Collection = "" },
		"bindings[0]":  func(s *planner.State) { s.Bindings[0].Collection = "" },
		"pending[0]":   func(s *planner.State) { s.Pending[0].Op = "" },
		"bindings[2]":  func(s *planner.State) { s.Bindings[2].Since = time.Date(-4, 1, 1, 0, 0, 0, 0, time.UTC) },
		"retired[0] ":  func(s *planner.State) { s.Retired[0].Database = "" },
		"retired[1]":   func(s *planner.State) { s.Retired = append(s.Retired, s.Retired[0]) },
		"updated_at ":  func(s *planner.State) { s.UpdatedAt = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
		"cluster ":     func(s *planner.State) { s.Cluster.URI = "http://milvus:19530?token=secret" },
		"cluster   ":   func(s *planner.State) { s.Cluster.Label = "a\nb" },
		"bindings[1] ": func(s *planner.State) { s.Bindings[1].Alias = strings.Repeat("r", 256) },
	} {
		s := sample()
		breakIt(&s)
		var b bytes.Buffer
		err := statefile.Encode(&b, s)
		var invalid *statefile.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != strings.TrimSpace(name) || b.Len() > 0 {
			t.Errorf("%s: got %v and %d bytes", name, err, b.Len())
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the message repeats a credential: %v", name, err)
		}
	}
}

func TestAWriterThatFailsIsToldOnce(t *testing.T) {
	full := errors.New("no space left on device")
	big := many(2000)
	for _, room := range []int{0, 1, 100_000} {
		w := &limited{room: room, err: full}
		if err := statefile.Encode(w, big); !errors.Is(err, full) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
		if w.failures != 1 {
			t.Errorf("with room for %d bytes: %d writes after the first failure", room, w.failures-1)
		}
	}
}

type limited struct {
	room, failures int
	err            error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		l.failures++
		return 0, l.err
	}
	return len(p), nil
}

// Servers and buckets hold states of Terraform and OpenTofu too: they are no damaged
// state, and none of a later aliasctl.
func TestAStateOfTerraform(t *testing.T) {
	for _, text := range []string{
		`{"version":4,"terraform_version":"1.12.4","serial":1,"lineage":"e6f28eb2-3213-2eaf-921b-5b16a4634da1","outputs":{},"resources":[],"check_results":null}`,
		`{"version":3,"terraform_version":"0.11.14","serial":7,"lineage":"e6f28eb2-3213-2eaf-921b-5b16a4634da1","modules":[]}`,
		`{"version":1,"terraform_version":"0.6.0","serial":1,"modules":[]}`,
		`{"serial":1,"lineage":"e6f28eb2-3213-2eaf-921b-5b16a4634da1","meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}`,
	} {
		_, err := statefile.Decode("prod.json", []byte(text))
		var foreign *statefile.ForeignError
		if !errors.As(err, &foreign) || foreign.Path != "prod.json" || statefile.IsCorrupt(err) || statefile.IsTooNew(err) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
