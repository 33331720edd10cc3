package state_test

import (
	"bytes"
	order "cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := states().Draw(t, "state")
		var b bytes.Buffer
		if err := statefile.Encode(&b, s); err != nil {
			t.Fatal(err)
		}
		got, err := statefile.Decode("s.json", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Fatalf("round trip (-want +got):\n%s", diff)
		}
		// What a plain decoder makes of it is the same but for the path of the
		// address (TestAStateRemembersThePath): no form of our own.
		var plain planner.State
		if err := json.Unmarshal(b.Bytes(), &plain); err != nil {
			t.Fatal(err)
		}
		plain.Cluster = s.Cluster
		if want := 1 + min(len(s.Unverified), 1); plain.Version != want {
			t.Fatalf("version %d, want %d: the oldest that can hold it", plain.Version, want)
		}
		plain.Version = s.Version
		if diff := cmp.Diff(s, plain); diff != "" {
			t.Fatalf("encoding/json reads something else (-want +got):\n%s", diff)
		}
	})
}

// states draws sound states in their canonical order.
func states() *rapid.Generator[planner.State] {
	name := rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,12}`)
	id := rapid.OneOf(rapid.Just(""), rapid.Map(rapid.Int64Min(0), func(n int64) string { return fmt.Sprint(n) }))
	when := rapid.Map(rapid.Int64Range(-62135596800, 253402300799), func(s int64) time.Time { return time.Unix(s, s&0xfffff).UTC() })
	text := rapid.StringMatching(`[ -~éß漢<>&\x{2028}]{0,9}`)
	binding := rapid.Custom(func(t *rapid.T) planner.Binding {
		return planner.Binding{Database: name.Draw(t, "db"), Alias: name.Draw(t, "alias"), Collection: name.Draw(t, "coll"),
			CollectionID: id.Draw(t, "id"), Since: when.Draw(t, "since"), Protect: rapid.Bool().Draw(t, "protect"),
			RolledBackFrom: rapid.OneOf(rapid.Just(""), name).Draw(t, "rolled back")}
	})
	retired := rapid.Custom(func(t *rapid.T) planner.Retired {
		return planner.Retired{Database: name.Draw(t, "db"), Collection: name.Draw(t, "coll"), CollectionID: id.Draw(t, "id"), DroppedAt: when.Draw(t, "dropped")}
	})
	idle := rapid.Custom(func(t *rapid.T) planner.Idle {
		return planner.Idle{Database: name.Draw(t, "db"), Collection: name.Draw(t, "coll"), CollectionID: id.Draw(t, "id"), Since: when.Draw(t, "since")}
	})
	change := rapid.Custom(func(t *rapid.T) planner.Change {
		return planner.Change{Database: name.Draw(t, "db"), Alias: name.Draw(t, "alias"), From: text.Draw(t, "from"), FromID: id.Draw(t, "from id"), To: text.Draw(t, "to"), ToID: id.Draw(t, "to id")}
	})
	entry := rapid.Custom(func(t *rapid.T) planner.Entry {
		e := planner.Entry{Serial: rapid.Uint64().Draw(t, "serial"), At: when.Draw(t, "at"), User: text.Draw(t, "user"), Host: text.Draw(t, "host"),
			Commit: text.Draw(t, "commit"), Retired: rapid.IntRange(0, 9).Draw(t, "retired")}
		e.Changes = rapid.SliceOfNDistinct(change, 0, 5, func(c planner.Change) planner.Key { return planner.Key{Database: c.Database, Name: c.Alias} }).Draw(t, "changes")
		slices.SortFunc(e.Changes, func(a, b planner.Change) int {
			return slices.Compare([]string{a.Database, a.Alias}, []string{b.Database, b.Alias})
		})
		return e
	})
	announcement := rapid.Custom(func(t *rapid.T) planner.Announcement {
		a := planner.Announcement{Database: name.Draw(t, "db"), From: text.Draw(t, "from"),
			Op: rapid.SampledFrom([]planner.Op{planner.CreateAlias, planner.AlterAlias, planner.DropAlias, planner.DropCollection, planner.Adopt, planner.Forget}).Draw(t, "op")}
		if rapid.Bool().Draw(t, "dated") {
			a.At = when.Draw(t, "at")
		}
		switch a.Op {
		case planner.DropCollection:
			a.Collection = name.Draw(t, "coll")
		case planner.DropAlias, planner.Forget:
			a.Alias = name.Draw(t, "alias")
		default:
			a.Alias, a.To = name.Draw(t, "alias"), name.Draw(t, "to")
		}
		return a
	})
	unverified := rapid.Custom(func(t *rapid.T) planner.Unverified {
		u := planner.Unverified{Database: name.Draw(t, "db"), Alias: name.Draw(t, "alias"), From: text.Draw(t, "from"), To: name.Draw(t, "to"),
			At: when.Draw(t, "at"), Failed: rapid.Bool().Draw(t, "failed"), Group: text.Draw(t, "group"),
			SwitchBack: rapid.Bool().Draw(t, "back"), Confirmations: rapid.IntRange(0, 9).Draw(t, "confirmations")}
		if rapid.Bool().Draw(t, "canary") {
			u.Canary = &planner.Probe{Filter: text.Draw(t, "filter"), Field: text.Draw(t, "field"), Limit: rapid.IntRange(0, 9).Draw(t, "limit"),
				MaxLatency: time.Duration(rapid.IntRange(0, 9).Draw(t, "latency"))}
			if rapid.Bool().Draw(t, "search") {
				u.Canary.Vector, u.Canary.OutputFields = []float64{0.5, -1e30}, []string{"id"}
			}
		}
		return u
	})
	return rapid.Custom(func(t *rapid.T) planner.State {
		s := statefile.New(planner.Cluster{URI: "https://" + name.Draw(t, "host"), Label: text.Draw(t, "label")})
		s.Serial, s.UpdatedAt = rapid.Uint64().Draw(t, "serial"), when.Draw(t, "updated")
		s.Bindings = append(s.Bindings, rapid.SliceOfNDistinct(binding, 0, 20, func(b planner.Binding) planner.Key { return planner.Key{Database: b.Database, Name: b.Alias} }).Draw(t, "bindings")...)
		s.Retired = append(s.Retired, rapid.SliceOfNDistinct(retired, 0, 5, func(r planner.Retired) planner.Key { return planner.Key{Database: r.Database, Name: r.Collection} }).Draw(t, "retired")...)
		s.Pending = append(s.Pending, rapid.SliceOfN(announcement, 0, 5).Draw(t, "pending")...)
		if list := rapid.SliceOfNDistinct(idle, 0, 4, func(c planner.Idle) planner.Key { return planner.Key{Database: c.Database, Name: c.Collection} }).Draw(t, "idle"); len(list) > 0 {
			s.Idle = list
		}
		if list := rapid.SliceOfN(entry, 0, 4).Draw(t, "history"); len(list) > 0 {
			s.History = list
		}
		// One a state: their order is that of compareUnverified.
		if list := rapid.SliceOfN(unverified, 0, 1).Draw(t, "unverified"); len(list) > 0 {
			s.Unverified = list
		}
		slices.SortFunc(s.Idle, func(a, b planner.Idle) int {
			return slices.Compare([]string{a.Database, a.Collection}, []string{b.Database, b.Collection})
		})
		slices.SortStableFunc(s.History, func(a, b planner.Entry) int { return order.Compare(a.Serial, b.Serial) })
		slices.SortFunc(s.Bindings, func(a, b planner.Binding) int {
			return slices.Compare([]string{a.Database, a.Alias}, []string{b.Database, b.Alias})
		})
		slices.SortFunc(s.Retired, func(a, b planner.Retired) int {
			return slices.Compare([]string{a.Database, a.Collection}, []string{b.Database, b.Collection})
		})
		return s
	})
}

// FuzzDecode holds the decoder to its law: no panic; an error is one of two
// kinds and has a place and a cause; and what is accepted means the same to
// encoding/json, and the same again after it was written and read.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(sampleText))
	f.Add([]byte(`{"version": 2}`))
	f.Add([]byte(strings.Replace(sampleText, "2026-03-01T12:00:00Z", "9999-12-31T23:00:00-05:00", 1)))
	f.Add([]byte(strings.Replace(sampleText, `"to":"products_v42"`, `"to":"\u0070"`, 1)))
	f.Add([]byte(`{"version":1,"lineage":"` + lineage + `","serial":0,"cluster":{"uri":"embedded:a"},"updated_at":"2026-03-01T12:00:00+02:00","bindings":[],"retired":[],"pending":[]}`))
	f.Add([]byte(fullText()))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := statefile.Decode("s.json", data)
		if err != nil {
			var corrupt *statefile.CorruptError
			switch {
			case statefile.IsTooNew(err):
			case !errors.As(err, &corrupt):
				t.Fatalf("%T: %v", err, err)
			case corrupt.Why == "" || corrupt.Line < 1 || corrupt.Column < 1 || corrupt.Offset < 0 || corrupt.Offset > len(data) || corrupt.Line > bytes.Count(data, []byte("\n"))+1:
				t.Fatalf("no place or no cause: %+v", corrupt)
			}
			return
		}
		var plain planner.State
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		plain.Cluster = s.Cluster // TestAStateRemembersThePath
		if a, b := encoded(t, s), encoded(t, plain); a != b {
			t.Fatalf("encoding/json reads something else:\n%s\n%s", a, b)
		}
		if diff := cmp.Diff(s, decoded(t, encoded(t, s))); diff != "" {
			t.Fatalf("after writing and reading (-before +after):\n%s", diff)
		}
	})
}
