#!/usr/bin/env bash
# minio-go creates a large object "if there is none" over the one that is there.
#
# Modules: github.com/minio/minio-go/v7 v7.4.1, gofakes3 v1.2.0 (s3mem).
# Guess:   PutObject with SetMatchETagExcept("*") refuses an existing key at any size:
#          in parts, Amazon S3 takes If-None-Match with CompleteMultipartUpload, and
#          so does aws-sdk-go-v2's uploader.
# Seen:    above 16 MiB, and at any size where the length is not given (-1, as for a
#          pipe), minio-go sends the condition with the first request, which starts
#          the upload, and not with the last, which writes the key. A server that
#          looks at it there, as S3 documents, overwrites: no error.
# So:      aliasctl writes a state with one PUT at any size (Core.PutObject;
#          TestALargeStateIsOneConditionalPut).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	ctx := context.Background()
	store := gofakes3.New(s3mem.New()).Server()
	var with []string // the requests that carry the condition
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method
		for part, name := range map[string]string{"uploads": " start", "partNumber": " part"} {
			if r.URL.Query().Has(part) {
				what += name
			}
		}
		if r.Method == "POST" && r.URL.Query().Has("uploadId") {
			what += " complete"
		}
		if r.Header.Get("If-None-Match") != "" {
			with = append(with, what)
		}
		store.ServeHTTP(w, r)
	}))
	defer server.Close()
	client, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("example", "example-secret", ""), Region: "us-east-1",
	})
	if err == nil {
		err = client.MakeBucket(ctx, "states", minio.MakeBucketOptions{})
	}
	if err != nil {
		panic(err)
	}
	for _, put := range []struct {
		named        string
		size, length int64
	}{{"16 MiB", 16 << 20, 16 << 20}, {"16 MiB and a byte", 16<<20 + 1, 16<<20 + 1}, {"a byte, length unknown", 1, -1}} {
		if _, err := client.PutObject(ctx, "states", put.named, strings.NewReader("first"), 5, minio.PutObjectOptions{}); err != nil {
			panic(err)
		}
		with = nil
		absent := minio.PutObjectOptions{}
		absent.SetMatchETagExcept("*")
		_, err := client.PutObject(ctx, "states", put.named, bytes.NewBuffer(make([]byte, put.size)), put.length, absent)
		fmt.Printf("%s: refused %t, condition with %v\n", put.named, err != nil, with)
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/minio/minio-go/v7@v7.4.1 github.com/johannesboyne/gofakes3@v1.2.0 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . 2>>go.log | tee seen.txt
diff - seen.txt <<'END'
16 MiB: refused true, condition with [PUT]
16 MiB and a byte: refused false, condition with [POST start]
a byte, length unknown: refused false, condition with [POST start]
END
