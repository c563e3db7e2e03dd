/** `consumeKafka` as a bundle behind the embedded MSK mapping: a record waits for its retry without an error, and is never committed before. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Producer } from '@platformatic/kafka';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { rootCaller } from '../../../../local/aws/context.ts';
import { createKafkaService } from '../../../../local/aws/kafka/index.ts';
import { startEmbeddedKafka } from '../../../../local/kafka/index.ts';
import type { EmbeddedKafka } from '../../../../local/kafka/index.ts';
import { bundleOptions } from '../../../../lib/constructs/bundle-options.ts';
import { lambdaUnderTest } from '../../../local/aws/lambda/code.ts';
import type { LambdaUnderTest } from '../../../local/aws/lambda/code.ts';
import { orderPlaced } from '../fixtures.ts';
import { until } from '../../../support/waiting.ts';

const RETRY_TOPIC = 'orders.sink.retry-1';
const GROUP = 'sink-retry-1';
let it: LambdaUnderTest;
let kafka: EmbeddedKafka;
let producer: Producer;
let clusterArn: string;
let lines: string[];

beforeEach(async () => {
  it = lambdaUnderTest();
  kafka = await startEmbeddedKafka({ topics: { [RETRY_TOPIC]: 1 } });
  const service = createKafkaService(it.context, () => Promise.resolve(kafka));
  it.context.services.register(service);
  const input = { clusterName: 'analytics', serverless: { vpcConfigs: [] } };
  const made = await service.handle('CreateClusterV2', input, rootCaller(it.context));
  clusterArn = (made as { clusterArn: string }).clusterArn;
  producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.bootstrapServers] });
  lines = [];
  it.lambda.observeLogs(({ text }) => lines.push(text));
});
afterEach(async () => {
  await producer.close();
  await it.close();
  await kafka.stop();
});

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** Prints the orders that it handles, and what it answers. */
const HANDLER = `
  import { consumeKafka } from './lambda/runtime/kafka/consume-kafka.ts';
  import { OrderPlaced } from './test/lambda/runtime/fixtures.ts';
  const silent = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
  const consume = consumeKafka(OrderPlaced, ({ data }) => console.log('handled ' + data.orderId), { logger: silent });
  export const handler = async (batch, context) => {
    try {
      const answer = await consume(batch, context);
      console.log('answer ' + JSON.stringify(answer));
      return answer;
    } catch (error) {
      console.log('error ' + error.code);
      throw error;
    }
  };
`;

test('a record that is not due is given back without an error, is not committed, and is handled when it is', async () => {
  const { outputFiles } = await build({
    ...bundleOptions(),
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
    stdin: { contents: HANDLER, resolveDir: repository, sourcefile: 'handler.ts', loader: 'ts' },
    absWorkingDir: repository,
    write: false,
  });
  await it.create('sink', outputFiles.at(-1)!.text, {
    // Two seconds before the end nothing is begun: an invocation waits for about one.
    timeoutSeconds: 3,
    environment: {
      WAYBILL_CONSUMER: 'sink',
      WAYBILL_KAFKA_RETRY_TOPICS: JSON.stringify([{ target: RETRY_TOPIC, delaySeconds: 60 }]),
    },
  });
  const dueAt = Date.now() + 15_000;
  const send = (orderId: string, headers: Record<string, string>) =>
    producer.send({
      acks: -1,
      messages: [
        {
          topic: RETRY_TOPIC,
          partition: 0,
          key: Buffer.from(orderId),
          value: Buffer.from(JSON.stringify(orderPlaced(orderId))),
          headers: new Map(
            Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]),
          ),
        },
      ],
    });
  await send('due', { retryAttempt: '2' });
  await send('waits', { retryAttempt: '2', retryNotBefore: String(dueAt) });

  await it.lambda.createEventSourceMapping({
    EventSourceArn: clusterArn,
    FunctionName: 'sink',
    Topics: [RETRY_TOPIC],
    StartingPosition: 'TRIM_HORIZON',
    MaximumBatchingWindowInSeconds: 1,
    BatchSize: 10,
    MaximumRetryAttempts: 10_000,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: GROUP },
    ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 1 },
  });

  const committed = () => kafka.lag(GROUP).find(({ partition }) => partition === 0)?.committed;
  const handledAll = () => lines.some((line) => line.includes('handled waits'));
  const isWaiting = () => lines.some((line) => line.includes(`"offset":1`));
  await until(() => isWaiting() || handledAll());
  if (!handledAll()) expect(committed() ?? 0).toBeLessThanOrEqual(1);
  await until(() => committed() === 2);

  expect(Date.now()).toBeGreaterThanOrEqual(dueAt);
  expect(isWaiting()).toBe(true);
  expect(lines.filter((line) => line.includes('handled waits')).length).toBe(1);
  expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
});
