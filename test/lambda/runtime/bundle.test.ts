/** A handler bundled with the options that are deployed: its size, and that it runs with nothing beside it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { bundleOptions } from '../../../lib/constructs/bundle-options.ts';
import { startEmbeddedAws } from '../../../local/aws/index.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const KIBIBYTE = 1024;

const HANDLER = `
  import * as z from 'zod/mini';
  import { event } from './lib/contracts/index.ts';
  import { consume, createPublisher, snsTransport, sqsTransport } from './lambda/runtime/index.ts';
  const OrderPlaced = event('OrderPlaced', { version: '1.0', source: 'shop', data: z.object({ orderId: z.string() }) });
  const contracts = [OrderPlaced];
  const publisher = createPublisher({ contracts, transport: snsTransport({ topicArn: 'arn:x' }) });
  const queue = createPublisher({ contracts, transport: sqsTransport({ queueUrl: 'https://sqs.x/1/q' }) });
  export const handler = consume(OrderPlaced, async (event, context) => {
    await context.publish(OrderPlaced, event.data);
    await queue.publish(event);
  }, { publisher });
`;

let directory: string;
let file: string;
let metafile: Metafile;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-bundle-'));
  file = join(directory, 'index.cjs');
  ({ metafile } = await build({
    ...bundleOptions(),
    stdin: { contents: HANDLER, resolveDir: repository, sourcefile: 'handler.ts', loader: 'ts' },
    absWorkingDir: repository,
    outfile: file,
    metafile: true,
  }));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a bundle', () => {
  test('with SQS and SNS clients is at most 345 KB, our runtime at most 26 KB of it', async () => {
    const inputs = Object.values(metafile.outputs)[0]!.inputs;
    const runtime = Object.entries(inputs)
      .filter(([path]) => path.startsWith('lambda/runtime/'))
      .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);

    expect((await stat(file)).size).toBeLessThanOrEqual(345 * KIBIBYTE);
    expect(runtime).toBeLessThanOrEqual(26 * KIBIBYTE);
  });

  test('holds neither the credential clients that Lambda never needs, nor PostgreSQL', () => {
    const held = Object.entries(Object.values(metafile.outputs)[0]!.inputs);
    const paths = held.map(([path]) => path).join('\n');

    expect(paths).not.toMatch(/nested-clients|credential-provider-(ini|sso|process)|node_modules\/pg\//);
    expect(paths).toContain('lambda/runtime/environment-credentials.ts');
  });

  test('calls AWS with the credentials of the environment: poison reaches the dead-letter queue', async () => {
    const aws = await startEmbeddedAws({ port: 0 });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const sqs = new SQSClient({ endpoint: aws.endpointUrl, region: 'us-east-1', credentials });
    try {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
      const batch = { Records: [{ messageId: 'm', receiptHandle: 'r', body: 'poison', attributes: {} }] };
      const script = `require(${JSON.stringify(file)}).handler(${JSON.stringify(batch)}).then((answer) => console.error(JSON.stringify(answer)))`;

      const { stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
        env: {
          AWS_ENDPOINT_URL: aws.endpointUrl,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'a',
          AWS_SECRET_ACCESS_KEY: 'b',
          WAYBILL_CONSUMER: 'shipping',
          WAYBILL_DEAD_LETTER_QUEUE_URL: QueueUrl!,
        },
      });

      expect(JSON.parse(stderr)).toEqual({ batchItemFailures: [] });
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: QueueUrl! }));
      expect(Messages?.map(({ Body }) => Body)).toEqual(['poison']);
    } finally {
      sqs.destroy();
      await aws.close();
    }
  });
});
