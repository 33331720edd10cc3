package manifest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the value of a variable comes from, and where it may stand.

func TestVariables(t *testing.T) {
	const text = "version: 1\nvars: {rev: from_document}\naliases: {a: \"x_${rev}\"}\n---\naliases: {b: \"x_${rev}${other}\"}\n"
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"ALIASCTL_VAR_rev": "from_env", "ALIASCTL_VAR_other": "_too", "rev": "wrong"}[name]
		return v, ok
	}
	blank := func(name string) (string, bool) { return " ", true }
	for _, test := range []struct {
		name string
		opts Options
		want []string // collections
		err  string
	}{
		{name: "the command line wins", opts: Options{Vars: map[string]string{"rev": "given"}, LookupEnv: env}, want: []string{"x_given", "x_given_too"}},
		{name: "then the environment", opts: Options{LookupEnv: env}, want: []string{"x_from_env", "x_from_env_too"}},
		{name: "then the document, and only that", opts: Options{Vars: map[string]string{"other": ""}},
			err: "a.yaml:5:14: error: undefined variable \"rev\"\n    hint: give it a value with `--var rev=...`, `ALIASCTL_VAR_rev` or `vars`"},
		{name: "a blank environment variable is unset", opts: Options{Vars: map[string]string{"other": "_too"}, LookupEnv: blank},
			err: "a.yaml:5:14: error: undefined variable \"rev\"\n    hint: give it a value with `--var rev=...`, `ALIASCTL_VAR_rev` or `vars`"},
		{name: "an empty value on the command line is a value", opts: Options{Vars: map[string]string{"other": "", "rev": ""}}, want: []string{"x_", "x_"}},
		{name: "a value is not expanded again", opts: Options{Vars: map[string]string{"rev": "${other}", "other": ""}},
			err: "a.yaml:3:14: error: bad collection name \"x_${other}\", from \"x_${rev}\": character 3 ('$') is not allowed\n    hint: " + nameHint +
				"\na.yaml:5:14: error: bad collection name \"x_${other}\", from \"x_${rev}${other}\": character 3 ('$') is not allowed\n    hint: " + nameHint},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := parse("a.yaml", []byte(text), test.opts)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Fatalf("got\n%v\nwant\n%s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range m.Databases[0].Aliases {
				got = append(got, a.Collection)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("collections (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVariablesInEveryValue(t *testing.T) {
	m, err := parse("a.yaml", []byte(`version: 1
cluster: prod-${v}
database: db_${v}
aliases: {a: "a_${v}", b: {collection: "b_${v}"}}
retire: ["r_${v}", collection: "s_${v}"]
release: ["l_${v}"]
`), Options{Vars: map[string]string{"v": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &Manifest{Cluster: "prod-1", Databases: []Database{{
		Name: "db_1", Named: true,
		Aliases:  []Alias{{Name: "a", Collection: "a_1"}, {Name: "b", Collection: "b_1"}},
		Retire:   []Retiree{{Collection: "r_1"}, {Collection: "s_1"}},
		Releases: []Release{{Alias: "l_1"}},
	}}}
	if diff := cmp.Diff(want, m, withoutPositions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnusedVariables(t *testing.T) {
	const text = "version: 1\nvars: {declared: x}\naliases: {a: \"x_${rev}\"}\n"
	for _, test := range []struct {
		vars map[string]string
		want string
	}{
		{map[string]string{"rev": "v1", "rve": "v1"}, `no manifest uses the variable "rve"`},
		{map[string]string{"rev": "v1", "declared": "v1", "b": ""}, `no manifest uses the variables "b", "declared"`},
	} {
		_, err := parse("a.yaml", []byte(text), Options{Vars: test.vars})
		if _, ok := errors.AsType[*UnusedVarError](err); !ok || err.Error() != test.want {
			t.Errorf("with %v got %v, want %s", test.vars, err, test.want)
		}
	}
	// What is wrong in the manifests comes first: it may be why.
	_, err := parse("a.yaml", []byte("version: 2\n"), Options{Vars: map[string]string{"rev": "v1"}})
	if _, ok := AsProblems(err); !ok {
		t.Errorf("got %v, want the problems", err)
	}
}
