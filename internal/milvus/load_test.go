package milvus

import (
	"testing"
	"time"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
	"aliasctl/planner"
)

func TestLoadAndRelease(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		c := newClient(t, k.uri, nil)
		ctx := t.Context()
		expect := func(want string, percent int) {
			t.Helper()
			state, progress, err := c.LoadState(ctx, "default", "blue")
			if err != nil || state != want || progress != percent {
				t.Errorf("%q, %d, %v", state, progress, err)
			}
		}
		expect(planner.Loaded, 100)
		do(t, c.ReleaseCollection(ctx, "default", "blue"), c.ReleaseCollection(ctx, "default", "blue"))
		expect("LoadStateNotLoad", 0)
		k.SetLoadTime(time.Hour)
		do(t, c.LoadCollection(ctx, "default", "blue"))
		expect("LoadStateLoading", 0)
		do(t, c.ReleaseCollection(ctx, "default", "blue"))
		k.SetLoadTime(0)
		do(t, c.LoadCollection(ctx, "default", "blue"), c.LoadCollection(ctx, "default", "blue"))
		expect(planner.Loaded, 100)

		if err := c.LoadCollection(ctx, "default", "bare"); !hasCode(err, codeIndexNotFound) || executor.ClassOf(err) != executor.Refused {
			t.Errorf("load without an index: %v", err)
		}
		_, _, err := c.LoadState(ctx, "default", "nope")
		for _, err := range []error{err, c.LoadCollection(ctx, "default", "nope"), c.ReleaseCollection(ctx, "default", "nope")} {
			if !IsNotFound(err) {
				t.Errorf("missing: %v", err)
			}
		}
	})
}

// Load and release are writes: sent once, whatever becomes of them.
func TestLoadAndReleaseAreSentOnce(t *testing.T) {
	k := newCluster(t, emulator.V26)
	colours(t, k)
	c := newClient(t, k.uri, nil)
	for route, do := range map[string]func() error{
		"collections/load":    func() error { return c.LoadCollection(t.Context(), "", "blue") },
		"collections/release": func() error { return c.ReleaseCollection(t.Context(), "", "blue") },
	} {
		k.took()
		k.AddFault(testkit.Fault{Match: testkit.Match{Route: route}, Kind: testkit.Timeout})
		if err := do(); executor.ClassOf(err) != executor.Unknown || len(k.took()) != 1 {
			t.Errorf("%s: %v", route, err)
		}
	}
}
