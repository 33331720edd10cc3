package examples

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/emulator"
)

// requires wants texts in what somebody reads.
func requires(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// The workflows of examples/github-actions, from the pull request to the
// apply. Between the plan that was approved and its apply somebody moves the
// alias by hand, and the apply refuses.
func TestPullRequestStory(t *testing.T) {
	t.Parallel()
	s := newShop(t)

	// The first merge. The state comes to be in its branch.
	s.push("main", "version: 1\ncluster: prod\naliases: {products: products_v1}\n")
	plan := s.planMerged()
	plan.ends(0)
	s.apply(plan).ends(0)
	s.bound("products_v1")
	if state := s.committed(); state.Serial != 1 || len(state.Bindings) != 1 {
		t.Errorf("the committed state is %+v", state)
	}

	// A pull request is opened before the new collection is built; its comment
	// says so. A push to it updates the comment.
	s.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products_v4}\n")
	review := s.pullRequest("rebuild")
	review.ends(0)
	requires(t, s.comment(), "<!-- aliasctl-report prod aliases.yaml%0Agit%3A%3Ahttps%3A%2F%2F127.0.0.1%3A", "`products_v1`", "`products_v4`", "not there yet")
	s.push("rebuild", "version: 1\ncluster: prod\naliases: {products: products_v2}\nretire: [products_v0]\n")
	review = s.pullRequest("rebuild")
	review.ends(0)
	requires(t, s.comment(), "`products_v2`", "**1 collection dropped for good:**", "`products_v0`")
	requires(t, review.summary.String(), "`products_v2`")
	for output, want := range map[string]string{"has-changes": "true", "has-drops": "true", "exit-code": "0"} {
		if got := review.values["steps.plan.outputs."+output]; got != want {
			t.Errorf("output %s is %q, want %q", output, got, want)
		}
	}
	log, err := os.ReadFile(filepath.Join(s.dir, "comments", "log"))
	s.check(err)
	if got, want := strings.Fields(string(log)), []string{
		"GET", "repos/shop/search/issues/12/comments", "POST", "repos/shop/search/issues/12/comments",
		"GET", "repos/shop/search/issues/12/comments", "PATCH", "repos/shop/search/issues/comments/1001",
	}; !slices.Equal(got, want) {
		t.Errorf("asked of GitHub: %q, want %q", got, want)
	}
	s.bound("products_v1")

	// It is merged, planned again and waits for an approval. Meanwhile somebody
	// moves the alias by hand: the approved plan is stale and nothing happens.
	s.merge("rebuild")
	plan = s.planMerged()
	plan.ends(0)
	requires(t, plan.summary.String(), "`products_v2`", "`products_v0`")
	if got, want := plan.values["steps.plan.outputs.digest"], review.values["steps.plan.outputs.digest"]; got != want || got == "" {
		t.Errorf("the digest after the merge is %q, in the pull request it was %q", got, want)
	}
	s.cluster(func(e *emulator.Emulator) error { return e.AlterAlias("default", "products", "products_v3") })
	stale := s.apply(plan)
	stale.ends(4)
	requires(t, stale.said.String(), "is stale", "products_v3", "products_v1")
	s.bound("products_v3")
	if state := s.committed(); state.Serial != 1 {
		t.Errorf("the stale apply has left state %+v", state)
	}

	// A new plan tells of it as drift, and is refused as long as it lasts.
	s.planMerged().ends(3)
	s.cluster(func(e *emulator.Emulator) error { return e.AlterAlias("default", "products", "products_v1") })
	plan = s.planMerged()
	plan.ends(0)
	applied := s.apply(plan)
	applied.ends(0)
	requires(t, applied.summary.String(), "applied, 2 steps done")
	s.bound("products_v2")
	state := s.committed()
	if state.Serial != 2 || state.Bindings[0].Collection != "products_v2" {
		t.Errorf("the committed state is %+v", state)
	}

	// The plan was carried out: once more it is not the plan any more.
	s.apply(plan).ends(4)
}

// A collection that waits for its drop: the merge starts its clock, and a
// nightly run that finds it due drops it.
func TestRetirementByNight(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\n")
	s.apply(s.planMerged()).ends(0)
	s.push("main", "version: 1\naliases: {products: products_v1}\nretire: [{collection: products_v0, after: 1s}]\n")
	s.apply(s.planMerged()).ends(0)
	deadline := time.Now().Add(time.Minute)
	for {
		plan := s.planFor("schedule")
		plan.ends(0)
		if plan.outputs["has-changes"] == "true" {
			s.apply(plan).ends(0)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never due; %s", plan.told())
		}
	}
	s.cluster(func(e *emulator.Emulator) error {
		if left := slices.Sorted(maps.Keys(e.Collections("default"))); !slices.Equal(left, []string{"products_v1", "products_v2", "products_v3"}) {
			t.Errorf("collections: %q", left)
		}
		return nil
	})
}

// A manifest with a mistake is annotated at its line and never becomes a plan; the
// comment says so in place of an earlier plan.
func TestPullRequestWithMistake(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\n")
	s.push("mistake", "version: 1\naliases:\n  products: products-v2\n")
	m := s.pullRequest("mistake")
	m.ends(64)
	requires(t, m.said.String(), "::error file=aliases.yaml,line=3,col=13")
	requires(t, m.summary.String(), "the manifest cannot be used", "`aliases.yaml:3:13`")
}

// The nightly run is green until somebody changes an alias by hand.
func TestNightlyDrift(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\n")
	s.apply(s.planMerged()).ends(0)
	s.drift().ends(0)
	s.cluster(func(e *emulator.Emulator) error { return e.AlterAlias("default", "products", "products_v2") })
	m := s.drift()
	m.ends(8)
	requires(t, m.said.String(), "default/products: last applied products_v1, now products_v2")
	requires(t, m.summary.String(), "`products_v2`")
}

// The action by itself: what it installs, what it runs, what it hands on.
func TestAction(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\nretire: [products_v0]\n")
	use := func(with map[string]string) *machine {
		t.Helper()
		m := s.machine(nil)
		m.setEnvironment(map[string]string{"MILVUS_URI": "embedded:../../cluster.yaml"})
		if with == nil {
			with = map[string]string{}
		}
		if with["version"] == "" {
			with["version"] = released
		}
		m.steps([]workflowStep{
			{Uses: "actions/checkout@v5"},
			{ID: "it", Uses: "your-org/aliasctl/.github/actions/aliasctl@v1", With: with},
		})
		return m
	}
	outputs := func(m *machine) map[string]string {
		found := map[string]string{}
		for _, name := range []string{"has-changes", "has-drops", "digest", "exit-code"} {
			found[name] = m.values["steps.it.outputs."+name]
		}
		return found
	}

	installed := use(nil)
	installed.ends(0)
	installed.steps([]workflowStep{{Shell: "bash", Run: "command -v aliasctl; aliasctl version"}})
	requires(t, installed.said.String(), "aliasctl", filepath.Join("temp", "aliasctl"))

	planned := use(map[string]string{"args": "sync --dry-run\n-f aliases.yaml", "summary": "true"})
	planned.ends(0)
	requires(t, planned.summary.String(), "`products_v1`")
	got := outputs(planned)
	if got["has-changes"] != "true" || got["has-drops"] != "true" || got["exit-code"] != "0" || len(got["digest"]) < 32 {
		t.Errorf("outputs of a plan: %v", got)
	}

	unchanged := use(map[string]string{"args": "sync --apply --expect-digest " + got["digest"]})
	unchanged.ends(0)
	other := use(map[string]string{"args": "sync --apply --expect-digest " + got["digest"], "allow-failure": "true"})
	other.ends(0)
	if code := outputs(other)["exit-code"]; code != "4" {
		t.Errorf("another plan: exit-code is %q, want 4; %s", code, other.told())
	}

	// An input is data: nothing in it is a command.
	sly := use(map[string]string{"args": "validate -f aliases.yaml; touch sly $(touch sly)"})
	sly.ends(64)
	if _, err := os.Stat(filepath.Join(sly.workspace, "sly")); err == nil {
		t.Error("the arguments were run as a script")
	}
}

// What is installed is what the checksums name, and only for a release there is.
func TestActionVerifiesWhatItInstalls(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\n")
	var archive, sums string
	for name := range s.forge.files {
		if strings.HasSuffix(name, "checksums.txt") {
			sums = name
		} else {
			archive = name
		}
	}
	good, listed := s.forge.files[archive], s.forge.files[sums]
	sum := strings.Fields(string(listed))[2]
	for _, tt := range []struct {
		name          string
		with          map[string]string
		archive, sums []byte
		code          int
		want          string
	}{
		{"a release", map[string]string{"version": released}, good, listed, 0, ""},
		{"with a v", map[string]string{"version": "v" + released}, good, listed, 0, ""},
		{"pinned", map[string]string{"version": released, "checksum": sum}, good, listed, 0, ""},
		{"from a mirror", map[string]string{"version": released, "download-url": s.forge.URL + filepath.Dir(archive)}, good, listed, 0, ""},
		{"another pin", map[string]string{"version": released, "checksum": strings.Repeat("0", 64)}, good, listed, 1, "the input checksum is 000"},
		{"another archive", map[string]string{"version": released}, append([]byte("x"), good...), listed, 1, "checksums.txt has " + sum},
		{"not listed", map[string]string{"version": released}, good, []byte(strings.ReplaceAll(string(listed), "aliasctl_", "other_")), 1, "checksums.txt has none for it"},
		{"no such release", map[string]string{"version": "9.9.9"}, good, listed, 1, "is there a release 9.9.9?"},
		{"no version", map[string]string{"version": "latest"}, good, listed, 1, "is no release"},
		{"a path", map[string]string{"version": "1.0.0/../../x"}, good, listed, 1, "is no release"},
	} {
		s.forge.files[archive], s.forge.files[sums] = tt.archive, tt.sums
		program.Must(t, os.RemoveAll(filepath.Join(s.dir, "temp", "aliasctl")))
		m := s.machine(nil)
		m.steps([]workflowStep{{Uses: "actions/checkout@v5"}, {ID: "it", Uses: "your-org/aliasctl/.github/actions/aliasctl@v1", With: tt.with}})
		_, err := os.Stat(filepath.Join(s.dir, "temp", "aliasctl", "aliasctl"))
		if m.code != tt.code || !strings.Contains(m.said.String(), tt.want) || (err == nil) != (tt.code == 0) {
			t.Errorf("%s: installed: %v, want exit code %d and %q; %s", tt.name, err == nil, tt.code, tt.want, m.told())
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "temp", "aliasctl-download*")); left != nil {
			t.Errorf("%s: leaves %q", tt.name, left)
		}
	}
}

// The sources of the action are compiled where that is asked for.
func TestActionCompilesItself(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("main", "version: 1\naliases: {products: products_v1}\n")
	m := s.machine(nil)
	m.steps([]workflowStep{{Uses: "actions/checkout@v5"}, {ID: "it", Uses: "your-org/aliasctl/.github/actions/aliasctl@v1",
		With: map[string]string{"version": "source", "args": "validate -f aliases.yaml"}}})
	m.ends(0)
	requires(t, m.said.String(), "valid: 1 alias")
}
