#!/usr/bin/env bash
# urfave/cli refuses a repeatable flag that is given by both of its names.
#
# Module: github.com/urfave/cli/v2 v2.27.7.
# Guess:  -f is another name of --file, so `-f a --file b` gives the two files that
#         `-f a -f b` gives, and of a single value the last one counts.
# Seen:   the names are compared, not the flag: the mix is a usage error, also for a
#         StringSliceFlag, and for a switch that is taken back (`-a --apply=false`,
#         where `-a -a=false` is fine). A wrapper that adds `--file` to what a
#         person typed fails for those who typed `-f`.
# So:     aliasctl takes the mix (testdata/script/usage.txtar).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func main() {
	for _, words := range []string{"-f a -f b", "--file a --file b", "-f a --file b", "-a -a=false", "-a --apply=false"} {
		app := &cli.App{
			Writer: io.Discard, ErrWriter: io.Discard, ExitErrHandler: func(*cli.Context, error) {},
			Flags: []cli.Flag{
				&cli.StringSliceFlag{Name: "file", Aliases: []string{"f"}},
				&cli.BoolFlag{Name: "apply", Aliases: []string{"a"}},
			},
			Action: func(c *cli.Context) error {
				fmt.Printf("%s: files %v, apply %t\n", words, c.StringSlice("file"), c.Bool("apply"))
				return nil
			},
		}
		if err := app.Run(append([]string{"seen"}, strings.Fields(words)...)); err != nil {
			fmt.Printf("%s: refused\n", words)
		}
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/urfave/cli/v2@v2.27.7 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
-f a -f b: files [a b], apply false
--file a --file b: files [a b], apply false
-f a --file b: refused
-a -a=false: files [], apply false
-a --apply=false: refused
END
