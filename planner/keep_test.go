package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aliasctl/manifest"
)

func TestKeepRetiresByNaturalOrder(t *testing.T) {
	all := "p_v1 p_v2 p_v9 p_v10 p_v11 p_v12 other_v1 p_v1_backup p_v2a p_v_old"
	have := ""
	for i, name := range strings.Fields(all) {
		have += fmt.Sprintf("%s#%d ", name, i+1)
	}
	keep := func(n int) manifest.Cutover {
		return manifest.Cutover{Keep: &manifest.Keep{N: n, Match: "p_v*"}}
	}
	tests := map[string]struct {
		cut
		want []string
	}{
		"two older ones stay, newer ones are not touched": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v10", live: "p: p_v10", have: have}, cutover: keep(2), names: all},
			[]string{"~ p: p_v10 -> p_v11", "! p_v1 #1", "! p_v2 #2"},
		},
		"one that any alias reaches stays": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11\nforeign: p_v2", have: have}, cutover: keep(1), names: all},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"fewer than asked for: nothing goes": {
			cut{scene: scene{want: "p: p_v2", last: "p: p_v2", live: "p: p_v2", have: have}, cutover: keep(2), names: all}, nil,
		},
		"the collection that it leaves in this run stays, however many rebuilds lie between": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v1", live: "p: p_v1", have: have}, cutover: keep(1), names: all},
			[]string{"~ p: p_v1 -> p_v11", "! p_v2 #2", "! p_v9 #3"},
		},
		"and the one that it left last": {
			cut{scene: scene{want: "p: p_v11", last: "p: p_v11", live: "p: p_v11", have: have}, cutover: keep(1), names: all, cameFrom: "p_v2"},
			[]string{"! p_v1 #1", "! p_v9 #3"},
		},
		"keep none": {
			cut{scene: scene{want: "p: p_v9", last: "p: p_v9", live: "p: p_v9", have: have}, cutover: keep(0), names: all},
			[]string{"! p_v1 #1", "! p_v2 #2"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.build(t)
			if diff := cmp.Diff(tt.want, lines(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if got := p.Summary.Retire; got != strings.Count(strings.Join(tt.want, ""), "!") {
				t.Errorf("the guard on collection drops counts %d", got)
			}
		})
	}
}
