package milvus

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aliasctl/manifest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDecodeQueries(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       []GoldenQuery
		err        string
	}{
		{"arrays and objects", "[1, -2.5e-3]\n{\"vector\": [0, 3], \"note\": \"x\"}\n", bare([]float64{1, -0.0025}, []float64{0, 3}), ""},
		{"empty lines, no last line break, CRLF", "\n[1]\r\n  \n[2]", bare([]float64{1}, []float64{2}), ""},
		{"all of it", `{"vector": [1], "filter": " a > 1 ", "params": {"ef": 64}, "ids": [7, "x", 9223372036854775807]}` + "\n" + `{"vector":[2],"ids":[],"params":null,"filter":null}`, []GoldenQuery{
			{Vector: []float64{1}, Filter: "a > 1", Params: json.RawMessage(`{"ef": 64}`), IDs: []string{"7", "x", "9223372036854775807"}}, {Vector: []float64{2}, IDs: []string{}},
		}, ""},
		{"empty filter", "[1]\n" + `{"vector":[1],"filter":" "}`, nil, `q.jsonl:2:1: error: this is no vector: its "filter" is empty`},
		{"filter of another kind", `{"vector":[1],"filter":7}`, nil, "q.jsonl:1:1: error: this is no vector: json: cannot unmarshal"},
		{"params of another kind", `{"vector":[1],"params":[1]}`, nil, `q.jsonl:1:1: error: this is no vector: its "params" are no object`},
		{"a field twice", `{"vector":[1],"note":1,"note":2}` + "\n" + `{"vector":[1],"filter":"a > 1","vector":[2]}`, nil, `q.jsonl:2:1: error: this is no vector: it has "vector" twice`},
		{"a field in another case", `{"vector":[1],"Filter":"a > 1"}`, nil, `q.jsonl:1:1: error: this is no vector: its field "Filter" has to be written "filter"`},
		{"ids of another kind", `{"vector":[1],"ids":7}`, nil, "q.jsonl:1:1: error: this is no vector: json: cannot unmarshal"},
		{"an id that is none", `{"vector":[1],"ids":[1, 1.5]}`, nil, `q.jsonl:1:1: error: this is no vector: number 2 of its "ids" is neither a whole number nor a text`},
		{"a null id", `{"vector":[1],"ids":[null]}`, nil, `q.jsonl:1:1: error: this is no vector: number 1 of its "ids" is neither a whole number nor a text`},
		{"an id twice", `{"vector":[1],"ids":[1,2,1]}`, nil, `q.jsonl:1:1: error: this is no vector: its "ids" have "1" twice`},
		{"nothing", "\n\n", nil, "q.jsonl: error: there is no vector in it"},
		{"no JSON", "[1]\nhello\n", nil, "q.jsonl:2:1: error: this is no vector: it is not valid JSON"},
		{"two on a line", "[1] [2]\n", nil, "q.jsonl:1:1: error: this is no vector: it is not valid JSON"},
		{"text for a number", `["1"]`, nil, "q.jsonl:1:1: error: this is no vector: json: cannot unmarshal string into Go value of type float64"},
		{"a number alone", `1`, nil, "q.jsonl:1:1: error: this is no vector: json: cannot unmarshal number into Go value of type []*float64"},
		{"null in it", `[1,null]`, nil, "q.jsonl:1:1: error: this is no vector: number 2 is null"},
		{"null", `null`, nil, "q.jsonl:1:1: error: the vector is empty"},
		{"no vector", "\n{\"vectors\":[1]}", nil, `q.jsonl:2:1: error: this is no vector: it has no "vector"`},
		{"empty", `[]`, nil, "q.jsonl:1:1: error: the vector is empty"},
		{"too large a number", `[1e999]`, nil, "q.jsonl:1:1: error: this is no vector: json: cannot unmarshal number 1e999 into Go value of type float64"},
		{"another length", "\n[1,2]\n[1,2,3]\n", nil, "q.jsonl:3:1: error: the vector has 3 dimensions; that of line 2 has 2"},
		{"too many dimensions", "[1" + strings.Repeat(",1", maxDimension) + "]", nil, "q.jsonl:1:1: error: the vector has 32769 dimensions; Milvus allows 32768"},
		{"too long a line", "[1]\n[" + strings.Repeat(" ", maxVectorLine) + "1]", nil, "q.jsonl:2:1: error: the line is longer than 1 MiB"},
		{"too many vectors", strings.Repeat("[1]\n", maxVectorCount+1), nil, "q.jsonl:10001:1: error: there are more than 10000 vectors"},
		{"too large", strings.Repeat(strings.Repeat(" ", 1<<16)+"\n", 1<<10), nil, "q.jsonl:1024:1: error: the file is larger than 64 MiB"},
	} {
		got, err := DecodeQueries("q.jsonl", strings.NewReader(tt.file))
		text := ""
		if err != nil {
			text = err.Error()
			var typed *VectorError
			if !errors.As(err, &typed) || typed.File != "q.jsonl" || typed.Hint() == "" {
				t.Errorf("%s: %T", tt.name, err)
			}
		}
		// The words of encoding/json are not ours: only where they begin.
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(GoldenQuery{}, "Line")); diff != "" || !sameUpToJSON(text, tt.err) {
			t.Errorf("%s: %q, want %q: %s", tt.name, text, tt.err, diff)
		}
	}
}

func TestQueriesKnowTheirLine(t *testing.T) {
	got, err := DecodeQueries("q.jsonl", strings.NewReader("\n[1]\r\n  \n[2]"))
	if err != nil || len(got) != 2 || got[0].Line != 2 || got[1].Line != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}

func sameUpToJSON(got, want string) bool {
	want, _, foreign := strings.Cut(want, "json: ")
	return got == want || foreign && strings.HasPrefix(got, want)
}

// bare are queries of vectors alone.
func bare(vectors ...[]float64) []GoldenQuery {
	var queries []GoldenQuery
	for _, v := range vectors {
		queries = append(queries, GoldenQuery{Vector: v})
	}
	return queries
}

// The file stands beside the manifest that names it.
func TestGoldenQueries(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "queries.jsonl")
	do(t, os.WriteFile(path, []byte("[1,2]\n"), 0o600))
	for _, tt := range []struct{ file, from string }{
		{"queries.jsonl", filepath.Join(dir, "aliases.yaml")},
		{"../queries.jsonl", filepath.Join(dir, "prod", "aliases.yaml")},
		{path, "elsewhere/aliases.yaml"},
		{path, "-"},
	} {
		got, _, err := GoldenQueries(t.Context(), &manifest.Golden{File: tt.file, Pos: manifest.Position{File: tt.from}})
		if diff := cmp.Diff(bare([]float64{1, 2}), got, cmpopts.IgnoreFields(GoldenQuery{}, "Line")); err != nil || diff != "" {
			t.Errorf("%v: %v, %s", tt, err, diff)
		}
	}
	_, _, err := GoldenQueries(t.Context(), &manifest.Golden{File: "nope.jsonl", Pos: manifest.Position{File: "-"}})
	if !errors.Is(err, os.ErrNotExist) || err.Error() != "nope.jsonl: error: the query vectors cannot be read: no such file or directory" {
		t.Errorf("%v", err)
	}
	_, _, err = GoldenQueries(t.Context(), &manifest.Golden{File: dir})
	var typed *VectorError
	if !errors.As(err, &typed) || strings.Count(err.Error(), dir) != 1 {
		t.Errorf("a directory: %v", err)
	}
}

// FuzzVectors holds a law over any file: either all vectors are of one length
// above zero, or there is an error that names the file.
func FuzzVectors(f *testing.F) {
	for _, text := range []string{"[1,2]\n[3,4]", `{"vector":[1]}`, "[1]\n[1,2]", "{}", "[null]", "\xff", "[1e400]", "[[1]]", `{"vector":[1],"vector":null}`, `{"vector":[1],"ids":[1,"a"],"filter":"x","params":{}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		vectors, err := DecodeQueries("q.jsonl", strings.NewReader(text))
		if err != nil {
			if vectors != nil || !strings.HasPrefix(err.Error(), "q.jsonl:") {
				t.Errorf("%d vectors, %v", len(vectors), err)
			}
			return
		}
		for _, v := range vectors {
			if len(v.Vector) == 0 || len(v.Vector) != len(vectors[0].Vector) {
				t.Errorf("a vector of %d numbers beside one of %d", len(v.Vector), len(vectors[0].Vector))
			}
		}
		if len(vectors) == 0 {
			t.Error("no vector and no error")
		}
	})
}
