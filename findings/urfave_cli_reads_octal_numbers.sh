#!/usr/bin/env bash
# urfave/cli reads a zero-padded number as octal, from flags and environment.
#
# Module: github.com/urfave/cli/v2 v2.27.7.
# Guess:  an IntFlag is decimal, and its field Base: 10 makes sure of that.
# Seen:   --parallel 010 is 8 and --parallel 008 is refused; 0x10 and 1_0 are
#         taken too. A number that a pipeline pads ("%03d") fails at eight and
#         changes its value at ten. Base counts for the environment variable
#         alone: the flag itself stays octal with it.
# So:     every number of aliasctl is decimal (testdata/script/usage.txtar).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

func main() {
	read := func(base int, args ...string) string {
		value := ""
		app := &cli.App{
			Writer: io.Discard, ErrWriter: io.Discard, ExitErrHandler: func(*cli.Context, error) {},
			Flags:  []cli.Flag{&cli.IntFlag{Name: "parallel", EnvVars: []string{"PARALLEL"}, Base: base}},
			Action: func(c *cli.Context) error { value = fmt.Sprint(c.Int("parallel")); return nil },
		}
		if app.Run(append([]string{"seen"}, args...)) != nil {
			return "refused"
		}
		return value
	}
	for _, number := range []string{"007", "008", "009", "010", "0x10", "1_0"} {
		os.Unsetenv("PARALLEL")
		flag := read(0, "--parallel", number)
		ten := read(10, "--parallel", number)
		os.Setenv("PARALLEL", number)
		fmt.Printf("%-4s flag %s, variable %s; with base 10: flag %s, variable %s\n", number, flag, read(0), ten, read(10))
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/urfave/cli/v2@v2.27.7 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
007  flag 7, variable 7; with base 10: flag 7, variable 7
008  flag refused, variable refused; with base 10: flag refused, variable 8
009  flag refused, variable refused; with base 10: flag refused, variable 9
010  flag 8, variable 8; with base 10: flag 8, variable 10
0x10 flag 16, variable 16; with base 10: flag 16, variable refused
1_0  flag 10, variable 10; with base 10: flag 10, variable refused
END
