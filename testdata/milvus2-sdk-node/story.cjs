// The calls that a service makes around an alias, by the official client. It
// prints each call with its code: the client returns a code and does not throw.
const { HttpClient } = require(process.env.PACKAGES + '/node_modules/@zilliz/milvus2-sdk-node');

(async () => {
  const client = new HttpClient({ endpoint: process.env.URI, token: process.env.TOKEN });
  const call = async (name, parameters, show = () => '') => {
    const answer = await client[name](parameters);
    console.log(`${name} ${answer.code === 0 || answer.code === 200 ? 'ok' : 'refused'} ${show(answer.data ?? {})}`.trim());
  };
  const bound = { aliasName: 'products' };
  for (const collectionName of ['products_v1', 'products_v2']) {
    await call('createCollection', { collectionName, dimension: 2 });
    await call('insert', { collectionName, data: [{ id: 1, vector: [1, 0] }] }, d => d.insertCount);
  }
  await call('createAlias', { ...bound, collectionName: 'products_v1' });
  await call('createAlias', { ...bound, collectionName: 'products_v2' });
  await call('describeAlias', bound, d => d.collectionName);
  await call('hasCollection', { collectionName: 'products' }, d => d.has);
  await call('describeCollection', { collectionName: 'products' }, d => d.collectionName);
  await call('loadCollection', { collectionName: 'products' });
  while ((await client.getCollectionLoadState({ collectionName: 'products' })).data.loadState !== 'LoadStateLoaded');
  await call('search', { collectionName: 'products', data: [[1, 0]], limit: 1 }, d => d.length);
  await call('alterAlias', { ...bound, collectionName: 'products_v3' });
  await call('alterAlias', { ...bound, collectionName: 'products_v2' });
  await call('describeAlias', bound, d => d.collectionName);
  await call('listAliases', {}, d => d);
  await call('dropCollection', { collectionName: 'products_v2' });
  await call('dropAlias', bound);
  await call('describeAlias', bound);
  await call('dropCollection', { collectionName: 'products_v2' });
  await call('listCollections', {}, d => d);
})();
