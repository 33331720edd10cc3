// Client is the bare HTTP client that aliasctl is measured against, as a whole
// process: the same requests with the same parallelism, and nothing else.
//
//	client -uri URL read bindings.txt     one list of all, one for each collection
//	client -uri URL switch bindings.txt   describe, alter, describe for each that moves
//	client -uri URL back bindings.txt     the same the other way
//	client -uri URL load bindings.txt     describe without pause for -for
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"aliasctl/testdata/bench/bare"
	"aliasctl/testdata/bench/workload"
)

func main() {
	uri := flag.String("uri", "", "address of the server")
	parallel := flag.Int("parallel", 8, "requests at once")
	lasting := flag.Duration("for", 3*time.Second, "how long to load")
	h2c := flag.Bool("h2c", false, "one connection, HTTP/2 without TLS")
	flag.Parse()
	client := bare.New
	if *h2c {
		client = bare.NewMultiplexed
	}
	if err := run(client(*uri, *parallel), flag.Arg(0), flag.Arg(1), *lasting); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(c *bare.Client, job, path string, lasting time.Duration) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	bindings, err := workload.ReadTable(f)
	if err != nil {
		return err
	}
	switch job {
	case "read":
		return c.Read(bindings)
	case "switch":
		return c.Switch(bindings)
	case "back":
		return c.Switch(workload.Reversed(bindings))
	case "load":
		return c.Load(bindings, lasting)
	default:
		return fmt.Errorf("no job %q", job)
	}
}
