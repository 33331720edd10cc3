package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
)

// TestWindow measures what Milvus, which has no compare-and-set, leaves open:
// the time between the last read before a write and the write itself, as the
// server sees it over loopback (promise "Others at work"). It prints; how long
// is too long is not for a test to say.
func TestWindow(t *testing.T) {
	for _, parallel := range []string{"1", "8"} {
		for _, kind := range []string{"alter", "drop of a collection"} {
			windows := windowsOf(t, parallel, kind)
			slices.Sort(windows)
			at := func(share float64) time.Duration { return windows[int(share*float64(len(windows)-1))] }
			t.Logf("--parallel %s, %s, %d steps: median %v, 99%% %v, longest %v",
				parallel, kind, len(windows), at(0.5), at(0.99), at(1))
		}
	}
}

const windowSteps = 200

// windowsOf switches or retires many, and returns the window of each step.
func windowsOf(t *testing.T, parallel, kind string) []time.Duration {
	s := scene.Story{Ours: map[string]string{}, Want: map[string]string{}, Others: map[string]string{}}
	switches := kind == "alter"
	for i := range windowSteps {
		name := fmt.Sprintf("default/c%03d", i)
		s.Existing = append(s.Existing, name)
		if switches {
			s.Ours[fmt.Sprintf("default/a%03d", i)] = fmt.Sprintf("c%03d", i)
			s.Want[fmt.Sprintf("default/a%03d", i)] = fmt.Sprintf("c%03d", (i+1)%windowSteps)
		} else {
			s.Retire = append(s.Retire, name)
		}
	}
	if !switches {
		s.Existing = append(s.Existing, "default/kept")
		s.Ours["default/kept_alias"], s.Want["default/kept_alias"] = "kept", "kept"
	}
	c, err := scene.Play(s, emulator.V26, scene.Shared(t), "--parallel", parallel, "--max-collection-drops", fmt.Sprint(windowSteps))
	if err != nil {
		t.Fatal(err)
	}
	defer c.End()

	var mu sync.Mutex
	read := map[string]time.Time{} // by alias, or by retiree
	var windows []time.Duration
	c.AddHook(testkit.Hook{When: testkit.After, Do: func(r testkit.Request) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		name := r.Alias
		if !switches {
			name = r.Collection
		}
		switch {
		case r.Writes:
			windows = append(windows, now.Sub(read[name]))
		case switches && r.Route == "aliases/describe", !switches && r.Route == "aliases/list":
			read[name] = now
		}
	}})
	e := c.Run()
	if e.Code != 0 || len(windows) != windowSteps {
		t.Fatalf("%d writes: %s", len(windows), strings.Join(strings.Split(e.String(), "\n")[:3], "\n"))
	}
	return windows
}
