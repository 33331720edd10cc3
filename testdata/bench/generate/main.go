// Generate writes the files of one workload into a directory: aliases.yaml,
// aliases.state.json, cluster.yaml (the seed of an emulated cluster) and
// bindings.txt (for the reference client).
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	statefile "aliasctl/internal/state"
	"aliasctl/testdata/bench/workload"
)

func main() {
	var w workload.Workload
	flag.IntVar(&w.Bindings, "bindings", 1000, "aliases")
	flag.IntVar(&w.Collections, "collections", 100, "collections that they are on")
	flag.IntVar(&w.Every, "every", 0, "move every n-th alias; 0 for none")
	flag.BoolVar(&w.Checked, "checked", false, "with checks before a switch, and a query after it")
	flag.Parse()
	dir := flag.Arg(0)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"aliases.yaml", w.Manifest},
		{"aliases.state.json", func(to io.Writer) error { return statefile.Encode(to, w.State()) }},
		{"cluster.yaml", w.Seed},
		{"bindings.txt", w.Table},
	} {
		if err := write(filepath.Join(dir, f.name), f.write); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(path string, content func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	to := bufio.NewWriter(f)
	if err := content(to); err != nil {
		return err
	}
	if err := to.Flush(); err != nil {
		return err
	}
	return f.Close()
}
