#!/usr/bin/env bash
# go-git's Atomic push goes on without atomicity where the server has none.
#
# Module: github.com/go-git/go-git/v5 v5.19.3, with git (seen with 2.39.5) as the
#         server; receive.advertiseAtomic is off there.
# Guess:  PushOptions{Atomic: true} fails when the server does not offer it, as
#         `git push --atomic` does ("does not support --atomic push").
# Seen:   the option is dropped without a word. Of a state and its lock, the one that
#         a hook lets pass is written and the other is not.
# So:     aliasctl pushes with git, which refuses, and then moves the state alone, the
#         lock having been looked at before (internal/state/git, TestAwkwardServers).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
git init -q --bare -b main remote.git
git clone -q remote.git clone 2>/dev/null
git -C clone -c user.name=example -c user.email=someone@example.com commit -q --allow-empty -m "serial 1"
git -C clone branch -q -M main
git -C clone push -q origin main
printf '#!/bin/sh\ntest "$1" != refs/heads/lock\n' >remote.git/hooks/update
chmod +x remote.git/hooks/update
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
)

func main() {
	branches := func() string {
		out, err := exec.Command("git", "-C", "remote.git", "for-each-ref", "--format=%(refname:short)").Output()
		if err != nil {
			panic(err)
		}
		return strings.Join(strings.Fields(string(out)), " ")
	}
	for _, offered := range []string{"true", "false"} {
		if err := exec.Command("git", "-C", "remote.git", "config", "receive.advertiseAtomic", offered).Run(); err != nil {
			panic(err)
		}
		err := exec.Command("git", "-C", "clone", "push", "--atomic", "origin", "main:state", "main:lock").Run()
		fmt.Printf("offered %s, git:    failed %t, the server has %s\n", offered, err != nil, branches())
		clone, err := git.PlainOpen("clone")
		if err != nil {
			panic(err)
		}
		err = clone.Push(&git.PushOptions{Atomic: true, RefSpecs: []config.RefSpec{
			"refs/heads/main:refs/heads/state", "refs/heads/main:refs/heads/lock",
		}})
		fmt.Printf("offered %s, go-git: failed %t, the server has %s\n", offered, err != nil, branches())
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/go-git/go-git/v5@v5.19.3 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
offered true, git:    failed true, the server has main
offered true, go-git: failed true, the server has main
offered false, git:    failed true, the server has main
offered false, go-git: failed true, the server has main state
END
