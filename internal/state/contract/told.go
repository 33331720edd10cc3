package contract

import (
	"errors"
	"os"
	"strings"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/stores"
)

// Open is a new run's view of a state.
func Open(t testing.TB, location string) state.Location {
	t.Helper()
	l, err := stores.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// IsChild reports that this process was started by the suite, and uses the server
// of its parent.
func IsChild() bool { return os.Getenv(hold)+os.Getenv(struck) != "" }

// Told is what a user reads of an error: its words and its hint.
func Told(err error) string {
	if err == nil {
		return ""
	}
	text, hint := err.Error(), interface{ Hint() string }(nil)
	if errors.As(err, &hint) {
		text += " | " + hint.Hint()
	}
	return text
}

// Expect requires words of what a user reads of an error.
func Expect(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(Told(err), word) {
			t.Errorf("%q is missing in: %s", word, Told(err))
		}
	}
}
