#!/bin/sh
# Writes a report of aliasctl as a note of the merge request of this job, and every
# later one in the place of the first:  sh note.sh note.md
#
# NOTE_TOKEN is a project access token (Settings > Access tokens: role Reporter, scope
# api) in a masked variable. It is not protected, since branches of merge requests are
# not: whoever may push a branch can use it. CI_JOB_TOKEN reads notes and writes none.
#
# The note is found by the first line of the report, a marker that nobody sees, among
# those that this token has written. Notes of a token that is gone stay as they are.
set -eu
report=$1
if [ -z "${NOTE_TOKEN:-}" ]; then
  echo "note.sh: no note: NOTE_TOKEN is not set (a fork does not get it)"
  exit 0
fi
[ -s "$report" ] || exit 0 # aliasctl was not started

# The token goes through a pipe: it stands on no command line, and in no log.
gitlab() { # METHOD PLACE [options of curl]
  method=$1 place=$2
  shift 2
  printf 'header = "PRIVATE-TOKEN: %s"\n' "$NOTE_TOKEN" |
    curl --config - --fail --silent --show-error --request "$method" "$@" "$CI_API_V4_URL/$place"
}

# In JSON, a quote inside of a text has a backslash: {"id": begins an object, and no
# text of a note can look like one. GitLab may write < and > as \u003c and \u003e.
find_note() {
  sed 's/\\u003c/</g; s/\\u003e/>/g' | tr '{' '\n' | MARKER=$(head -n 1 "$report") awk -v me="$me" '
    /^"id":[0-9]+,/ && last ~ /"author":$/ { if (ours && index($0, "\"id\":" me ",") == 1) { print note; exit } ours = 0 }
    /^"id":[0-9]+,/ && last !~ /"author":$/ { note = $0; gsub(/^"id":|,.*/, "", note); ours = index($0, "\"body\":\"" ENVIRON["MARKER"]) > 0 }
    { last = $0 }'
}

me=$(gitlab GET user | sed -n 's/^{"id":\([0-9]*\),.*/\1/p')
if [ -z "$me" ]; then
  echo "note.sh: no note: GitLab does not take NOTE_TOKEN; is it over, or without the scope api?" >&2
  exit 1
fi
notes="projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
page=1 note=""
while [ -z "$note" ]; do
  listed=$(gitlab GET "$notes?sort=asc&per_page=100&page=$page")
  case $listed in *'{"id":'*) ;; *) break ;; esac # an empty page is behind the last
  note=$(printf '%s\n' "$listed" | find_note)
  page=$((page + 1))
done
if [ -n "$note" ]; then
  gitlab PUT "$notes/$note" --data-urlencode "body@$report" > /dev/null
else
  gitlab POST "$notes" --data-urlencode "body@$report" > /dev/null
fi
