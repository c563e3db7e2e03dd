/**
 * An SNS that accepts every PublishBatch at once and keeps nothing, in a thread of its own, so that what is
 * measured is the caller. Listens on a free loopback port and posts it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';

const ENTRY_ID = /PublishBatchRequestEntries\.member\.\d+\.Id=([^&]*)/g;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const accepted = [...Buffer.concat(chunks).toString().matchAll(ENTRY_ID)]
      .map(([, id]) => `<member><Id>${id}</Id><MessageId>m</MessageId></member>`)
      .join('');
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<PublishBatchResponse><PublishBatchResult><Successful>${accepted}</Successful><Failed/></PublishBatchResult></PublishBatchResponse>`,
    );
  });
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
