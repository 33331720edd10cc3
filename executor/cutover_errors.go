package executor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"aliasctl/internal/quantity"
)

// GroupError is why a member of a group shares the fate of another one: it was
// not switched, or it was switched back.
type GroupError struct {
	Database, Group string
	Member          string // the alias that went wrong
	Err             error
}

func (e *GroupError) Error() string {
	return fmt.Sprintf("group %q of database %q stays together, and its member %q failed: %v", e.Group, e.Database, e.Member, e.Err)
}

func (e *GroupError) Unwrap() error { return e.Err }

// StaleError reports that a witness did not confirm a switch in time.
type StaleError struct {
	Witness         string
	Database, Alias string
	Want, Found     string // collections, "" for absent
	Err             error  // of the last read, when it failed
	Waited          time.Duration
}

func (e *StaleError) Error() string {
	seen := "it still answers that the alias is " + at(e.Found)
	if e.Err != nil {
		seen = fmt.Sprintf("it cannot be asked: %v", e.Err)
	}
	return fmt.Sprintf("%q did not confirm within %v that alias %q of database %q is %s: %s",
		e.Witness, e.Waited, e.Alias, e.Database, at(e.Want), seen)
}

func (e *StaleError) Unwrap() error { return e.Err }

// CanaryError reports that a canary read did not come back as it should: through
// the alias as from the new collection by name, with rows, in time.
type CanaryError struct {
	Database, Alias string
	Collection      string
	Through, ByName Answer
	// ThroughErr and ByNameErr are why an answer is missing.
	ThroughErr, ByNameErr error
	MaxLatency            time.Duration // 0 for no limit
}

func (e *CanaryError) Error() string {
	return fmt.Sprintf("the canary of alias %q of database %q failed: %s; through the alias: %s; from %q by name: %s",
		e.Alias, e.Database, e.why(), summary(e.Through, e.ThroughErr), e.Collection, summary(e.ByName, e.ByNameErr))
}

func (e *CanaryError) Unwrap() []error { return present(e.ThroughErr, e.ByNameErr) }

// why is what is wrong with the answers, "" for nothing.
func (e *CanaryError) why() string {
	switch {
	case e.ThroughErr != nil && e.ByNameErr != nil:
		return "neither read was answered"
	case e.ThroughErr != nil:
		return "the read through the alias was not answered"
	case e.ByNameErr != nil:
		return "the read by name was not answered"
	case e.Through.Digest != e.ByName.Digest:
		return "the answers differ"
	case e.ByName.Rows == 0 || e.Through.Rows == 0:
		return "the answers are empty"
	case e.MaxLatency > 0 && e.Through.Took > e.MaxLatency:
		return fmt.Sprintf("it took longer than %v", e.MaxLatency)
	default:
		return ""
	}
}

// final reports that to ask again is no use: both ways agree, and what they agree
// on is no matter of a stale proxy.
func (e *CanaryError) final() bool {
	switch {
	case unreachable(e.ThroughErr) || unreachable(e.ByNameErr):
		return false
	case ClassOf(e.ThroughErr) == Fatal || ClassOf(e.ByNameErr) == Fatal:
		return true
	case e.ThroughErr != nil || e.ByNameErr != nil:
		return ClassOf(e.ThroughErr) == Refused && ClassOf(e.ByNameErr) == Refused
	default:
		return e.Through.Digest == e.ByName.Digest && e.ByName.Rows == 0
	}
}

func summary(a Answer, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case strings.TrimSpace(a.Summary) == "":
		return fmt.Sprintf("%s in %v", quantity.Of(int(a.Rows), "row"), a.Took.Round(time.Microsecond))
	default:
		return fmt.Sprintf("%s in %v", a.Summary, a.Took.Round(time.Microsecond))
	}
}

// SwitchBackError reports that an alias should have been switched back, and that
// this did not work out.
type SwitchBackError struct {
	Database, Alias string
	Collection      string // where it should be again, "" for absent
	Cause           error  // why it should go back
	Err             error  // why it did not
}

func (e *SwitchBackError) Error() string {
	where := fmt.Sprintf("switched back to %q", e.Collection)
	if e.Collection == "" {
		where = "dropped again"
	}
	return fmt.Sprintf("alias %q of database %q could not be %s (%v), which was due because: %v", e.Alias, e.Database, where, e.Err, e.Cause)
}

func (e *SwitchBackError) Unwrap() []error { return []error{e.Cause, e.Err} }

// BackError is what is seen of an alias that was switched back although a first
// request to switch it, whose answer was lost, may still arrive.
type BackError struct {
	Database, Alias string
	Collection      string // where it is again, "" for absent
	Cause           error  // why it went back
}

func (e *BackError) Error() string {
	return fmt.Sprintf("alias %q of database %q is %s again, because: %v", e.Alias, e.Database, at(e.Collection), e.Cause)
}

func (e *BackError) Unwrap() error { return e.Cause }

// foundAt is where another client took an alias, as far as err knows.
func foundAt(err error) (collection string, ok bool) {
	if back, isBack := errors.AsType[*SwitchBackError](err); isBack {
		err = back.Err
	}
	if moved, ok := errors.AsType[*MovedError](err); ok {
		return moved.Found, true
	}
	if overtaken, ok := errors.AsType[*OvertakenError](err); ok {
		return overtaken.Found, true
	}
	return "", false
}
