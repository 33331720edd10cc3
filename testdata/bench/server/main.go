// Server is the emulated cluster as a process of its own, behind a network of
// a given delay. It keeps nothing on disk, so that no disk is measured.
//
//	server -seed cluster.yaml -delay 20ms
//
// It prints its URL. Each line on its standard input is answered with how many
// requests and how many writes there were so far; the end of input ends it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit"
	"aliasctl/testdata/bench/delay"
)

func main() {
	seed := flag.String("seed", "", "catalogue to start from")
	by := flag.Duration("delay", 0, "added to every round trip")
	flag.Parse()
	if err := serve(*seed, *by); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(seed string, by time.Duration) error {
	cluster, err := testkit.FromSeed(seed, emulator.V26)
	if err != nil {
		return err
	}
	server, err := emulator.Start(cluster, "127.0.0.1:0", emulator.ServerOptions{})
	if err != nil {
		return err
	}
	defer server.Close()
	url := server.URL()
	if by > 0 {
		proxy, err := delay.Listen(strings.TrimPrefix(url, "http://"), by)
		if err != nil {
			return err
		}
		defer proxy.Close()
		url = "http://" + proxy.Address()
	}
	fmt.Println(url)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		requests, writes := cluster.Counts()
		fmt.Println(requests, writes)
	}
	return nil
}
