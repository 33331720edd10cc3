package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/emulator"
)

func devCommand(s *streams) *cli.Command {
	var profiles []string
	for _, p := range emulator.Profiles() {
		profiles = append(profiles, p.Name)
	}
	return &cli.Command{
		Name:  "dev",
		Usage: "serve the embedded cluster to REST clients",
		Description: "Answers like a real Milvus over REST (no gRPC), one profile per version. With\n" +
			"--seed the cluster is the one of --uri embedded:SEED, and changes are kept;\n" +
			"without it the cluster starts empty and nothing is kept.\n\n" +
			"Example:   aliasctl dev --seed cluster.yaml --profile 2.5",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:19530", Usage: "serve on this `ADDRESS`; port 0 takes a free one"},
			&cli.StringFlag{Name: "seed", Usage: "start from the catalogue in `FILE`"},
			&cli.StringFlag{Name: "profile", Value: emulator.V26.Name, Usage: "behave like this Milvus: " + strings.Join(profiles, ", ")},
			&cli.StringFlag{Name: "token-file", Usage: "demand the token in `FILE` (user:password)"},
		},
		Action: func(c *cli.Context) error { return serve(c, s) },
	}
}

func serve(c *cli.Context, s *streams) error {
	profile, err := emulator.ProfileByName(c.String("profile"))
	if err != nil {
		return &usageError{what: "--profile: " + err.Error(), err: err}
	}
	cluster := emulator.New(profile)
	if seed := c.String("seed"); seed != "" {
		if cluster, err = emulator.Open(seed, profile); err != nil {
			return embeddedError(seed, err)
		}
	}
	defer cluster.Close()
	if c.String("token-file") != "" {
		token, err := tokenOf(c, s)
		if err != nil {
			return err
		}
		cluster.RequireToken(token)
	}
	server, err := emulator.Start(cluster, c.String("listen"), emulator.ServerOptions{OnHTTP2: toldOnce(s.err)})
	if err != nil {
		return err
	}
	defer server.Close()
	signals := s.watchSignals(func() {})
	defer signals.stop()
	fmt.Fprintf(s.out, "aliasctl dev: Milvus %s at %s\n", profile.Name, server.URL())
	failed := make(chan error, 1)
	go func() { failed <- server.Wait() }()
	select {
	case <-signals.soft.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// toldOnce writes one line about the first client that speaks gRPC: they come
// again and again.
func toldOnce(to io.Writer) func(client string) {
	var once sync.Once
	return func(client string) {
		once.Do(func() {
			fmt.Fprintf(to, "aliasctl dev: refused gRPC from %s: this serves Milvus' REST API\n", client)
		})
	}
}
