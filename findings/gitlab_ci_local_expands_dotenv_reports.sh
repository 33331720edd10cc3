#!/usr/bin/env bash
# gitlab-ci-local reads a dotenv report as a shell would, not as text.
#
# Package: npm gitlab-ci-local 4.73.0 (shell executor; needs git and rsync).
# Guess:   a line NAME=VALUE of `artifacts:reports:dotenv` hands VALUE to the next
#          jobs as it stands.
# Seen:    a `#` cuts the value, quotes go, blanks around it go, and $NAME is
#          replaced by a variable of the same file. A value with `#` or `$` that
#          one job writes is another value in the next.
# So:      hand on plain values. The digest and the counts that aliasctl gives a
#          pipeline are letters, digits, `:` and `-`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . gitlab-ci-local@4.73.0 >/dev/null
mkdir project && cd project
git init -q -b main && git config user.name example && git config user.email someone@example.com
git remote add origin git@gitlab.example.com:team/search.git
cat > values.env <<'ENV'
QUOTED="as it is"
HASH=build#42
NAMED=$HASH
BLANK= wide 
ENV
cat > .gitlab-ci.yml <<'YAML'
stages: [plan, apply]
plan:
  stage: plan
  script: [cat values.env]
  artifacts: {reports: {dotenv: values.env}}
apply:
  stage: apply
  needs: [plan]
  script:
    - 'printf "QUOTED=[%s] HASH=[%s] NAMED=[%s] BLANK=[%s]\n" "$QUOTED" "$HASH" "$NAMED" "$BLANK"'
YAML
git add -A && git commit -qm "a report of variables"
../node_modules/.bin/gitlab-ci-local --force-shell-executor --no-color >log 2>&1 || { cat log; exit 1; }
sed -n 's/^apply *> \(QUOTED.*\)/\1/p' log | tee seen.txt
diff - seen.txt <<'END'
QUOTED=[as it is] HASH=[build] NAMED=[build] BLANK=[wide]
END
