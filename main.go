// Command aliasctl binds Milvus aliases to collections the way a reviewed
// manifest declares, and retires the collections that no alias reaches any more.
package main

import (
	"os"

	"aliasctl/internal/cli"
)

func main() {
	code := cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)
	os.Exit(code)
}
