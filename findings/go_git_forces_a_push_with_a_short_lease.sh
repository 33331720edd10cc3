#!/usr/bin/env bash
# go-git forces a push when the lease names the branch by its short name.
#
# Module: github.com/go-git/go-git/v5 v5.19.3, with git (seen with 2.39.5) as the server.
# Guess:  ForceWithLease{RefName: "main", Hash: seen} is git's
#         --force-with-lease=main:SEEN: refused when main has moved, or at least when
#         no such ref is pushed.
# Seen:   by its full name the lease holds. By its short one it is compared with no ref,
#         and the push is forced all the same: the commit that another run has pushed
#         since is gone from the branch, and the error is nil. And where git takes an
#         empty value for "must not exist", go-git refuses the zero hash also for a
#         branch that does not exist.
# So:     aliasctl runs git itself and names refs in full, each with its lease
#         (internal/state/git, TestManyClients).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

var by = &object.Signature{Name: "example", Email: "someone@example.com", When: time.Unix(1700000000, 0)}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// run is a clone that has committed its state and not pushed it yet.
func run(remote, folder, state string) *git.Repository {
	r := must(git.PlainClone(folder, false, &git.CloneOptions{URL: remote}))
	return commit(r, folder, state)
}

func commit(r *git.Repository, folder, state string) *git.Repository {
	if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte(state), 0o644); err != nil {
		panic(err)
	}
	w := must(r.Worktree())
	must(w.Add("state.json"))
	must(w.Commit(state, &git.CommitOptions{Author: by}))
	return r
}

func main() {
	for _, name := range []plumbing.ReferenceName{"refs/heads/main", "main"} {
		folder := must(os.MkdirTemp(".", "run"))
		remote := must(filepath.Abs(filepath.Join(folder, "remote.git")))
		must(exec.Command("git", "init", "-q", "--bare", "-b", "main", remote).CombinedOutput())
		seed := must(git.PlainInitWithOptions(folder+"/seed", &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"}}))
		must(seed.CreateRemote(&config.RemoteConfig{Name: "origin", URLs: []string{remote}}))
		if err := commit(seed, folder+"/seed", "serial 1").Push(&git.PushOptions{}); err != nil {
			panic(err)
		}
		seen := must(seed.Head()).Hash()
		mine, other := run(remote, folder+"/mine", "mine"), run(remote, folder+"/other", "other")
		if err := other.Push(&git.PushOptions{}); err != nil {
			panic(err)
		}
		if err := mine.Fetch(&git.FetchOptions{}); err != nil {
			panic(err)
		}
		err := mine.Push(&git.PushOptions{ForceWithLease: &git.ForceWithLease{RefName: name, Hash: seen}})
		log := must(exec.Command("git", "-C", remote, "log", "--format=%s", "main").Output())
		fmt.Printf("lease on %s: refused %t, the branch has %s\n", name, err != nil, strings.Join(strings.Split(strings.TrimSpace(string(log)), "\n"), " over "))
		if name == "main" {
			err = mine.Push(&git.PushOptions{
				RefSpecs:       []config.RefSpec{"refs/heads/main:refs/heads/lock"},
				ForceWithLease: &git.ForceWithLease{RefName: "refs/heads/lock", Hash: plumbing.ZeroHash},
			})
			fmt.Printf("lease on a branch that must not exist and does not: refused %t\n", err != nil)
		}
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/go-git/go-git/v5@v5.19.3 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
lease on refs/heads/main: refused true, the branch has other over serial 1
lease on main: refused false, the branch has mine over serial 1
lease on a branch that must not exist and does not: refused true
END
