// Server is the emulated cluster as a process of its own, behind a network of
// a given delay. It keeps nothing on disk, so that no disk is measured.
//
//	server -seed cluster.yaml -delay 20ms
//	server -seed cluster.yaml -h2c        also HTTP/2 without TLS, as Milvus 2.6 and 3.0
//
// It prints its URL. Each line on its standard input is answered with how many
// requests and how many writes there were so far; the end of input ends it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"net/http"
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
	h2c := flag.Bool("h2c", false, "speak HTTP/2 without TLS too")
	flag.Parse()
	if err := serve(*seed, *by, *h2c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(seed string, by time.Duration, h2c bool) error {
	cluster, err := testkit.FromSeed(seed, emulator.V26)
	if err != nil {
		return err
	}
	url, stop, err := start(cluster, h2c)
	if err != nil {
		return err
	}
	defer stop()
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

// start serves a cluster and returns its URL. The emulator's own server turns
// HTTP/2 away, so that one is net/http's.
func start(cluster http.Handler, h2c bool) (url string, stop func() error, err error) {
	if !h2c {
		server, err := emulator.Start(cluster, "127.0.0.1:0", emulator.ServerOptions{})
		if err != nil {
			return "", nil, err
		}
		return server.URL(), server.Close, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: cluster, Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 1000}}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	return "http://" + listener.Addr().String(), server.Close, nil
}
