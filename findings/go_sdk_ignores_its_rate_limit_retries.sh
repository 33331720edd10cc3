#!/usr/bin/env bash
# The Go SDK takes a number of retries for rate limits and never uses it.
#
# Module: github.com/milvus-io/milvus/client/v2 v2.6.2 (with milvus-proto's
#         server stubs, on loopback).
# Guess:  ClientConfig.RetryRateLimit{MaxRetry: 5} repeats a call that the server
#         refuses with its rate limit; without it the documented default of 75
#         retries holds.
# Seen:   one request, and the error at once, with the field and without it: the
#         interceptor exists and is not installed. UNAVAILABLE is repeated, by
#         another interceptor that has no setting.
# So:     an operator's DDL limit ends such a script at its first refusal.
#         aliasctl backs off (TestAClusterThatAsksForPatienceGetsIt).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/milvus-io/milvus-proto/go-api/v2/commonpb"
	"github.com/milvus-io/milvus-proto/go-api/v2/milvuspb"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type server struct {
	milvuspb.UnimplementedMilvusServiceServer
	alters, drops int
}

func (*server) Connect(context.Context, *milvuspb.ConnectRequest) (*milvuspb.ConnectResponse, error) {
	return &milvuspb.ConnectResponse{Status: &commonpb.Status{}}, nil
}

func (s *server) AlterAlias(context.Context, *milvuspb.AlterAliasRequest) (*commonpb.Status, error) {
	s.alters++
	return &commonpb.Status{ErrorCode: commonpb.ErrorCode_RateLimit, Code: 8, Reason: "rate limit exceeded", Retriable: true}, nil
}

func (s *server) DropAlias(context.Context, *milvuspb.DropAliasRequest) (*commonpb.Status, error) {
	if s.drops++; s.drops == 1 {
		return nil, status.Error(codes.Unavailable, "restarting")
	}
	return &commonpb.Status{}, nil
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &server{}
	g := grpc.NewServer()
	milvuspb.RegisterMilvusServiceServer(g, s)
	go g.Serve(l)
	for _, retry := range []*milvusclient.RetryRateLimitOption{nil, {MaxRetry: 5, MaxBackoff: 10 * time.Millisecond}} {
		s.alters, s.drops = 0, 0
		c, err := milvusclient.New(context.Background(), &milvusclient.ClientConfig{Address: l.Addr().String(), RetryRateLimit: retry})
		if err != nil {
			panic(err)
		}
		alter := c.AlterAlias(context.Background(), milvusclient.NewAlterAliasOption("products", "products_v2"))
		drop := c.DropAlias(context.Background(), milvusclient.NewDropAliasOption("products"))
		fmt.Printf("set %t: rate limit: %d sent, failed %t; unavailable: %d sent, failed %t\n", retry != nil, s.alters, alter != nil, s.drops, drop != nil)
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/milvus-io/milvus/client/v2@v2.6.2 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
set false: rate limit: 1 sent, failed true; unavailable: 2 sent, failed false
set true: rate limit: 1 sent, failed true; unavailable: 2 sent, failed false
END
