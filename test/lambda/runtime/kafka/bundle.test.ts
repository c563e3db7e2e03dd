/** The Kafka client in a bundle as it is deployed, and its absence where nothing asks for it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions } from '../../../../lib/constructs/bundle-options.ts';
import { startEmbeddedKafka } from '../../../../local/kafka/index.ts';
import { readTopics } from './topics.ts';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

const bundle = (contents: string, outfile?: string) =>
  build({
    ...bundleOptions(),
    stdin: { contents, resolveDir: repository, sourcefile: 'handler.ts', loader: 'ts' },
    absWorkingDir: repository,
    ...(outfile === undefined ? { write: false } : { outfile }),
    metafile: true,
  });

const HANDLER = `
  import * as z from 'zod/mini';
  import { event } from './lib/contracts/index.ts';
  import { closeKafkaProducers, consumeKafka } from './lambda/runtime/index.ts';
  const OrderPlaced = event('OrderPlaced', { version: '1.0', source: 'shop', data: z.object({ orderId: z.string() }) });
  const bootstrapServers = process.env.KAFKA;
  const consume = consumeKafka(OrderPlaced, async () => {}, { consumer: 'sink', bootstrapServers, deadLetterTopic: 'dead' });
  export const handler = async (batch) => {
    await consume(batch);
    await closeKafkaProducers();
  };
`;

test('a consumer runs with nothing beside its bundle: poison reaches the dead-letter topic over the wire', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-kafka-bundle-'));
  const file = join(directory, 'index.cjs');
  const kafka = await startEmbeddedKafka({ topics: { dead: 1 } });
  try {
    await bundle(HANDLER, file);
    const value = Buffer.from('poison').toString('base64');
    const batch = { records: { 'orders-0': [{ topic: 'orders', partition: 0, offset: 1, value }] } };
    const script = `require(${JSON.stringify(file)}).handler(${JSON.stringify(batch)})`;
    await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: directory,
      env: { KAFKA: kafka.bootstrapServers },
    });

    const [record] = await readTopics(kafka.bootstrapServers, ['dead'], 1);
    expect(record?.value).toBe('poison');
    expect(record?.headers['deadLetterReason']).toBe('WAYBILL_ENVELOPE_NOT_JSON');
  } finally {
    await kafka.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

test.each([
  ["import { publisherFromEnvironment } from './lambda/runtime/index.ts'; publisherFromEnvironment();"],
  [
    "import { consumeStream } from './lambda/runtime/index.ts'; export const handler = consumeStream([], () => {});",
  ],
  ["export { handler } from './lambda/handlers/outbox-relay.ts';"],
])('%s carries no Kafka client', async (contents) => {
  const { metafile } = await bundle(contents);
  const inputs = Object.entries(Object.values(metafile.outputs)[0]!.inputs);

  expect(inputs.filter(([path]) => /platformatic|client-kinesis/.test(path))).toEqual([]);
});
