// Hello is the least program of the size of aliasctl: testdata/bench/run puts
// as many bytes into padding as it takes.
package main

import (
	_ "embed"
	"fmt"
	"os"
)

//go:embed padding
var padding string

func main() {
	if len(os.Args) > 1 && os.Args[1] == padding {
		os.Exit(1) // keeps the padding in the program
	}
	fmt.Println("hello, world")
}
