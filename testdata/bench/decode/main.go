// Decode is the least that a program must do with a manifest and a state: the
// one into a yaml.Node, the other into structs with encoding/json.
//
//	decode aliases.yaml aliases.state.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"gopkg.in/yaml.v3"

	"aliasctl/planner"
)

func main() {
	var node yaml.Node
	var state planner.State
	if err := decode(os.Args[1], func(data []byte) error { return yaml.Unmarshal(data, &node) }); err != nil {
		fail(err)
	}
	if err := decode(os.Args[2], func(data []byte) error { return json.Unmarshal(data, &state) }); err != nil {
		fail(err)
	}
	fmt.Println(len(node.Content), len(state.Bindings))
}

func decode(path string, into func([]byte) error) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return into(data)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
