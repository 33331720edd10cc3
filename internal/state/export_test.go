package state

import (
	"testing"
	"time"
)

// SetPatience shortens for how long an object tries again what fails.
func SetPatience(_ testing.TB, l Location, patience time.Duration) {
	l.(*Shared).state.patience = patience
}
