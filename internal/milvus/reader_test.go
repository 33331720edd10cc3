package milvus_test

import (
	"reflect"
	"strings"
	"testing"

	"aliasctl/internal/milvus"
)

// Read-only by construction: whoever gives a Reader a method that writes, or a
// way to its client, fails here.
func TestReaderCannotWrite(t *testing.T) {
	reader := reflect.TypeFor[*milvus.Reader]()
	if reader.NumMethod() == 0 {
		t.Fatal("a reader without methods reads nothing")
	}
	for i := range reader.NumMethod() {
		method := reader.Method(i)
		for _, verb := range []string{"Create", "Alter", "Drop", "Release", "Load", "Client"} {
			if strings.HasPrefix(method.Name, verb) {
				t.Errorf("Reader.%s: a reader cannot write", method.Name)
			}
		}
		for j := range method.Type.NumOut() {
			if out := method.Type.Out(j); out == reflect.TypeFor[*milvus.Client]() {
				t.Errorf("Reader.%s hands out a client", method.Name)
			}
		}
	}
	for i := range reader.Elem().NumField() {
		if field := reader.Elem().Field(i); field.IsExported() || field.Anonymous {
			t.Errorf("Reader.%s gives a way to the client", field.Name)
		}
	}
}
