#!/usr/bin/env bash
# The Node SDK's HTTP client reads two collections as one.
#
# Package: npm @zilliz/milvus2-sdk-node 3.0.6 (HttpClient).
# Guess:   the package knows that Milvus' ids are 64-bit (its gRPC client gives
#          them as strings, and HttpClient sends an Accept-Type-Allow-Int64
#          header), so a collection's id survives.
# Seen:    collections/describe answers collectionID as a JSON number of 18
#          digits; HttpClient parses it into a float. Two collections made one
#          after the other differ in their last digits only, and come out equal.
# So:      a script that compares ids to see whether a collection was rebuilt
#          sees nothing. aliasctl compares all digits
#          (TestIDsAreExact).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @zilliz/milvus2-sdk-node@3.0.6 >/dev/null
cat > seen.cjs <<'JS'
const { HttpClient } = require('@zilliz/milvus2-sdk-node');
const ids = { products_v1: '461293873416765442', products_v2: '461293873416765445' };
const server = require('http').createServer((request, answer) => {
  let body = '';
  request.on('data', d => body += d).on('end', () => {
    const name = JSON.parse(body).collectionName;
    answer.setHeader('Content-Type', 'application/json');
    answer.end(`{"code":0,"data":{"collectionName":"${name}","collectionID":${ids[name]}}}`);
  });
});
server.listen(0, '127.0.0.1', async () => {
  const client = new HttpClient({ endpoint: `http://127.0.0.1:${server.address().port}` });
  const a = await client.describeCollection({ collectionName: 'products_v1' });
  const b = await client.describeCollection({ collectionName: 'products_v2' });
  console.log('sent:   ' + Object.values(ids).join(' '));
  console.log('read:   ' + [a, b].map(x => BigInt(x.data.collectionID)).join(' '));
  console.log('equal:  ' + (a.data.collectionID === b.data.collectionID));
  server.close();
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
sent:   461293873416765442 461293873416765445
read:   461293873416765440 461293873416765440
equal:  true
END
