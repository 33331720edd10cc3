#!/usr/bin/env bash
# The Go SDK takes (collection, alias) to create an alias and (alias, collection)
# to alter it.
#
# Module: github.com/milvus-io/milvus/client/v2 v2.6.2.
# Guess:  two constructors of one file that take the same two strings take them
#         in the same order.
# Seen:   NewCreateAliasOption(collection, alias), NewAlterAliasOption(alias,
#         collection). Both compile with either order. Code that was copied from
#         the one to the other asks the server to bind the alias "products_v2"
#         to the collection "products".
# So:     read the alias back after the call, or write a manifest, where each
#         name stands under its key.
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/milvus-io/milvus/client/v2/milvusclient"
)

func main() {
	create := milvusclient.NewCreateAliasOption("first", "second").Request()
	alter := milvusclient.NewAlterAliasOption("first", "second").Request()
	fmt.Printf("create: alias=%s collection=%s\n", create.GetAlias(), create.GetCollectionName())
	fmt.Printf("alter:  alias=%s collection=%s\n", alter.GetAlias(), alter.GetCollectionName())
}
GO
go mod init seen >go.log 2>&1
go get github.com/milvus-io/milvus/client/v2@v2.6.2 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
create: alias=second collection=first
alter:  alias=first collection=second
END
