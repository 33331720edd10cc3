package planfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aliasctl/internal/planfile"
	"aliasctl/planner"
	"aliasctl/planner/proof"
)

// What was written is read as it was, and digests alike.
func TestPlanSurvivesItsFile(t *testing.T) {
	for name, w := range worlds(t) {
		made := w.save()
		read, m, err := planfile.Decode(encode(t, made))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(w.manifest, m); diff != "" {
			t.Errorf("%s: manifest (-made +read):\n%s", name, diff)
		}
		made.Plan.Housekeeping = planner.Housekeeping{} // the apply finds its own
		if diff := cmp.Diff(made, read); diff != "" {
			t.Errorf("%s: plan (-made +read):\n%s", name, diff)
		}
		if made.Plan.Digest() != read.Plan.Digest() {
			t.Errorf("%s: the plan that was read has another digest", name)
		}
		if d := read.Differences(w.save(), w.state, w.live); len(d) > 0 {
			t.Errorf("%s: differences of the same plan: %q", name, d)
		}
	}
}

// What changes by itself makes no plan stale: the clock, a wait that ended, the
// serial, rows, and a drain that the apply chooses.
func TestWhatMayDiffer(t *testing.T) {
	w := newWorld(t, func(o *planner.Options) { o.Choices = []planner.Choice{{Flag: "drain", Values: []string{"5m0s"}}} })
	w.state.Idle = []planner.Idle{{Database: "default", Collection: "r_2", CollectionID: "6", Since: noon.Add(-time.Minute)}}
	read, _, err := planfile.Decode(encode(t, w.save()))
	if err != nil {
		t.Fatal(err)
	}
	w.options.Now, w.options.Due, w.options.Choices = noon.Add(3*time.Hour), read.MadeAt, nil
	w.state.Serial += 5
	for name, c := range w.live.Databases["default"].Collections {
		if c.Facts != nil && c.Facts.Rows != nil {
			more := *c.Facts
			more.Rows = &planner.RowsFact{Count: c.Facts.Rows.Count + 1, Source: "count(*)"}
			c.Facts = &more
			w.live.Databases["default"].Collections[name] = c
		}
	}
	again := w.save()
	if d := read.Differences(again, w.state, w.live); len(d) > 0 {
		t.Errorf("differences: %q", d)
	}
	if !strings.Contains(strings.Join(again.Plan.Notes, "\n"), `r_2": due since the plan was made`) {
		t.Errorf("notes %q", again.Plan.Notes)
	}
	// A time in the file that lies ahead brings no wait to its end.
	w.options.Now, w.options.Due = noon, noon.AddDate(9, 0, 0)
	for _, s := range planner.Compare(w.manifest, w.state, w.options).Plan(w.live).Steps {
		if s.Collection == "r_2" {
			t.Error("a plan from the future drops what waits")
		}
	}
}

// mayDiffer are the fields of a file that an apply takes from the plan made
// again: edits of them change nothing that is done. All others are refused or
// make the plan stale.
//
// A check that fails now refuses the plan made again, whatever the file says of
// it. A lineage or an id that is cut is one that was never read (a first run, a
// target that was not built yet): the digest that --expect-digest demands has
// the id.
var mayDiffer = regexp.MustCompile(`^(made_at|plan\.serial|plan\.state_manifests.*|plan\.notes.*|plan\.newest\[\d+\]\.passed_over.*|plan\.steps\[\d+\]\.(rows|order.*)|plan\.checks\[\d+\]\.(blue|green|details.*|golden.*|verdict)|` +
	`lineage: ""|touches\[\d+\]\.target: cut|refusals: (last removed|turned)|refusals\[1\]\.(reason|way_out))`)

// Every field of a plan times every mutation, sealed again: the file is
// refused, or the plan is stale, or nothing of it is used.
func TestMutatedPlans(t *testing.T) {
	for name, w := range worlds(t) {
		if name == "plain" {
			continue // the others have all of it
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := encode(t, w.save())
			tried, refused, stale := 0, 0, 0
			mutate(t, text, func(place, what string, mutated []byte) {
				if place == "digest" && what != "cut" && what != "twice" && what != "in capitals" {
					return // it is made again
				}
				tried++
				sealed := seal(mutated)
				read, _, err := planfile.Decode(sealed)
				if err != nil {
					refused++
					return
				}
				if bytes.Equal(compact(sealed), compact(text)) {
					t.Fatalf("%s: %s changes nothing", place, what)
				}
				due := read.MadeAt
				if due.After(w.options.Now) {
					due = w.options.Now
				}
				now := w
				now.options.Due, now.options.Choices = due, read.Plan.Choices
				now.origin, now.options.Chosen = read.Origin, read.Plan.Chosen()
				if d := read.Differences(now.save(), w.state, w.live); len(d) > 0 {
					stale++
					return
				}
				if !mayDiffer.MatchString(place+": "+what) && !ownChoice(place) && !ownManifest(place) {
					t.Errorf("%s: %s is neither refused nor stale", place, what)
				}
			})
			if tried < 500 || refused == 0 || stale == 0 {
				t.Errorf("%d mutations, %d refused, %d stale: not the whole kind", tried, refused, stale)
			}
			t.Logf("%d mutations: %d refused, %d stale", tried, refused, stale)
		})
	}
}

// ownChoice and ownManifest: the flags and the manifest of the file are what
// the plan is made from again. The command line does that; here the options
// and the manifest stay, so that these are looked at in TestInputsOfAPlan of
// internal/acceptance/hostile.
func ownChoice(place string) bool { return strings.HasPrefix(place, "flags") }
func ownManifest(place string) bool {
	return strings.HasPrefix(place, "manifest") || strings.HasPrefix(place, "vars")
}

// mutate calls try with every mutation of every value of a document.
func mutate(t *testing.T, text []byte, try func(place, what string, mutated []byte)) {
	t.Helper()
	var visit func(place string, node *node)
	root := parse(t, text)
	emit := func(place, what string) { try(place, what, root.text()) }
	visit = func(place string, n *node) {
		was := *n
		with := func(what string, other node) {
			*n = other
			if !bytes.Equal(other.text(), was.text()) {
				emit(place, what)
			}
			*n = was
		}
		with("null", node{raw: "null"})
		switch {
		case n.keys != nil:
			for i := range n.keys {
				cut := node{keys: append(append([]string{}, n.keys[:i]...), n.keys[i+1:]...), values: append(append([]*node{}, n.values[:i]...), n.values[i+1:]...)}
				*n = cut
				emit(join(place, was.keys[i]), "cut")
				*n = was
				*n = node{keys: append(append([]string{}, n.keys...), n.keys[i]), values: append(append([]*node{}, n.values...), n.values[i])}
				emit(join(place, was.keys[i]), "twice")
				*n = was
				*n = node{keys: append([]string{}, n.keys...), values: n.values}
				n.keys[i] = strings.ToUpper(n.keys[i])
				emit(join(place, was.keys[i]), "in capitals")
				*n = was
			}
			*n = node{keys: append(append([]string{}, n.keys...), "surprise"), values: append(append([]*node{}, n.values...), &node{raw: "true"})}
			emit(join(place, "surprise"), "added")
			*n = was
			for i := range n.keys {
				visit(join(place, n.keys[i]), n.values[i])
			}
		case n.list:
			if len(n.items) > 0 {
				with("emptied", node{list: true, items: nil})
				with("first removed", node{list: true, items: n.items[1:]})
				with("last removed", node{list: true, items: n.items[:len(n.items)-1]})
				with("first doubled", node{list: true, items: append([]*node{n.items[0]}, n.items...)})
			}
			if len(n.items) > 1 {
				with("turned", node{list: true, items: append([]*node{n.items[len(n.items)-1]}, n.items[:len(n.items)-1]...)})
			}
			with("no list", node{raw: `{}`})
			for i, item := range n.items {
				visit(fmt.Sprintf("%s[%d]", place, i), item)
			}
		default:
			for _, raw := range []string{`""`, `"x"`, `"pass"`, "0", "-1", "true"} {
				with(raw, node{raw: raw})
			}
		}
	}
	visit("", root)
}

func join(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
}

// node is a JSON value whose fields keep their order.
type node struct {
	raw    string // of a scalar
	list   bool
	items  []*node
	keys   []string
	values []*node
}

func parse(t *testing.T, text []byte) *node {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value func() *node
	value = func() *node {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		n := &node{}
		switch token {
		case json.Delim('{'):
			n.keys = []string{}
			for d.More() {
				key, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				n.keys, n.values = append(n.keys, key.(string)), append(n.values, value())
			}
			_, _ = d.Token()
		case json.Delim('['):
			n.list = true
			for d.More() {
				n.items = append(n.items, value())
			}
			_, _ = d.Token()
		default:
			raw, err := json.Marshal(token)
			if err != nil {
				t.Fatal(err)
			}
			n.raw = string(raw)
		}
		return n
	}
	return value()
}

func (n *node) text() []byte {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes()
}

func (n *node) write(b *bytes.Buffer) {
	switch {
	case n.keys != nil:
		b.WriteByte('{')
		for i, key := range n.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%q:", key)
			n.values[i].write(b)
		}
		b.WriteByte('}')
	case n.list:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(n.raw)
	}
}

var digest = regexp.MustCompile(`"digest": ?"[^"]*"`)

// seal gives a file the digest of its content, as whoever edits it can.
func seal(text []byte) []byte {
	text = compact(text)
	sum := sha256.Sum256(digest.ReplaceAll(text, []byte(`"digest":""`)))
	return digest.ReplaceAll(text, []byte(`"digest":"`+hex.EncodeToString(sum[:])+`"`))
}

func compact(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

func TestSealIsThatOfTheFile(t *testing.T) {
	text := encode(t, newWorld(t, nil).save())
	if !bytes.Equal(seal(text), compact(text)) {
		t.Error("the test seals in another way than the program")
	}
}

// Other versions, other files and edited ones are refused with what helps.
func TestOtherFiles(t *testing.T) {
	text := encode(t, newWorld(t, nil).save())
	for name, tt := range map[string]struct{ text, why, hint string }{
		"version 1":   {`{"version":1,"plan":{}}`, "it has version 1, this aliasctl reads version 2", "make the plan again"},
		"a later one": {`{"version":99}`, "it has version 99", "use the aliasctl that made it"},
		"no version":  {`{}`, "it has version 0", ""},
		"no JSON":     {"version: 2", "it is no saved plan", "--plan-out"},
		"cut":         {string(text[:len(text)/2]), "it is no saved plan", ""},
		"two":         {string(text) + string(text), "it is no saved plan", ""},
		"edited":      {strings.Replace(string(text), `"serial": 7`, `"serial": 8`, 1), "its digest does not fit", "not edited by hand"},
		"nothing":     {"", "it is no saved plan", ""},
		"no UTF-8":    {strings.Replace(string(text), `"c_2"`, "\"c_\xff\"", 1), "", ""},
	} {
		_, _, err := planfile.Decode([]byte(tt.text))
		var bad *planfile.Error
		if bad, _ = err.(*planfile.Error); bad == nil || !strings.Contains(bad.Error(), tt.why) || !strings.Contains(bad.Hint(), tt.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode: no file makes the decoder fail but with its own error, and what
// it takes is written again as it was.
func FuzzDecode(f *testing.F) {
	for _, w := range worlds(f) {
		text := encode(f, w.save())
		f.Add(text)
		f.Add(compact(text))
	}
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, text := range [][]byte{text, seal(text)} {
			read, _, err := planfile.Decode(text)
			if err != nil {
				if _, ours := err.(*planfile.Error); !ours {
					t.Fatalf("%T: %v", err, err)
				}
				continue
			}
			_ = read.Plan.Digest()
			_ = proof.Of(read.Plan, nil)
			_ = read.Differences(read, planner.State{}, nil)
			again, err := planfile.Encode(read)
			if err != nil || !bytes.Equal(compact(again), compact(text)) {
				t.Errorf("a plan that was read is written in another way (%v)", err)
			}
		}
	})
}
