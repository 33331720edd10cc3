#!/usr/bin/env bash
# A patch release of Azure's blob SDK links Apache Arrow for one lease.
#
# Module: github.com/Azure/azure-sdk-for-go/sdk/storage/azblob v1.8.0 and v1.8.3.
# Guess:  three patch releases on, a program that takes a lease of a blob links
#         what it linked before.
# Seen:   packages `lease` and `container` bring 21 packages of Arrow (for lists of
#         blobs in Arrow's format) with v1.8.3, none with v1.8.0; `blockblob` alone
#         brings none. aliasctl grew from 19.8 to 24.6 MiB by it.
# So:     aliasctl stays at v1.8.0 (CONTRIBUTING.md, Dependencies; .ci/run has the
#         limit of the binary).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
blob=github.com/Azure/azure-sdk-for-go/sdk/storage/azblob
for version in v1.8.0 v1.8.3; do
  mkdir "$version" && cd "$version"
  printf 'package seen\n\nimport (\n\t_ "%s/blockblob"\n\t_ "%s/lease"\n)\n' "$blob" "$blob" >seen.go
  go mod init seen >go.log 2>&1
  go get "$blob@$version" >>go.log 2>&1
  go mod tidy >>go.log 2>&1
  for package in blockblob lease; do
    echo "$version $package: $(go list -deps "$blob/$package" | grep -c apache/arrow || true) packages of Arrow"
  done
  cd ..
done | tee seen.txt
diff - seen.txt <<'END'
v1.8.0 blockblob: 0 packages of Arrow
v1.8.0 lease: 0 packages of Arrow
v1.8.3 blockblob: 0 packages of Arrow
v1.8.3 lease: 21 packages of Arrow
END
