#!/usr/bin/env bash
# gofakes3 lists the versions of an object with the oldest first.
#
# Modules: github.com/johannesboyne/gofakes3 v1.2.0 (s3mem), minio-go/v7 v7.4.1.
# Guess:   ListObjectVersions gives the newest version of a key first, as Amazon S3
#          documents it, so that the first entry of a key is the one that holds.
# Seen:    three writes of one key come back as 1, 2, 3. IsLatest is right; what
#          takes the first entry restores the oldest state instead of the newest.
# So:      aliasctl sorts versions by their time (`state show --history`).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	ctx := context.Background()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	defer server.Close()
	client, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{Creds: credentials.NewStaticV4("key", "secret", "")})
	check(err)
	check(client.MakeBucket(ctx, "states", minio.MakeBucketOptions{}))
	check(client.EnableVersioning(ctx, "states"))
	for _, text := range []string{"1", "2", "3"} {
		_, err := client.PutObject(ctx, "states", "prod.json", strings.NewReader(text), 1, minio.PutObjectOptions{})
		check(err)
	}
	for info := range client.ListObjects(ctx, "states", minio.ListObjectsOptions{Prefix: "prod.json", WithVersions: true}) {
		check(info.Err)
		object, err := client.GetObject(ctx, "states", info.Key, minio.GetObjectOptions{VersionID: info.VersionID})
		check(err)
		text, err := io.ReadAll(object)
		check(err)
		fmt.Printf("content %s, latest %v\n", text, info.IsLatest)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
go mod init example >/dev/null 2>&1
go get github.com/johannesboyne/gofakes3@v1.2.0 github.com/minio/minio-go/v7@v7.4.1 >/dev/null 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
content 1, latest false
content 2, latest false
content 3, latest true
END
