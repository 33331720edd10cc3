#!/usr/bin/env bash
# The Go SDK's load progress of a collection that is loaded is 0.
#
# Module: github.com/milvus-io/milvus/client/v2 v2.6.2 (with milvus-proto's server
#         stubs, on loopback).
# Guess:  GetLoadState fills State and Progress, and Progress ends at 100, as the REST
#         API answers loadProgress 100 for a loaded collection.
# Seen:   Progress is asked for (a second request) only while the state is Loading. A
#         collection that is loaded has 0, as one that is not has: a script that waits
#         before its switch for 100 sees 50, 99 and then 0 for good.
# So:     wait for the state (docs/milvus.md, "Clients that remember"). aliasctl's
#         `load` does (TestLoadWaitsUntilItIsLoaded).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"

	"github.com/milvus-io/milvus-proto/go-api/v2/commonpb"
	"github.com/milvus-io/milvus-proto/go-api/v2/milvuspb"
	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"google.golang.org/grpc"
)

type server struct {
	milvuspb.UnimplementedMilvusServiceServer
	state    commonpb.LoadState
	progress int64
}

func (*server) Connect(context.Context, *milvuspb.ConnectRequest) (*milvuspb.ConnectResponse, error) {
	return &milvuspb.ConnectResponse{Status: &commonpb.Status{}}, nil
}

func (s *server) GetLoadState(context.Context, *milvuspb.GetLoadStateRequest) (*milvuspb.GetLoadStateResponse, error) {
	return &milvuspb.GetLoadStateResponse{Status: &commonpb.Status{}, State: s.state}, nil
}

func (s *server) GetLoadingProgress(context.Context, *milvuspb.GetLoadingProgressRequest) (*milvuspb.GetLoadingProgressResponse, error) {
	return &milvuspb.GetLoadingProgressResponse{Status: &commonpb.Status{}, Progress: s.progress}, nil
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
	client, err := milvusclient.New(context.Background(), &milvusclient.ClientConfig{Address: l.Addr().String()})
	if err != nil {
		panic(err)
	}
	for _, s.progress = range []int64{0, 50, 99, 100} {
		s.state = commonpb.LoadState_LoadStateLoading
		switch s.progress {
		case 0:
			s.state = commonpb.LoadState_LoadStateNotLoad
		case 100:
			s.state = commonpb.LoadState_LoadStateLoaded
		}
		got, err := client.GetLoadState(context.Background(), milvusclient.NewGetLoadStateOption("products_v2"))
		if err != nil {
			panic(err)
		}
		fmt.Printf("the server has %d: loaded %t, progress %d\n", s.progress, got.State == entity.LoadStateLoaded, got.Progress)
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/milvus-io/milvus/client/v2@v2.6.2 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
the server has 0: loaded false, progress 0
the server has 50: loaded false, progress 50
the server has 99: loaded false, progress 99
the server has 100: loaded true, progress 0
END
