#!/usr/bin/env bash
# The Node SDK searches a switched alias by the schema of the old collection.
#
# Package: npm @zilliz/milvus2-sdk-node 3.0.6 (MilvusClient, gRPC).
# Guess:   a client that names an alias follows it; the server resolves the
#          alias on each request.
# Seen:    the server does, the client does not. The first search describes the
#          alias and keeps the answer for twelve minutes (the comment in the
#          package calls it 12 h). After the alias has moved, a search without
#          `anns_field` still asks for the vector field of the old collection,
#          and one that names the new field is refused inside the client, without
#          a request. A fresh client is right at once.
# So:      rename no vector field in a rebuild while Node clients run, or
#          restart them after the switch (docs/milvus.md, "Clients that remember").
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @zilliz/milvus2-sdk-node@3.0.6 >/dev/null
cat > seen.cjs <<'JS'
const { MilvusClient, getGRPCService } = require('@zilliz/milvus2-sdk-node');
const grpc = require('@grpc/grpc-js');
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const { service } = getGRPCService({ serviceName: 'milvus.proto.milvus.MilvusService' }, options);
const ok = { error_code: 'Success', code: 0 };
let bound = 'embedding_v1'; // the vector field of the collection behind the alias
let described = 0, asked = [];
const server = new grpc.Server();
server.addService(service, {
  Connect: (_, answer) => answer(null, { status: ok, server_info: { build_tags: '2.6.18' }, identifier: '1' }),
  GetVersion: (_, answer) => answer(null, { status: ok, version: '2.6.18' }),
  DescribeCollection: (_, answer) => {
    described++;
    answer(null, { status: ok, schema: { name: bound, fields: [
      { fieldID: 100, name: 'id', is_primary_key: true, data_type: 'Int64' },
      { fieldID: 101, name: bound, data_type: 'FloatVector', type_params: [{ key: 'dim', value: '2' }] },
    ] } });
  },
  Search: ({ request }, answer) => {
    asked.push(request.search_params.find(p => p.key === 'anns_field').value);
    answer(null, { status: ok, results: { num_queries: 1, top_k: 0, scores: [], topks: [0] } });
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (err, port) => {
  if (err) throw err;
  const search = async (client, more) => {
    const before = asked.length;
    try { await client.search({ collection_name: 'products', data: [1, 0], limit: 1, ...more }); } catch (e) { return 'refused by the client: ' + e.message; }
    return asked[before];
  };
  const open = () => new MilvusClient({ address: `127.0.0.1:${port}` });
  const old = open();
  const lines = [];
  lines.push('before the switch: ' + await search(old));
  bound = 'embedding_v2';
  lines.push('after the switch: ' + await search(old));
  lines.push('after the switch, field named: ' + await search(old, { anns_field: 'embedding_v2' }));
  lines.push('described: ' + described);
  lines.push('a fresh client: ' + await search(open()));
  console.log(lines.join('\n'));
  process.exit(0);
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
before the switch: embedding_v1
after the switch: embedding_v1
after the switch, field named: refused by the client: Target anns field not found, please check your search parameters.
described: 1
a fresh client: embedding_v2
END
