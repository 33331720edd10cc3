package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	stdsync "sync"

	"github.com/urfave/cli/v2"

	"aliasctl/internal/cli/process"
	"aliasctl/internal/emulator"
	"aliasctl/internal/sync"
)

func devCommand(s *streams) *cli.Command {
	var profiles []string
	for _, p := range emulator.Profiles() {
		profiles = append(profiles, p.Name)
	}
	o := newOptions()
	return &cli.Command{
		Name:  "dev",
		Usage: "serve the embedded cluster to REST clients",
		Description: "Answers like a real Milvus over REST (no gRPC), one profile per version. With\n" +
			"--seed the cluster is the one of --uri embedded:SEED, and changes are kept;\n" +
			"without it the cluster starts empty and nothing is kept.\n\n" +
			"Example:   aliasctl dev --seed cluster.yaml --profile 2.5",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Destination: &o.listen, Value: "127.0.0.1:19530", Usage: "serve on this `ADDRESS`; port 0 takes a free one"},
			&cli.StringFlag{Name: "seed", Destination: &o.seed, Usage: "start from the catalogue in `FILE`"},
			&cli.StringFlag{Name: "profile", Destination: &o.profile, Value: emulator.V26.Name, Usage: "behave like this Milvus: " + strings.Join(profiles, ", ")},
			&cli.StringFlag{Name: "token-file", Destination: &o.Cluster.TokenFile, Usage: "demand the token in `FILE` (user:password)"},
		},
		Action: o.action(s, func(*cli.Context) error { return serve(o, s) }),
	}
}

func serve(o *options, s *streams) error {
	profile, err := emulator.ProfileByName(o.profile)
	if err != nil {
		return sync.Usagef("", "--profile: %v", err)
	}
	cluster := emulator.New(profile)
	if o.seed != "" {
		if cluster, err = emulator.Open(o.seed, profile); err != nil {
			return sync.EmbeddedError(o.seed, err)
		}
	}
	defer cluster.Close()
	if o.Cluster.TokenFile != "" {
		token, err := sync.ReadToken(context.Background(), o.Cluster.TokenFile)
		if err != nil {
			return err
		}
		cluster.RequireToken(token)
	}
	server, err := emulator.Start(cluster, o.listen, emulator.ServerOptions{OnHTTP2: toldOnce(s.err)})
	if err != nil {
		return err
	}
	defer server.Close()
	signals := process.Watch(s.owned, func() {})
	defer signals.Stop()
	fmt.Fprintf(s.out, "aliasctl dev: Milvus %s at %s\n", profile.Name, server.URL())
	failed := make(chan error, 1)
	go func() { failed <- server.Wait() }()
	select {
	case <-signals.Soft.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// toldOnce writes one line about the first client that speaks gRPC: they come
// again and again.
func toldOnce(to io.Writer) func(client string) {
	var once stdsync.Once
	return func(client string) {
		once.Do(func() {
			fmt.Fprintf(to, "aliasctl dev: refused gRPC from %s: this serves Milvus' REST API\n", client)
		})
	}
}
