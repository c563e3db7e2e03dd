/** D13 in the agents system: what people wrote is in no copy of an event in clear, and opens for the agents that read it. */
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { agentNames, agentOpens } from '../../../catalog/agents/index.ts';
import { agentsByName } from '../../../lambda/agents/all.ts';
import { giveFeedback } from '../../../lambda/agents/api/feedback.ts';
import { agentsOn } from '../../../lambda/agents/service.ts';
import { declarationOf } from '../../../lambda/runtime/consumer/declaration.ts';
import { mirrorEvents, shadowOf } from '../../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../../lambda/runtime/cutover/index.ts';
import { consume } from '../../../lambda/runtime/index.ts';
import { ERASED, eraseSubject } from '../../../lambda/runtime/sealing/index.ts';
import type { DataKeys } from '../../../lambda/runtime/sealing/index.ts';
import { deadLettersOf, redriveDeadLetters, subscribe } from '../../../lambda/runtime/subscription/index.ts';
import type { EncodedMessage } from '../../../lambda/runtime/types.ts';
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { refusedDataKeys } from '../../support/sealing.ts';
import { eventually } from '../../support/waiting.ts';
import { CALLER, silent, useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';

const TEXT = 'Terrible: my neighbour Ada Quartermain sees my invoices';
const CLEAR = 'Quartermain';

const agents = useAgents();
let system: AgentsUnderTest;
let running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  system = agents();
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

const on = (transport: TransportName, dataKeys: DataKeys = system.dataKeys) =>
  agentsOn({ pool: system.pool, transport, logger: silent, dataKeys });

/** Every row of what carries events, as text. */
async function carried(): Promise<string> {
  const tables = await system.rows<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'agents' and table_type = 'BASE TABLE' and table_name like 'event\\_%'`,
  );
  const rows = await system.rows<{ row: string }>(
    tables.map(({ name }) => `select t::text as row from ${name} t`).join(' union all '),
  );
  return rows.map(({ row }) => row).join('\n');
}

async function subscribed(agent: 'sentiment', dataKeys?: DataKeys, maxAttempts = 5): Promise<void> {
  const { store } = system.service;
  const consumer = agentsByName[agent](async () => on('postgres', dataKeys));
  running.push(await subscribe({ consumer, store, maxAttempts, logger: silent }));
}

test('agents that read what people wrote open it, and no other one does, nor any shadow', () => {
  const { pool } = system;
  for (const name of agentNames) {
    const consumer = agentsByName[name](async () => on('postgres'));
    expect(declarationOf(consumer).options.sealer !== undefined).toBe(agentOpens[name].length > 0);
    expect(declarationOf(shadowOf(consumer, { pool, transport: 'redis' })).options.sealer).toBeUndefined();
  }
});

test('the record has no clear text, and an agent behind it reads what was written', async () => {
  await system.give('f1', TEXT);
  await subscribed('sentiment');

  await eventually(async () => {
    expect(await system.rows('select label from sentiment_rating')).toEqual([{ label: 'negative' }]);
  });
  const rows = await carried();
  expect(rows).toContain('waybill-sealed:');
  expect(rows).not.toContain(CLEAR);
});

test('what is copied to another transport stays sealed, also as a dead letter, and opens for the agent behind a queue', async () => {
  const copied: EncodedMessage[] = [];
  const transport = {
    send: async (messages: readonly EncodedMessage[]) => {
      copied.push(...messages);
      return { failed: [] };
    },
  };
  const event = await system.give('f1', TEXT);
  const { store } = system.service;
  const types = [event.eventType];
  running.push(
    await mirrorEvents({ store, to: 'sns-sqs', transport, types, from: 'beginning', logger: silent }),
  );
  await eventually(() => expect(copied).toHaveLength(1));

  const [{ body }] = copied as [EncodedMessage];
  expect(JSON.stringify(copied)).not.toContain(CLEAR);
  expect(JSON.parse(body)).toEqual(event);
  const client = new SQSClient({
    endpoint: system.environment['AWS_ENDPOINT_URL']!,
    region: system.environment['AWS_REGION']!,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: 'sentiment-dead-letters' }));
  const receive = async (dataKeys: DataKeys) => {
    const agent = agentsByName.sentiment(async () => on('sns-sqs', dataKeys));
    const { contracts, handler, options } = declarationOf(agent);
    const behindQueue = consume<readonly AnyEventContract[]>(contracts, handler, {
      ...options,
      client,
      deadLetterQueueUrl: QueueUrl!,
      maxReceiveCount: 1,
      logger: silent,
    });
    const attributes = { ApproximateReceiveCount: '1' };
    return behindQueue({ Records: [{ messageId: 'm-1', receiptHandle: 'r', body, attributes }] });
  };

  expect(await receive(refusedDataKeys())).toEqual({ batchItemFailures: [] });
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages?.map(({ Body }) => Body)).toEqual([body]);
  expect(await receive(system.dataKeys)).toEqual({ batchItemFailures: [] });
  expect(await system.rows('select label from sentiment_rating')).toEqual([{ label: 'negative' }]);
});

describe('without the right to use the key', () => {
  test('nothing is taken: neither row nor event', async () => {
    const service = on('postgres', refusedDataKeys());
    const command = { productId: 'atlas', channel: 'web', text: TEXT } as const;
    await expect(giveFeedback(service, CALLER, 'f1', command)).rejects.toMatchObject({
      code: 'WAYBILL_SEALING_NOT_GRANTED',
    });
    expect(await system.rows('select 1 from feedback')).toEqual([]);
    expect(await system.recorded()).toEqual([]);
  });

  test('an agent gives events up, sealed, with the reason; redriven when it may, they are handled', async () => {
    await system.give('f1', TEXT);
    await subscribed('sentiment', refusedDataKeys(), 1);
    await eventually(async () => {
      const letters = await deadLettersOf(system.pool, { consumer: 'sentiment' });
      expect(letters).toMatchObject([
        { reason: 'HANDLER_FAILED', detail: expect.stringContaining('WAYBILL_SEALING_NOT_GRANTED') },
      ]);
    });
    expect(await carried()).not.toContain(CLEAR);
    await running.pop()?.stop();

    await subscribed('sentiment');
    await redriveDeadLetters(system.pool, { consumer: 'sentiment' });
    await eventually(async () => {
      expect(await system.rows('select label from sentiment_rating')).toEqual([{ label: 'negative' }]);
    });
  });
});

test('an author who is erased reads as erased, in every copy', async () => {
  const author = { ...CALLER, userId: 'usr_erased' };
  await giveFeedback(system.service, author, 'f1', { productId: 'atlas', channel: 'web', text: TEXT });
  await eraseSubject(system.pool, CALLER.tenantId, author.userId);

  const [event] = await system.recorded('FeedbackReceived');
  // As another process sees it, which remembers no key.
  expect((await on('redis').sealer.open(event!)).data).toMatchObject({ text: ERASED });
});
