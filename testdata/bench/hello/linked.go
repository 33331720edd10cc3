//go:build linked

package main

// What aliasctl links beyond the standard library. Each initialises itself
// before main begins, used or not.
import (
	_ "net/http"

	_ "github.com/cenkalti/backoff/v5"
	_ "github.com/fatih/color"
	_ "github.com/gofrs/flock"
	_ "github.com/google/uuid"
	_ "github.com/minio/minio-go/v7"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/sergi/go-diff/diffmatchpatch"
	_ "github.com/urfave/cli/v2"
	_ "golang.org/x/term"
	_ "gopkg.in/yaml.v3"
)
