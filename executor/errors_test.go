package executor

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestErrorsSayWhatWhereWhyAndWhatNow(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&MovedError{"default", "products", "v1", "v3"},
			`alias "products" of database "default" was expected at "v1" and is at "v3": someone else changed it, so it is left as it is`},
		{&MovedError{"default", "products", "v1", ""},
			`alias "products" of database "default" was expected at "v1" and is absent: someone else changed it, so it is left as it is`},
		{&OvertakenError{"default", "products", "v2", "v3"},
			`alias "products" of database "default" was changed by this run (now at "v2") and then found at "v3": someone else changed it afterwards`},
		{&RecreatedError{"default", "v1", "101", "109"},
			`collection "v1" of database "default" has id 109 and the plan was made for id 101: it was dropped and created again by someone else, so it is left as it is`},
		{&StillAliasedError{"default", "v1", []string{"a", "b"}},
			`collection "v1" of database "default" is still reached by "a", "b", so it is left as it is`},
		{&RetireeIsAliasError{"default", "v1", "v2"},
			`"v1" of database "default" is an alias now, bound to "v2", so it is left as it is`},
		{&UndecidedError{Lost: errLost, Settle: 15 * time.Second},
			`the outcome is unknown: no answer shows what became of the write (connection reset); the change did not show within 15s; it stays announced in the state, and running the same command again settles it`},
		{&UndecidedError{Seen: errTransient},
			`the outcome is unknown: the cluster acknowledged it; rate limit exceeded (code 8); it stays announced in the state, and running the same command again settles it`},
		{&UndoneError{"default", "products", "v1", errRefused, ""},
			`undone: alias "products" of database "default" is bound to "v1" again, because the create after its drop failed: permission denied (HTTP 403)`},
		{&UnrestoredError{"default", "products", "v1", errRefused, errLost},
			`alias "products" of database "default" was dropped, could not be created (permission denied (HTTP 403)), and could not be bound to "v1" again (connection reset)`},
		{&UnfitError{"it has 2 unresolved conflicts"}, `the plan cannot be applied: it has 2 unresolved conflicts`},
		{&AnnounceError{errDisk}, `the steps could not be announced in the state, so nothing was changed: no space left on device`},
		{&SaveError{Err: errDisk}, `the state after the run could not be saved: no space left on device`},
		{&PanicError{Value: "index out of range"}, `internal error: panic: index out of range`},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.err.Error()); diff != "" {
			t.Errorf("%T (-want +got):\n%s", test.err, diff)
		}
	}
}

func TestTheErrorsOfACutoverSayWhatToKnowAt3AM(t *testing.T) {
	cause := &StaleError{Witness: "eu", Database: "default", Alias: "a", Want: "v2", Found: "v1", Waited: 15 * time.Second}
	for _, test := range []struct {
		err  error
		want string
	}{
		{cause, `"eu" did not confirm within 15s that alias "a" of database "default" is at "v2": it still answers that the alias is at "v1"`},
		{&StaleError{Witness: "eu", Database: "default", Alias: "a", Want: "v2", Err: errLost, Waited: time.Second},
			`"eu" did not confirm within 1s that alias "a" of database "default" is at "v2": it cannot be asked: connection reset`},
		{&GroupError{Database: "default", Group: "g", Member: "a", Err: errRefused},
			`group "g" of database "default" stays together, and its member "a" failed: permission denied (HTTP 403)`},
		{&SwitchBackError{Database: "default", Alias: "a", Collection: "v1", Cause: errRefused, Err: errLost},
			`alias "a" of database "default" could not be switched back to "v1" (connection reset), which was due because: permission denied (HTTP 403)`},
		{&SwitchBackError{Database: "default", Alias: "a", Cause: errRefused, Err: errLost},
			`alias "a" of database "default" could not be dropped again (connection reset), which was due because: permission denied (HTTP 403)`},
		{&BackError{Database: "default", Alias: "a", Collection: "v1", Cause: errRefused},
			`alias "a" of database "default" is at "v1" again, because: permission denied (HTTP 403)`},
		{&ReleaseError{Database: "default", Collection: "v1", Err: errRefused},
			`collection "v1" of database "default" could not be released, so it is not dropped: permission denied (HTTP 403)`},
	} {
		if diff := cmp.Diff(test.want, test.err.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestTheClassOfAnErrorIsFoundThroughItsWrapping(t *testing.T) {
	tests := []struct {
		err  error
		want Class
	}{
		{errors.New("unheard of"), Unknown},
		{errLost, Unknown},
		{errors.Join(errors.New("context"), errTransient), Transient},
		{&UnrestoredError{Create: errRefused, Restore: errLost}, Refused},
		{errFatal, Fatal},
	}
	for _, test := range tests {
		if got := ClassOf(test.err); got != test.want {
			t.Errorf("%v: %d, want %d", test.err, got, test.want)
		}
	}
	if by, ok := TakenBy(errors.Join(&fakeError{class: Refused, taken: true, by: "v1"})); by != "v1" || !ok {
		t.Errorf("taken by %q, %v", by, ok)
	}
	if _, ok := TakenBy(errLost); ok {
		t.Error("a lost answer is no taken alias")
	}
}
