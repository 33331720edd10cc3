#!/usr/bin/env bash
# gitlab-ci-local runs two jobs of one resource_group at the same time.
#
# Package: npm gitlab-ci-local 4.73.0 (shell executor; needs git and rsync).
# Guess:   it reads `resource_group` (it validates the key), so jobs that share
#          one wait for each other, as GitLab makes them wait.
# Seen:    both jobs are inside their scripts at once. A deploy that is safe on
#          GitLab only because of its resource_group races when it is tried here.
# So:      the lock of the state is what keeps two applies apart, not the
#          pipeline (docs/pipelines.md; TestContractOnVersitygw races them).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . gitlab-ci-local@4.73.0 >/dev/null
mkdir project && cd project
git init -q -b main && git config user.name example && git config user.email someone@example.com
git remote add origin git@gitlab.example.com:team/search.git
cat > .gitlab-ci.yml <<'YAML'
.deploy:
  resource_group: milvus
  script:
    - mkdir -p "$FOLDER"
    - touch "$FOLDER/$CI_JOB_NAME"
    - for i in $(seq 100); do [ "$(ls "$FOLDER" | wc -l)" = 2 ] && break; sleep 0.1; done
    - 'echo "inside at once: $(ls "$FOLDER" | wc -l)"'
one: {extends: .deploy}
two: {extends: .deploy}
YAML
git add -A && git commit -qm "two deploys of one group"
FOLDER="$folder/inside" ../node_modules/.bin/gitlab-ci-local --force-shell-executor --no-color --variable "FOLDER=$folder/inside" >log 2>&1 || { cat log; exit 1; }
sed -n 's/^\(one\|two\) *> \(inside.*\)/\1: \2/p' log | sort | tee seen.txt
diff - seen.txt <<'END'
one: inside at once: 2
two: inside at once: 2
END
