package milvus

import (
	"slices"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
	"aliasctl/planner"
)

// A switch to a collection that is fit takes two requests, one to a collection
// that is asked for already none, and blue is asked only where green falls short.
func TestServingAsksFewQuestions(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		colours(t, k)
		c := newClient(t, k.uri, nil)
		run := func(blue, green string) planner.ServingRun {
			return planner.ServingRun{Database: "default", Blue: blue, Green: green, Load: true, Rows: true}
		}
		ask := func(runs ...planner.ServingRun) (*planner.LiveDatabase, []string) {
			k.took()
			d := inspect(t, c, planner.Needs{Serving: runs}, liveOf("bare", "blue", "green"))
			var routes []string
			for _, line := range k.took() {
				route, body, _ := strings.Cut(line, " ")
				_, name, _ := strings.Cut(body, `"collectionName":"`)
				name, _, _ = strings.Cut(name, `"`)
				routes = append(routes, route[strings.LastIndex(route, "/")+1:]+" "+name)
			}
			slices.Sort(routes)
			return d, routes
		}
		is := func(what string, got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s: asked %q, want %q", what, got, want)
			}
		}
		// The rows of green are growing: the statistics do not see them.
		d, asked := ask(run("blue", "green"), run("bare", "green"))
		is("fit", asked, "get_load_state green", "get_stats green", "query green")
		if f := d.Serving["green"]; f.Rows.Count != 1 || f.Load.State != planner.Loaded || d.Serving["blue"] != nil {
			t.Errorf("green: %+v %+v, blue: %+v", f.Rows, f.Load, d.Serving["blue"])
		}
		d, asked = ask(run("blue", "bare"))
		is("not loaded and empty", asked, "get_load_state bare", "get_load_state blue", "get_stats bare", "get_stats blue", "query bare", "query blue")
		if f := d.Serving["blue"]; f.Rows.Count != 2 || f.Load.State != planner.Loaded || d.Serving["bare"].Rows.Count != 0 {
			t.Errorf("blue: %+v %+v", f.Rows, f.Load)
		}
	})
}

// What the server or the token keeps from being answered is no error.
func TestServingWithoutPrivileges(t *testing.T) {
	runs := []planner.ServingRun{{Database: "default", Blue: "blue", Green: "green", Load: true, Rows: true}}
	_, c := withUser(t, emulator.V26, "DescribeCollection")
	d := inspect(t, c, planner.Needs{Serving: runs}, liveOf("blue", "green"))
	if f := d.Serving["green"]; f.Load.Why == "" || f.Rows.Why == "" {
		t.Errorf("%+v %+v", f.Load, f.Rows)
	}
}
