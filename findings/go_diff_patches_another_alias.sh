#!/usr/bin/env bash
# go-diff applies the patch for one alias to another one, and reports success.
#
# Module: github.com/sergi/go-diff v1.4.0 (PatchMake, PatchApply).
# Guess:  a patch that was made from a manifest fits that place or reports false,
#         as `patch` does when its context lines are gone.
# Seen:   a patch keeps a few characters around the change ("music_v", " games"),
#         and its match is fuzzy. Where the line for music has left the manifest
#         since, the same patch moves books to v2: PatchApply answers [true].
# So:     go-diff is for showing differences. What is applied is planned again
#         from the manifest and the cluster (TestMutatedPlans).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

func main() {
	manifest := func(lines ...string) string { return "aliases:\n  " + strings.Join(lines, "\n  ") + "\n" }
	d := diffmatchpatch.New()
	patch := d.PatchMake(
		manifest("books: books_v1", "music: music_v1", "games: games_v1"),
		manifest("books: books_v1", "music: music_v2", "games: games_v1"))
	for _, now := range []string{
		manifest("art: art_v1", "books: books_v1", "music: music_v1", "games: games_v1"),
		manifest("books: books_v1", "games: games_v1"),
		manifest("games: games_v1", "books: books_v1", "music: music_v3"),
	} {
		text, applied := d.PatchApply(patch, now)
		fmt.Println(applied, strings.Join(strings.Fields(text)[1:], " "))
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/sergi/go-diff@v1.4.0 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
[true] art: art_v1 books: books_v1 music: music_v2 games: games_v1
[true] books: books_v2 games: games_v1
[true] games: games_v1 books: books_v2 music: music_v3
END
