#!/usr/bin/env bash
# Google's Node client deletes the object after an upload that it cannot verify.
#
# Package: npm @google-cloud/storage 7.22.0 (save, with its default validation), with a
#          JSON API on loopback whose answers have no crc32c and no md5Hash.
# Guess:   the upload is conditional (ifGenerationMatch), so whatever follows is; where
#          the answer lacks the checksum, the upload counts or is an error.
# Seen:    it is an error, and the object is deleted "as a precaution", by its name
#          alone: the condition of the upload is not on the DELETE, nor the generation
#          that the answer had. Here another run has written generation 3 in between,
#          and that is what goes.
# So:      `validation: false` for a store that gives no checksums. aliasctl never
#          deletes a state after a write: it reads what is there (internal/state/gs,
#          TestConditionsOnTheWire).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @google-cloud/storage@7.22.0 >/dev/null
cat > seen.cjs <<'JS'
const http = require('http');
const { Storage } = require('@google-cloud/storage');
let asked = [], generation = 1;
const server = http.createServer((request, answer) => {
  request.resume().on('end', () => {
    const url = new URL(request.url, 'http://server');
    asked.push(`${request.method} ifGenerationMatch=${url.searchParams.get('ifGenerationMatch')}`);
    answer.setHeader('Content-Type', 'application/json');
    if (request.method === 'DELETE') { answer.writeHead(204); answer.end(); generation = 0; return; }
    answer.end(JSON.stringify({ bucket: 'states', name: 'aliases.json', generation: String(++generation) }));
    generation++; // another run writes
  });
});
server.listen(0, '127.0.0.1', async () => {
  const storage = new Storage({ apiEndpoint: `http://127.0.0.1:${server.address().port}`, projectId: 'example', useAuthWithCustomEndpoint: false });
  for (const more of [{}, { validation: false }]) {
    asked = []; generation = 1;
    const options = { resumable: false, preconditionOpts: { ifGenerationMatch: 1 }, ...more };
    const failed = await storage.bucket('states').file('aliases.json').save('{}', options).then(() => false, () => true);
    console.log(`${JSON.stringify(more)}: ${asked.join(', ')}; failed ${failed}, left: ${generation ? 'generation ' + generation : 'nothing'}`);
  }
  process.exit(0);
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
{}: POST ifGenerationMatch=1, DELETE ifGenerationMatch=null; failed true, left: nothing
{"validation":false}: POST ifGenerationMatch=1; failed false, left: generation 3
END
