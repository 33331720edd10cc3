package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"aliasctl/internal/input"
	"aliasctl/planner"
)

var stateType = reflect.TypeFor[planner.State]()

// Decode reads the stored form of a state. The path is for its messages.
//
// What it accepts it would write with the same meaning, so it is strict: an
// unknown field is an error, because the next save would drop it without a
// word. A later version of aliasctl that adds a field therefore raises
// `version`. Order and layout are free, so that a state can be mended by hand.
//
// The version is judged before all else but the syntax: *TooNewError for a
// version that this program does not know, whatever its shape, and a *ForeignError for
// a state of Terraform or OpenTofu. Everything else that is wrong is a *CorruptError
// with its place and cause.
func Decode(path string, data []byte) (planner.State, error) {
	s, err := decode(data)
	if bad := (*damage)(nil); errors.As(err, &bad) {
		line, column := position(data, bad.offset)
		return planner.State{}, &CorruptError{path, line, column, bad.offset, bad.why}
	}
	if newer := (*TooNewError)(nil); errors.As(err, &newer) {
		newer.Path = path
		return planner.State{}, newer
	}
	if foreign := (*ForeignError)(nil); errors.As(err, &foreign) {
		foreign.Path = path
		return planner.State{}, foreign
	}
	return s, err
}

// byteOrderMark may begin a file in UTF-8.
const byteOrderMark = "\ufeff"

// damage is a CorruptError before its place is counted in lines.
type damage struct {
	offset int
	why    string
}

func (d *damage) Error() string { return d.why }

// decode decodes first and explains afterwards: a sound state costs one
// decoding and one cheap pass over its bytes.
func decode(data []byte) (planner.State, error) {
	var s planner.State
	if rest, marked := bytes.CutPrefix(data, []byte(byteOrderMark)); marked {
		// Some editors and shells write one. In its place there is white space,
		// so that every offset stays what it is in the file.
		data = append([]byte("   "), rest...)
	}
	if at := invalidUTF8(data); at >= 0 {
		return s, &damage{at, "it is not valid UTF-8"}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return s, &damage{0, "the file is empty"}
	}
	s.Bindings = make([]planner.Binding, 0, bindingsIn(data))
	err := json.Unmarshal(data, &s)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return s, broken(data, syntax)
	}
	if v := sniff(data, s.Version, err); v > planner.StateVersion {
		if isTerraforms(data) {
			return s, &ForeignError{}
		}
		return s, &TooNewError{Version: v, Newest: planner.StateVersion}
	}
	if m := fit(data, stateShape(), err != nil); m != nil {
		if isTerraforms(data) {
			return s, &ForeignError{}
		}
		if !stateLike(data) {
			return s, &damage{0, "it is no state of aliasctl"}
		}
		return s, m.damage()
	}
	if err != nil { // not seen: fit explains all that encoding/json refuses
		return s, &damage{0, err.Error()}
	}
	if f := check(s); f != nil {
		return s, f.damage(data)
	}
	s = canonicalInPlace(s)
	share(s)
	return s, nil
}

// share has equal names of a state share their bytes. An apply leaves every alias
// that it moved in the history, with names that the binding has too, and those of
// the apply before: without this they are most of a large state.
func share(s planner.State) {
	type named struct{ collection, id string }
	next := make([]named, len(s.Bindings)) // what each alias was bound to before the changes that follow
	for i := range s.Bindings {
		b := &s.Bindings[i]
		if i > 0 && b.Database == s.Bindings[i-1].Database {
			b.Database = s.Bindings[i-1].Database
		}
		next[i] = named{b.Collection, b.CollectionID}
	}
	for _, entry := range slices.Backward(s.History) {
		at := 0
		for i := range entry.Changes {
			c := &entry.Changes[i]
			place, found := slices.BinarySearchFunc(s.Bindings[at:], *c, func(b planner.Binding, c planner.Change) int {
				return cmp.Or(strings.Compare(b.Database, c.Database), strings.Compare(b.Alias, c.Alias))
			})
			at += place
			if !found {
				continue
			}
			c.Database, c.Alias = s.Bindings[at].Database, s.Bindings[at].Alias
			if c.To == next[at].collection {
				c.To = next[at].collection
			}
			if c.ToID == next[at].id {
				c.ToID = next[at].id
			}
			next[at] = named{c.From, c.FromID}
			at++
		}
	}
}

// stateLike reports that a document is a state, perhaps a damaged one. Of any other, which
// a link may lead to, nothing is shown.
func stateLike(data []byte) bool {
	for _, field := range []string{`"version"`, `"lineage"`, `"bindings"`} {
		if bytes.Contains(data, []byte(field)) {
			return true
		}
	}
	text := bytes.TrimSpace(data)
	return text[0] != '{' || string(text) == "{}"
}

// isTerraforms reports that a document is a state of Terraform or OpenTofu, which share
// servers and buckets with those of aliasctl: plain, or encrypted by OpenTofu.
func isTerraforms(data []byte) bool {
	var top struct {
		Terraform json.RawMessage `json:"terraform_version"`
		Lineage   json.RawMessage `json:"lineage"`
		Encrypted json.RawMessage `json:"encrypted_data"`
	}
	_ = json.Unmarshal(data, &top)
	return top.Terraform != nil || top.Encrypted != nil && top.Lineage != nil
}

// bindingsIn guesses the length of the list that is nearly all of a state:
// grown step by step it would take four times the memory.
func bindingsIn(data []byte) int {
	_, list, _ := bytes.Cut(data, []byte(`"bindings"`))
	list, _, _ = bytes.Cut(list, []byte("]"))
	return bytes.Count(list, []byte("{"))
}

// sniff returns the version of a document that may have the shape of a later
// format, 0 if it has none. Only when decoding failed is a second one needed.
func sniff(data []byte, decoded int, err error) int {
	if err == nil {
		return decoded
	}
	var top struct {
		Version json.RawMessage `json:"version"`
	}
	if json.Unmarshal(data, &top) != nil {
		return 0
	}
	v, err := strconv.Atoi(string(top.Version))
	if err != nil {
		return 0
	}
	return v
}

// canonicalInPlace is canonical for lists that have no other holder.
func canonicalInPlace(s planner.State) planner.State {
	s.Version = planner.StateVersion // what an older one holds is the same in this
	for i := range s.Unverified {
		s.Unverified[i].At = s.Unverified[i].At.UTC()
	}
	slices.SortFunc(s.Unverified, compareUnverified)
	s.UpdatedAt = s.UpdatedAt.UTC()
	s.Cluster = loaded(s.Cluster)
	for i := range s.Bindings {
		s.Bindings[i].Since, s.Bindings[i].RenamedAt = s.Bindings[i].Since.UTC(), s.Bindings[i].RenamedAt.UTC()
	}
	for i := range s.Retired {
		s.Retired[i].DroppedAt = s.Retired[i].DroppedAt.UTC()
	}
	for i := range s.Pending {
		s.Pending[i].At = s.Pending[i].At.UTC()
	}
	for i := range s.Idle {
		s.Idle[i].Since = s.Idle[i].Since.UTC()
	}
	for i := range s.History {
		s.History[i].At = s.History[i].At.UTC()
		slices.SortFunc(s.History[i].Changes, compareChanges)
	}
	slices.Sort(s.Manifests)
	slices.SortFunc(s.Bindings, compareBindings)
	slices.SortFunc(s.Retired, compareRetired)
	slices.SortFunc(s.Idle, compareIdle)
	slices.SortStableFunc(s.History, compareEntries)
	// Absent and empty are one.
	if len(s.Manifests) == 0 {
		s.Manifests = nil
	}
	if len(s.Idle) == 0 {
		s.Idle = nil
	}
	if len(s.Unverified) == 0 {
		s.Unverified = nil
	}
	if len(s.History) == 0 {
		s.History = nil
	}
	return s
}

// broken explains a syntax error. People keep states in git, so an unresolved
// merge is the likeliest one, and worth its own words.
func broken(data []byte, err *json.SyntaxError) *damage {
	at := int(err.Offset) - 1 // the offset counts the offending byte
	if at >= len(data) || err.Error() == "unexpected end of JSON input" {
		return &damage{len(data), "the file ends too early"}
	}
	at = max(at, 0)
	line := data[bytes.LastIndexByte(data[:at], '\n')+1:]
	for _, marker := range []string{"<<<<<<<", "=======", ">>>>>>>"} {
		if bytes.HasPrefix(line, []byte(marker)) {
			return &damage{at, "an unresolved merge conflict"}
		}
	}
	return &damage{at, input.JSONError(err).Error()}
}

func (m *misfit) damage() *damage {
	if m.path == "" {
		return &damage{m.offset, m.why}
	}
	return &damage{m.offset, m.path + ": " + m.why}
}

func (f *flaw) damage(data []byte) *damage {
	why := f.path() + ": " + f.why
	if f.also >= 0 {
		line, _ := position(data, locate(data, f.field, f.also))
		why += fmt.Sprintf(", first at line %d", line)
	}
	return &damage{locate(data, f.field, f.index), why}
}

// position counts lines and columns (in bytes) from 1.
func position(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
}
