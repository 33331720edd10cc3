#!/usr/bin/env bash
# octokit writes a comment twice when the first answer is lost.
#
# Package: npm octokit 5.0.5 (with @octokit/plugin-retry, which is on by default).
# Guess:   a client repeats what is safe to repeat: a GET after a 502, not a POST.
# Seen:    createComment is sent again after a 502. Where the gateway lost the answer
#          and not the request, the pull request has two comments, and the caller one
#          id: a bot that updates "its" comment leaves the other with the old plan.
# So:      find a comment by what is in it, not by the id of the call. A report begins
#          with a marker for that (docs/pipelines.md; examples/github-actions).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . octokit@5.0.5 >/dev/null
cat > seen.mjs <<'JS'
import http from 'node:http';
import { Octokit } from 'octokit';
const comments = [];
const server = http.createServer((request, answer) => {
  let body = '';
  request.on('data', d => body += d).on('end', () => {
    if (request.method === 'POST') comments.push(JSON.parse(body).body);
    answer.writeHead(comments.length === 1 ? 502 : 201, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ id: comments.length }));
  });
});
server.listen(0, '127.0.0.1', async () => {
  const github = new Octokit({ baseUrl: `http://127.0.0.1:${server.address().port}`, retry: { retryAfterBaseValue: 1 } });
  const { data } = await github.rest.issues.createComment({ owner: 'team', repo: 'search', issue_number: 7, body: 'the plan' });
  console.log(`written: ${comments.length}, known to the caller: ${data.id}`);
  process.exit(0);
});
JS
node seen.mjs | tee seen.txt
diff - seen.txt <<'END'
written: 2, known to the caller: 2
END
