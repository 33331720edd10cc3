package planner_test

import (
	"slices"
	"testing"
	"time"

	"aliasctl/planner"
)

// Retiring takes time, and a name may come back: what waits, and what a record
// of a dropped collection stands for.

func TestRetireAfterAWhile(t *testing.T) {
	sc := scene{retire: "v1", have: "v1#7"}
	first := cut{scene: sc, after: 30 * 24 * time.Hour}.build(t)
	if len(first.Steps) != 0 || len(first.Housekeeping.WaitStarted) != 1 || !slices.Contains(first.Notes, `collection "v1": due in 30d`) {
		t.Errorf("first seen: %q %+v %q", lines(first), first.Housekeeping, first.Notes)
	}
	since := func(d time.Duration, id string) []planner.Idle {
		return []planner.Idle{{Database: "default", Collection: "v1", CollectionID: id, Since: noon.Add(-d)}}
	}
	waiting := cut{scene: sc, after: 24 * time.Hour, idle: since(20*time.Hour+48*time.Minute, "7")}.build(t)
	if len(waiting.Steps) != 0 || !waiting.Housekeeping.Empty() || !slices.Contains(waiting.Notes, `collection "v1": due in 3h12m`) {
		t.Errorf("waiting: %q %+v %q", lines(waiting), waiting.Housekeeping, waiting.Notes)
	}
	due := cut{scene: sc, after: 24 * time.Hour, idle: since(24*time.Hour, "7")}.build(t)
	if got := lines(due); !slices.Equal(got, []string{"! v1 #7"}) {
		t.Errorf("due: %q", got)
	}
	another := cut{scene: sc, after: 24 * time.Hour, idle: since(24*time.Hour, "6")}.build(t)
	if len(another.Steps) != 0 || len(another.Housekeeping.WaitStarted) != 1 {
		t.Errorf("another collection of that name waits anew: %q", lines(another))
	}
	leaving := cut{scene: scene{want: "p: v2", last: "p: v1", live: "p: v1", retire: "v1", have: "v1#7 v2"}, after: 24 * time.Hour, idle: since(30*time.Hour, "7")}.build(t)
	if got := leaving.Housekeeping.WaitStarted; !slices.Equal(lines(leaving), []string{"~ p: v1 -> v2"}) || len(got) != 1 || !got[0].Since.Equal(noon) {
		t.Errorf("an earlier switch failed, and it served until now: %q %+v", lines(leaving), got)
	}
	reached := cut{scene: scene{retire: "v1", have: "v1#7", live: "foreign: v1"}, after: time.Hour, idle: since(24*time.Hour, "7")}.build(t)
	if len(reached.Housekeeping.WaitEnded) != 1 {
		t.Errorf("reached again: the waiting ends, got %+v", reached.Housekeeping)
	}
}

// Fixed names, blue and green, switched four times: the record of a dropped
// collection must not stand in the way of its next life.
func TestBlueAndGreenUnderFixedNames(t *testing.T) {
	colours := []string{"blue", "green"}
	last, retired := "p: blue", ""
	for i := range 4 {
		from, to := colours[i%2], colours[(i+1)%2]
		sc := scene{
			want: "p: " + to, retire: from, last: last, live: "p: " + from, retired: retired,
			have: from + "#" + string(rune('0'+i)) + " " + to + "#" + string(rune('1'+i)),
		}
		p := sc.build(t)
		want := []string{"~ p: " + from + " -> " + to, "! " + from + " #" + string(rune('0'+i))}
		if got := lines(p); !slices.Equal(got, want) {
			t.Fatalf("round %d: %q, want %q", i+1, got, want)
		}
		last = "p: " + to
		retired = from + "#" + string(rune('0'+i)) // the other record is unfenced
		if i > 0 && len(p.Housekeeping.Unretired) != 1 {
			t.Fatalf("round %d: the record of %q stays: %+v", i+1, to, p.Housekeeping)
		}
	}
}
