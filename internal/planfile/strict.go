package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"aliasctl/manifest"
	"aliasctl/planner"
)

// otherwise compares a text with what its value is written as, token by token,
// and returns the place of the first difference, "" for none. That finds what
// encoding/json lets pass: a field that is missing, there twice, null, out of
// order or written in another case, and a second document.
func otherwise(text []byte, f file) string {
	canonical, err := json.Marshal(f)
	if err != nil {
		return "a value"
	}
	got, want := json.NewDecoder(bytes.NewReader(text)), json.NewDecoder(bytes.NewReader(canonical))
	got.UseNumber()
	want.UseNumber()
	var at path
	for {
		a, errA := got.Token()
		b, errB := want.Token()
		at.next(b)
		switch {
		case errA == io.EOF && errB == io.EOF:
			return ""
		case errA != nil || errB != nil || a != b:
			return at.String()
		}
	}
}

// path is a place in a document that is read token by token.
type path []level

type level struct {
	list  bool
	index int
	key   string // of an object, "" before its first
	value bool   // the key was read, its value comes
}

func (p *path) next(t json.Token) {
	delim, _ := t.(json.Delim)
	if delim == '}' || delim == ']' {
		*p = (*p)[:max(len(*p)-1, 0)]
		return
	}
	if n := len(*p); n > 0 {
		switch top := &(*p)[n-1]; {
		case top.list:
			top.index++
		case top.value:
			top.value = false
		default:
			top.key, _ = t.(string)
			top.value = true
		}
	}
	if delim == '{' || delim == '[' {
		*p = append(*p, level{list: delim == '[', index: -1})
	}
}

func (p path) String() string {
	text := ""
	for _, l := range p {
		switch {
		case l.list && l.index >= 0:
			text += fmt.Sprintf("[%d]", l.index)
		case !l.list && l.key != "" && text != "":
			text += "." + l.key
		case !l.list:
			text += l.key
		}
	}
	if text == "" {
		return "its end"
	}
	return fmt.Sprintf("%q", text)
}

var (
	verdicts = []string{string(planner.CheckPassed), string(planner.CheckFailed), string(planner.CheckUnknown),
		string(planner.CheckAllowed), string(planner.CheckSkipped), string(planner.CheckPending)}
	lives = []string{planner.LiveRead, planner.LiveAssumed}
)

// flaw reports what the planner would never make, "" for nothing.
func (f file) flaw() string {
	counted := summary{Unchanged: f.Plan.Summary.Unchanged, Conflicts: len(f.Plan.Conflicts)}
	ops := planner.Ops()
	for i, s := range f.Plan.Steps {
		place := fmt.Sprintf("step %d", i+1)
		switch {
		case !slices.Contains(ops, planner.Op(s.Op)):
			return place + " has an operation that does not exist"
		case s.Database == "":
			return place + " has no database"
		case planner.Op(s.Op).OnCollection() != (s.Collection != ""), (s.Alias == "") != (s.Collection != ""):
			return place + " names neither an alias nor a collection, or both"
		case (s.Op == string(planner.GrantPrivilege)) != (s.Role != ""), (s.Role == "") != (s.Privilege == ""), (s.Role == "") != (s.ObjectType == ""):
			return place + " has a half of a grant, or is none"
		case s.ID != "" && s.Collection == "" && s.Op != string(planner.Displace):
			return place + " has the id of a collection that it does not name"
		}
		counted.add(s.Op)
	}
	if counted != f.Plan.Summary {
		return "its counts are not those of its steps"
	}
	for _, c := range f.Plan.Checks {
		if !slices.Contains(verdicts, c.Verdict) || !slices.Contains(manifest.CheckNames(), manifest.CheckName(c.Check)) {
			return "a check has a name or a verdict that does not exist"
		}
	}
	if !slices.Contains(lives, f.Plan.Live) {
		return "the cluster was read in a way that does not exist"
	}
	if f.Plan.Version != planner.PlanVersion {
		return fmt.Sprintf("its plan has version %d", f.Plan.Version)
	}
	for i, c := range f.Flags {
		if len(c.Values) == 0 || i > 0 && f.Flags[i-1].Name >= c.Name {
			return "its flags are not sorted, or one has no value"
		}
	}
	for i, v := range f.Vars {
		if i > 0 && f.Vars[i-1].Name >= v.Name {
			return "its variables are not sorted"
		}
	}
	return ""
}

func (s *summary) add(op string) {
	switch op {
	case string(planner.CreateAlias):
		s.Create++
	case string(planner.AlterAlias), string(planner.RecreateAlias):
		s.Switch++
	case string(planner.DropAlias):
		s.Drop++
	case string(planner.Displace):
		s.Displace++
	case string(planner.LoadCollection):
		s.Load++
	case string(planner.ReleaseCollection):
		s.Release++
	case string(planner.GrantPrivilege):
		s.Grant++
	case string(planner.DropCollection):
		s.Retire++
	case string(planner.VerifyAlias):
		s.Verify++
	case string(planner.Adopt):
		s.Adopt++
	case string(planner.Forget):
		s.Forget++
	}
}
