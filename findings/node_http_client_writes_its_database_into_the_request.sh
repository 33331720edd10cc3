#!/usr/bin/env bash
# The Node SDK's HTTP client works in the database of another client.
#
# Package: npm @zilliz/milvus2-sdk-node 3.0.6 (HttpClient).
# Guess:   a client that was made with `database: 'shop_b'` works in shop_b, and the
#          object with the alias and the collection is only read.
# Seen:    each call writes its client's database into the object, and leaves one
#          that is there. A script that moves an alias in two databases with one
#          object moves it in the first twice and gets two successes; readers of
#          the second stay on the old collection.
# So:      a new object for each call (docs/milvus.md, "Clients that remember").
#          aliasctl sends each alias to its own database (TestContract switches
#          one name in two of them).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @zilliz/milvus2-sdk-node@3.0.6 >/dev/null
cat > seen.cjs <<'JS'
const { HttpClient } = require('@zilliz/milvus2-sdk-node');
const asked = [];
const server = require('http').createServer((request, answer) => {
  let body = '';
  request.on('data', d => body += d).on('end', () => {
    asked.push(JSON.parse(body).dbName);
    answer.setHeader('Content-Type', 'application/json');
    answer.end('{"code":0,"data":{}}');
  });
});
server.listen(0, '127.0.0.1', async () => {
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const a = new HttpClient({ endpoint, database: 'shop_a' });
  const b = new HttpClient({ endpoint, database: 'shop_b' });
  const binding = { aliasName: 'products', collectionName: 'products_v2' };
  const codes = [(await a.alterAlias(binding)).code, (await b.alterAlias(binding)).code];
  console.log('one object:  ' + asked.splice(0).join(' '));
  console.log('codes:       ' + codes.join(' '));
  for (const client of [a, b]) await client.alterAlias({ aliasName: 'products', collectionName: 'products_v2' });
  console.log('two objects: ' + asked.join(' '));
  server.close();
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
one object:  shop_a shop_a
codes:       0 0
two objects: shop_a shop_b
END
