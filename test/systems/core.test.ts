/** The core system, end to end: from its synthesized templates, in the embedded AWS, on a real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { coreConfig } from '../../lib/config/index.ts';
import { consumersOf } from '../../local/run/consumers.ts';
import type { Consumer } from '../../local/run/consumers.ts';
import { deadLettersOf } from '../../local/run/dead-letters.ts';
import type { DeadLetter } from '../../local/run/dead-letters.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { gitHubSignature } from '../../local/workload/api-client.ts';
import { createWorkload, malformedMessages, measure } from '../../local/workload/index.ts';
import type { MalformedMessage, Measurement, Workload, WorkloadReport } from '../../local/workload/index.ts';

const WEBHOOKS = 120;
const START_TIMEOUT_MS = 240_000;
const QUIET_TIMEOUT_MS = 600_000;

let run: LocalRun;
let workload: Workload;
let consumers: readonly Consumer[];
let fed: WorkloadReport;
let malformed: readonly MalformedMessage[];
let measured: Measurement;
let deadLetters: readonly DeadLetter[];
/** Of messages that could be read. */
const poisonedEvents = (consumer: string): string[] =>
  deadLetters.flatMap((letter) => (letter.consumer === consumer ? (letter.eventId ?? []) : [])).sort();

beforeAll(async () => {
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['core'],
    port: 0,
    seed: 1,
  });
  consumers = consumersOf(run.topology, run.deployed);
  workload = await createWorkload({
    apiUrl: run.apiUrl,
    tokenSecret: await run.secretValue('Token'),
    poison: true,
  });
  fed = await workload.run({ events: WEBHOOKS });
  malformed = malformedMessages(run.topology);
  for (const message of malformed) await publish(message);
  const quiet = await waitForQuiet(run, consumers, { timeoutMs: QUIET_TIMEOUT_MS });
  expect(quiet.waitingFor).toEqual([]);
  measured = await measure(run.database, run.topology);
  deadLetters = deadLettersOf(run.aws.context, consumers);
}, START_TIMEOUT_MS + QUIET_TIMEOUT_MS);
afterAll(async () => {
  await workload?.close();
  await run?.stop();
}, START_TIMEOUT_MS);

async function publish(message: MalformedMessage): Promise<void> {
  const topic = run.deployed.resources.find(
    ({ stack, logicalId }) => stack === message.topic.stack && logicalId === message.topic.logicalId,
  );
  const sns = run.aws.context.services.all().find(({ name }) => name === 'sns');
  await sns?.handle(
    'Publish',
    {
      TopicArn: topic?.physicalId,
      Message: message.body,
      MessageAttributes: Object.fromEntries(
        Object.entries(message.attributes).map(([name, value]) => [
          name,
          { DataType: 'String', StringValue: value },
        ]),
      ),
      ...(message.messageGroupId !== null && { MessageGroupId: message.messageGroupId }),
      ...(message.messageDeduplicationId !== null && {
        MessageDeduplicationId: message.messageDeduplicationId,
      }),
    },
    { accountId: run.aws.context.accountId, arn: 'local' },
  );
}

async function rows<Row>(text: string, ...values: unknown[]): Promise<Row[]> {
  return (await run.database.query(text, values)).rows as Row[];
}

describe('webhooks', () => {
  test('are accepted once each, repetitions are told apart, forgeries are refused', () => {
    expect(fed.webhooks).toMatchObject({ accepted: WEBHOOKS, unexpected: {} });
    expect(fed.webhooks.duplicates).toBeGreaterThan(0);
    expect(fed.webhooks.forgedRefused).toBeGreaterThan(0);
  });

  test('each has its row and its events in the outbox, and none without the other', async () => {
    const [stored] = await rows<{ webhooks: string; promised: string; written: string }>(
      `select count(*) as webhooks, sum(event_count) as promised,
              (select count(*) from event_outbox where source = 'adapters') as written
         from received_webhook`,
    );

    expect(Number(stored?.webhooks)).toBe(WEBHOOKS);
    expect(stored?.written).toBe(stored?.promised);
  });
});

describe('consumers', () => {
  test('every event is published, and handled by exactly those that its filters let through', () => {
    expect(measured).toMatchObject({ waiting: 0, quarantined: 0 });
    expect(Object.keys(measured.consumers).sort()).toEqual([
      'audit-trail',
      'delivery-insights',
      'entitlement-cache',
      'integration-registry',
      'search-index',
      'tenant-provisioning',
      'usage-metering',
      'webhook-delivery',
    ]);
    for (const [name, consumer] of Object.entries(measured.consumers)) {
      const poisoned = poisonedEvents(name);
      expect({ name, ...consumer, missing: [...consumer.missing].sort() }).toMatchObject({
        name,
        duplicates: 0,
        uninvited: 0,
        handled: consumer.expected - poisoned.length,
        missing: poisoned,
      });
      expect(consumer.handled).toBeGreaterThan(0);
    }
  });

  test('keep the order of each key', async () => {
    for (const consumer of Object.values(measured.consumers)) {
      if (consumer.fifo) expect(consumer.orderViolations).toBe(0);
    }
    // In order, no change of entitlements can find a later one in its place.
    expect(await rows(`select sequence from entitlement_update where outcome = 'older'`)).toEqual([]);
  });

  test('delivery-insights gets the premium tenants and nobody else', async () => {
    const tenants = await rows<{ tenant_id: string }>(
      'select distinct tenant_id from insight_record order by 1',
    );

    expect(tenants.map(({ tenant_id }) => tenant_id)).toEqual(coreConfig('local').premiumTenants);
  });

  test('integration-registry is reached over the bus, and what follows names its cause', async () => {
    const following = await rows<{ cause: string; event_type: string }>(
      `select cause.event_type as cause, event.event_type
         from event_outbox event
         join event_outbox cause on cause.id::text = event.event_data->>'causationId'
        where event.event_type like 'Integration%'`,
    );

    expect(following.length).toBeGreaterThan(0);
    for (const { cause } of following) expect(cause).toBe('InstallationChanged');
  });

  test('tenants get each event once, signed', async () => {
    const [delivered] = await rows<{ count: string }>(
      `select count(*) from delivered_webhook where outcome = 'delivered'`,
    );

    expect(workload.receiverReport()).toMatchObject({ taken: Number(delivered?.count), badSignatures: 0 });
  });

  test('what was indexed can be found', async () => {
    const { authorization } = workload.tenants[0]!;
    const response = await fetch(`${run.apiUrl}/search?q=readme`, { headers: { authorization } });

    expect(response.status).toBe(200);
    expect(((await response.json()) as { results: unknown[] }).results.length).toBeGreaterThan(0);
  });
});

describe('what can not be handled', () => {
  test('a receiver that always fails fills the dead-letter queue of webhook-delivery, with the reason', async () => {
    const poisoned = deadLetters.filter(({ eventId }) => eventId !== null);
    const releases = await rows<{ id: string }>(
      `select id from event_outbox where event_type = $1 and tenant_id = $2`,
      workload.poison?.eventType,
      workload.poison?.tenantId,
    );

    expect(releases.length).toBeGreaterThan(0);
    expect(poisonedEvents('webhook-delivery')).toEqual(releases.map(({ id }) => id).sort());
    for (const letter of poisoned) {
      expect(letter).toMatchObject({ consumer: 'webhook-delivery', reason: 'HANDLER_FAILED' });
    }
  });

  test('D10 a body that is no envelope goes to the dead-letter queue of everyone who got it, with the reason', () => {
    const unreadable = deadLetters.filter(({ eventId }) => eventId === null);

    expect(unreadable.map(({ consumer }) => consumer).sort()).toEqual(
      malformed.flatMap((message) => message.consumers).sort(),
    );
    expect(new Set(unreadable.map(({ reason }) => reason))).toEqual(new Set(['WAYBILL_ENVELOPE_NOT_JSON']));
  });
});

describe('the API', () => {
  test.each([
    ['without a token', {}, 401],
    ['with a token that nobody signed', { authorization: 'Bearer a.b.c' }, 403],
  ])('%s is closed', async (_case, headers, status) => {
    const response = await fetch(`${run.apiUrl}/projects`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"name":"A"}',
    });

    expect(response.status).toBe(status);
  });

  test.each([
    ['malformed', '{"action":', 400, 'WAYBILL_BODY_NOT_JSON'],
    ['too large', `"${'x'.repeat(4 * 1024 * 1024)}"`, 413, 'WAYBILL_WEBHOOK_TOO_LARGE'],
  ])('answers a %s webhook with problem+json', async (_case, body, status, code) => {
    const response = await postWebhook({ body, deliveryId: 'refused' });

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code });
  });

  test(
    'answers 503 while the database is down, and loses nothing once it is back',
    async () => {
      const database = new URL(run.databaseUrl).pathname.slice(1);
      const administrator = new Client({ connectionString: withDatabase(run.databaseUrl, 'postgres') });
      await administrator.connect();
      const webhook = { body: '{"zen":"Keep it logically awesome."}', deliveryId: 'while-it-was-down' };
      await administrator.query(`alter database "${database}" allow_connections false`);
      await administrator.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
        database,
      ]);

      const down = await postWebhook(webhook);
      await administrator.query(`alter database "${database}" allow_connections true`);
      const up = await postWebhook(webhook);
      await administrator.end();

      expect({ status: down.status, retryAfter: down.headers.get('retry-after') }).toEqual({
        status: 503,
        retryAfter: '30',
      });
      expect(await down.json()).toMatchObject({ code: 'WAYBILL_DATABASE_UNAVAILABLE' });
      expect(await up.json()).toMatchObject({ status: 'accepted' });
      const quiet = await waitForQuiet(run, consumers, { timeoutMs: QUIET_TIMEOUT_MS });
      expect(quiet.waitingFor).toEqual([]);
      const effects = await rows<{ consumer: string }>(
        `select consumer from consumer_effect join event_outbox on event_id = id
        where event_data->>'correlationId' = 'while-it-was-down' order by 1`,
      );
      expect(effects.map(({ consumer }) => consumer)).toEqual(['audit-trail', 'usage-metering']);
    },
    QUIET_TIMEOUT_MS * 2,
  );
});

async function postWebhook(webhook: {
  readonly body: string;
  readonly deliveryId: string;
}): Promise<Response> {
  const { webhookPath, webhookSecret } = workload.tenants[0]!;
  return fetch(`${run.apiUrl}${webhookPath}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'ping',
      'x-github-delivery': webhook.deliveryId,
      'x-hub-signature-256': gitHubSignature(webhookSecret, webhook.body),
    },
    body: webhook.body,
  });
}

function withDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}
