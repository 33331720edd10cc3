#!/usr/bin/env bash
# The Node SDK resolves an alterAlias that the server does not implement.
#
# Package: npm @zilliz/milvus2-sdk-node 3.0.6 (MilvusClient, gRPC).
# Guess:   gRPC's UNIMPLEMENTED rejects the promise, as every other failure does.
# Seen:    the client turns it into OK with an empty message. `await alterAlias`
#          returns `{}` (no error_code, no reason), and so does dropAlias. A
#          script that waits for an exception goes on and drops the old
#          collection. Other codes (here PERMISSION_DENIED) do reject.
# So:      compare error_code with "Success" and read the alias back.
#          aliasctl reads each alias back after a write, whatever the answer was.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @zilliz/milvus2-sdk-node@3.0.6 >/dev/null
cat > seen.cjs <<'JS'
const { MilvusClient, getGRPCService } = require('@zilliz/milvus2-sdk-node');
const grpc = require('@grpc/grpc-js');
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const { service } = getGRPCService({ serviceName: 'milvus.proto.milvus.MilvusService' }, options);
const ok = { error_code: 'Success', code: 0 };
const refuse = code => (_, answer) => answer({ code, details: 'the method is not served here' });
const server = new grpc.Server();
server.addService(service, {
  Connect: (_, answer) => answer(null, { status: ok, server_info: { build_tags: '2.6.18' }, identifier: '1' }),
  GetVersion: (_, answer) => answer(null, { status: ok, version: '2.6.18' }),
  AlterAlias: refuse(grpc.status.UNIMPLEMENTED),
  DropAlias: refuse(grpc.status.UNIMPLEMENTED),
  CreateAlias: refuse(grpc.status.PERMISSION_DENIED),
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (err, port) => {
  if (err) throw err;
  const client = new MilvusClient({ address: `127.0.0.1:${port}` });
  for (const call of ['alterAlias', 'dropAlias', 'createAlias']) {
    await client[call]({ collection_name: 'products_v2', alias: 'products' }).then(
      answer => console.log(`${call}: resolved with ${JSON.stringify(answer)}`),
      error => console.log(`${call}: rejected with code ${error.code}`));
  }
  process.exit(0);
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
alterAlias: resolved with {}
dropAlias: resolved with {}
createAlias: rejected with code 7
END
