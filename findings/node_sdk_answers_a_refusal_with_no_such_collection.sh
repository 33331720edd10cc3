#!/usr/bin/env bash
# The Node SDK answers "no such collection" when the server would not say.
#
# Package: npm @zilliz/milvus2-sdk-node 3.0.6 (MilvusClient, gRPC).
# Guess:   hasCollection is false when the server finds none (code 100). Any other
#          refusal is in the status, as it is in the answers of the SDK's other calls.
# Seen:    every status but success becomes {status: Success, value: false}: a rate
#          limit, or a server that is starting. A script that builds what is not there,
#          or takes a collection for retired, acts on it. describeCollection hands the
#          refusal on.
# So:      ask with describeCollection and compare the code (docs/milvus.md, "Clients
#          that remember"). aliasctl waits where it is asked for patience, and a read
#          that stays refused fails the run (TestAServerThatLimitsRequestsIsReadAtItsPace).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @zilliz/milvus2-sdk-node@3.0.6 >/dev/null
cat > seen.cjs <<'JS'
const { MilvusClient, getGRPCService } = require('@zilliz/milvus2-sdk-node');
const grpc = require('@grpc/grpc-js');
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const { service } = getGRPCService({ serviceName: 'milvus.proto.milvus.MilvusService' }, options);
const ok = { error_code: 'Success', code: 0 };
let refusal;
const server = new grpc.Server();
server.addService(service, {
  Connect: (_, answer) => answer(null, { status: ok, server_info: { build_tags: '2.6.18' }, identifier: '1' }),
  GetVersion: (_, answer) => answer(null, { status: ok, version: '2.6.18' }),
  DescribeCollection: (_, answer) => answer(null, { status: { error_code: 'UnexpectedError', ...refusal } }),
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (err, port) => {
  if (err) throw err;
  const client = new MilvusClient({ address: `127.0.0.1:${port}` });
  for (refusal of [
    { code: 100, reason: 'collection not found' },
    { code: 8, reason: 'rate limit exceeded', retriable: true },
    { code: 1, reason: 'service not ready', retriable: true },
  ]) {
    const has = await client.hasCollection({ collection_name: 'products_v1' });
    const described = await client.describeCollection({ collection_name: 'products_v1' });
    console.log(`${refusal.reason}: has ${has.value} with code ${has.status.code}, describe has code ${described.status.code}`);
  }
  process.exit(0);
});
JS
node seen.cjs | tee seen.txt
diff - seen.txt <<'END'
collection not found: has false with code 0, describe has code 100
rate limit exceeded: has false with code 0, describe has code 8
service not ready: has false with code 0, describe has code 1
END
