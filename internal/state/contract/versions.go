package contract

import (
	"testing"
	"time"

	"aliasctl/internal/state"
)

// Versions requires of a store that keeps every version that it lists and reads
// them, those of this state alone.
func Versions(t *testing.T, location func(name string) string) {
	t.Helper()
	for _, name := range []string{"kept.json", "kept.json.other", "kept"} {
		l := Open(t, location(name))
		for serial := uint64(1); serial <= 3; serial++ {
			if err := l.Save(t.Context(), State(serial, int(serial))); err != nil {
				t.Fatal(Told(err))
			}
			time.Sleep(20 * time.Millisecond) // for stores that tell versions apart by their time alone
		}
	}
	for _, most := range []int{20, 2} {
		all, err := Open(t, location("kept.json")).(*state.Shared).Versions(t.Context(), most)
		if err != nil || len(all) != min(most, 3) {
			t.Fatalf("%d versions: %+v, %s", most, all, Told(err))
		}
		for i, old := range all {
			if old.Err != nil || old.State.Serial != uint64(3-i) || len(old.State.Bindings) != 3-i || old.Written.IsZero() {
				t.Errorf("version %d: serial %d of %v, %v", i, old.State.Serial, old.Written, old.Err)
			}
		}
	}
	if all, err := Open(t, location("none.json")).(*state.Shared).Versions(t.Context(), 20); err != nil || len(all) != 0 {
		t.Errorf("of no state: %+v, %s", all, Told(err))
	}
}
