package script

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// requireJSON compares one place of a JSON document with words:
//
//	json stdout summary.switch 1
//	json stdout steps.*.op alter-alias drop-collection
//	json a.state.json bindings.len 2
//	! json stdout results
//
// A path is names and numbers with dots between them; `*` is every element,
// `len` is how many there are. Negated, there must be nothing at that path.
func requireJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg && len(args) != 2 {
		ts.Fatalf("usage: json FILE PATH WORD..., or ! json FILE PATH")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		ts.Fatalf("%s is not JSON: %v", args[0], err)
	}
	if decoder.More() {
		ts.Fatalf("%s is more than one JSON document", args[0])
	}
	found, err := wordsAt(document, strings.Split(args[1], "."))
	switch {
	case neg && err == nil:
		ts.Fatalf("%s is there: %q", args[1], found)
	case neg:
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	case strings.Join(found, " ") != strings.Join(args[2:], " "):
		ts.Fatalf("%s is %q, want %q", args[1], found, args[2:])
	}
}

// wordsAt lists the values at a path as words; an object or a list is its JSON.
func wordsAt(at any, path []string) ([]string, error) {
	if len(path) == 0 {
		return []string{word(at)}, nil
	}
	name, rest := path[0], path[1:]
	switch at := at.(type) {
	case map[string]any:
		value, found := at[name]
		if !found {
			return nil, fmt.Errorf("there is no field %q", name)
		}
		return wordsAt(value, rest)
	case []any:
		switch name {
		case "len":
			return []string{strconv.Itoa(len(at))}, nil
		case "*":
			words := []string{}
			for _, item := range at {
				more, err := wordsAt(item, rest)
				if err != nil {
					return nil, err
				}
				words = append(words, more...)
			}
			return words, nil
		}
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(at) {
			return nil, fmt.Errorf("no element %q in a list of %d", name, len(at))
		}
		return wordsAt(at[i], rest)
	}
	return nil, fmt.Errorf("%s has no fields", word(at))
}

func word(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
