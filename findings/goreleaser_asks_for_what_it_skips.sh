#!/usr/bin/env bash
# goreleaser reads the templates of a publisher that it is told to skip.
#
# Module: github.com/goreleaser/goreleaser/v2 v2.16.0 (building it takes minutes).
# Guess:  `release --snapshot --skip=publish` is the trial that needs nothing of the
#         forge: who owns the Homebrew tap matters when the cask is pushed there.
# Seen:   `check` finds the file fine, and the trial fails after everything is built:
#         the cask is written in any case, and its repository's owner is read with it.
#         With the variable set to anything the same trial succeeds.
# So:     a variable in .goreleaser.yaml has a default (TestTemplatesOfTheRelease).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
GOBIN=$PWD/bin go install github.com/goreleaser/goreleaser/v2@v2.16.0 2>go.log
mkdir project && cd project
cat > main.go <<'GO'
package main

func main() {}
GO
cat > go.mod <<'MOD'
module example.com/example

go 1.21
MOD
cat > .goreleaser.yaml <<'YAML'
version: 2
builds: [{env: [CGO_ENABLED=0], goos: [linux], goarch: [amd64]}]
homebrew_casks:
  - repository: {owner: "{{ .Env.RELEASE_OWNER }}", name: tap}
YAML
echo dist/ > .gitignore
git init -q -b main && git config user.name example && git config user.email someone@example.com
git remote add origin git@github.example.com:team/example.git
git add . && git commit -qm first && git tag v1.0.0
trial() { ../bin/goreleaser release --snapshot --clean --skip=publish >../trial.log 2>&1 && echo succeeds || echo fails; }
unset RELEASE_OWNER
{
	echo "check: $(../bin/goreleaser check >/dev/null 2>&1 && echo succeeds || echo fails)"
	echo "trial: $(trial)"
	grep -o 'map has no entry for key "RELEASE_OWNER"' ../trial.log
	echo "trial with the variable: $(RELEASE_OWNER=anything trial)"
} | tee ../seen.txt
diff - ../seen.txt <<'END'
check: succeeds
trial: fails
map has no entry for key "RELEASE_OWNER"
trial with the variable: succeeds
END
