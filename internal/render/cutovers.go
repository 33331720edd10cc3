package render

import (
	"errors"
	"fmt"
	"strings"

	"aliasctl/executor"
)

// told are the cutovers of an apply that a reader must hear of: whatever went
// wrong, and groups. That an alias alone was switched stands in its result.
func told(cutovers []executor.Cutover) (failed, switched []executor.Cutover) {
	for _, c := range cutovers {
		switch {
		case c.Err != nil:
			failed = append(failed, c)
		case c.Group != "":
			switched = append(switched, c)
		}
	}
	return failed, switched
}

// cutoverName is a group, or the alias that was switched alone.
func (n names) cutoverName(c executor.Cutover) (noun, name string) {
	if c.Group == "" && len(c.Members) > 0 {
		return "alias", n.key(c.Database, c.Members[0].Alias)
	}
	return "group", n.key(c.Database, c.Group)
}

// cutoverEnd says how a cutover ended, and for how long its members were on
// both sides.
func cutoverEnd(r Report, c executor.Cutover) []string {
	var said []string
	switch {
	case c.Err == nil:
		said = []string{"switched"}
	case c.Split:
		said = []string{"failed", "its members are not on one side"}
	case stands(c, executor.OnGreen):
		said = []string{"verification failed", "stays switched"}
	case stands(c, executor.Uncertain), stands(c, executor.Elsewhere):
		said = []string{"failed"}
	case switchedBack(r, c):
		said = []string{"failed", "switched back"}
	default:
		said = []string{"failed", "not switched"}
	}
	if c.Mixed > 0 {
		said = append(said, "mixed for "+rounded(c.Mixed).String())
	}
	return said
}

// stands says that every member is there.
func stands(c executor.Cutover, where executor.Standing) bool {
	for _, m := range c.Members {
		if m.Stands != where {
			return false
		}
	}
	return true
}

func switchedBack(r Report, c executor.Cutover) bool {
	for _, m := range c.Members {
		if m.Step < len(r.Results) && r.Results[m.Step].Outcome == executor.SwitchedBack {
			return true
		}
	}
	return false
}

// standing says where a member is; its collection follows.
func standing(m executor.Member) string {
	said := strings.ReplaceAll(string(m.Stands), "-", " ")
	if m.Stands == executor.OnBlue {
		said = "as before" // switched back, or never switched
	}
	if m.At != "" {
		return said + ", at"
	}
	if m.Stands == executor.Elsewhere {
		return said + ", unbound"
	}
	return said
}

// reason is why a result is as it is. A member that shares the fate of another
// one does not repeat what went wrong there.
func reason(err error) string {
	if group, ok := err.(*executor.GroupError); ok {
		return fmt.Sprintf("group %q stays together, and its member %q went wrong", group.Group, group.Member)
	}
	return err.Error()
}

// unwell says what is wrong with a step that is done, "" for nothing: it stays
// switched although it should not, or although its verification failed.
func unwell(r executor.Result) string {
	if !r.Done() || r.Err == nil {
		return ""
	}
	if _, ok := errors.AsType[*executor.SwitchBackError](r.Err); ok {
		return "not switched back"
	}
	return "not verified"
}
