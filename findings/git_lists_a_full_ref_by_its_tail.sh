#!/usr/bin/env bash
# git ls-remote takes a full name of a ref for the end of one.
#
# Tool:  git (seen with 2.39.5 of Debian bookworm; the lines below hold for any).
# Guess: `ls-remote URL main` may find more than one branch, so the full name
#        refs/heads/main is the exact question, with at most one line as its answer.
# Seen:  the full name is matched against the ends of names, too. In a repository with
#        what filter-branch (refs/original/...) or a backup job leaves behind, four
#        lines come, another one first: `ls-remote ... | cut -f1 | head -1` is the
#        commit of the backup, and a lease made from it is refused for good.
# So:    compare the name of each line. aliasctl does (internal/state/git,
#        TestAwkwardServers).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
git init -q --bare -b main remote.git
git clone -q remote.git clone 2>/dev/null
git -C clone -c user.name=example -c user.email=someone@example.com commit -q --allow-empty -m "serial 1"
git -C clone push -q origin HEAD:refs/heads/main HEAD:refs/original/refs/heads/main \
  HEAD:refs/backup/refs/heads/main HEAD:refs/heads/team/refs/heads/main
git ls-remote remote.git refs/heads/main | cut -f2 | tee seen.txt
diff - seen.txt <<'END'
refs/backup/refs/heads/main
refs/heads/main
refs/heads/team/refs/heads/main
refs/original/refs/heads/main
END
