/** The agents system on a real database in a schema of its own. */
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { Pool } from 'pg';
import { agentsByName } from '../../../lambda/agents/all.ts';
import { giveFeedback, vote } from '../../../lambda/agents/api/feedback.ts';
import type { AgentsService } from '../../../lambda/agents/effects.ts';
import { agentsMigrations } from '../../../lambda/agents/migrations/index.ts';
import { agentsOn } from '../../../lambda/agents/service.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { declarationOf } from '../../../lambda/runtime/consumer/declaration.ts';
import type { TransportName } from '../../../lambda/runtime/cutover/index.ts';
import { createLogger } from '../../../lambda/runtime/logger.ts';
import { createPool, migrate } from '../../../lambda/runtime/postgres/index.ts';
import { kmsDataKeys } from '../../../lambda/runtime/sealing/index.ts';
import type { DataKeys } from '../../../lambda/runtime/sealing/index.ts';
import type { HandlerContext } from '../../../lambda/runtime/types.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { startAws } from '../../../local/testing/index.ts';
import type { TestAws } from '../../../local/testing/index.ts';
import { useDatabase } from '../../support/postgres.ts';

export const CALLER: Caller = { userId: 'usr_1', tenantId: 'tenant-1', role: 'member' };
export const silent = createLogger({ level: 'silent' });

export interface AgentsUnderTest {
  readonly service: AgentsService;
  readonly pool: Pool;
  /** What a process finds. */
  readonly environment: Readonly<Record<string, string>>;
  readonly rows: <Row = Record<string, unknown>>(text: string, ...values: unknown[]) => Promise<Row[]>;
  /** The events of one type in the record, in its order; what is sealed is sealed. */
  readonly recorded: (eventType?: string) => Promise<readonly Envelope[]>;
  readonly dataKeys: DataKeys;
  /** The effect of one event, as any transport brings it about. */
  readonly handle: (agent: AgentName, event: Envelope, transport?: TransportName) => Promise<void>;
  /** New feedback of the caller, and its event. */
  readonly give: (feedbackId: string, text: string, productId?: string) => Promise<Envelope>;
  readonly vote: (feedbackId: string, weight: number, userId?: string) => Promise<Envelope>;
}

/** For a whole test file; every test begins with empty tables, but for the keys of authors, which processes remember. */
export function useAgents(): () => AgentsUnderTest {
  const database = useDatabase({ migrated: false });
  let made: AgentsUnderTest | undefined;
  let aws: TestAws | undefined;
  beforeAll(async () => {
    aws = await startAws();
    made = await agentsAt(database().url, await sealingKey(aws));
  });
  beforeEach(async () => {
    const { rows } = made!;
    const tables = await rows<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = 'agents' and table_type = 'BASE TABLE'
          and table_name not in ('waybill_migration', 'event_outbox_lane', 'event_outbox_relay', 'event_store_counted',
            'sealing_subject_key')`,
    );
    await rows(`truncate ${tables.map(({ name }) => name).join(', ')}`);
  });
  afterAll(async () => {
    await made?.pool.end();
    await aws?.stop();
  });
  return () => made!;
}

/** A key of the embedded KMS, and the way to it. */
async function sealingKey({ clientConfig, endpointUrl }: TestAws): Promise<Record<string, string>> {
  const { KeyMetadata } = await new KMSClient(clientConfig).send(new CreateKeyCommand({}));
  return {
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: clientConfig.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    WAYBILL_SEALING_KEY_ARN: KeyMetadata!.Arn!,
  };
}

async function agentsAt(url: string, sealing: Record<string, string>): Promise<AgentsUnderTest> {
  const environment = { DATABASE_URL: url, WAYBILL_DATABASE_SCHEMA: 'agents', ...sealing };
  const pool = await createPool({ environment, max: 10 });
  await migrate(pool, agentsMigrations);
  const dataKeys = kmsDataKeys({ environment });
  const on = (transport: TransportName) => agentsOn({ pool, transport, logger: silent, dataKeys });
  const service = on('postgres');
  const rows: AgentsUnderTest['rows'] = async <Row>(text: string, ...values: unknown[]) =>
    (await pool.query(text, values)).rows as Row[];
  const recorded: AgentsUnderTest['recorded'] = async (eventType) =>
    (
      await rows<{ event_data: Envelope }>(
        `select event_data from event_store where $1::text is null or event_type = $1 order by position`,
        eventType ?? null,
      )
    ).map(({ event_data }) => event_data);
  const last = async (eventType: string): Promise<Envelope> => (await recorded(eventType)).at(-1)!;
  return {
    service,
    pool,
    environment,
    dataKeys,
    rows,
    recorded,
    handle: async (agent, event, transport = 'postgres') => {
      const { handler, options } = declarationOf(agentsByName[agent](async () => on(transport)));
      const opened = (await options.sealer?.open(event)) ?? event;
      await handler(opened as never, contextOf(agent));
    },
    give: async (feedbackId, text, productId = 'atlas') => {
      await giveFeedback(service, CALLER, feedbackId, { productId, channel: 'web', text });
      return last('FeedbackReceived');
    },
    vote: async (feedbackId, weight, userId = 'usr_2') => {
      await vote(service, { ...CALLER, userId }, feedbackId, weight);
      return last('FeedbackVoted');
    },
  };
}

function contextOf(consumer: string): HandlerContext {
  return {
    consumer,
    receiveCount: 1,
    replay: undefined,
    signal: new AbortController().signal,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    logger: silent,
    publish: () => Promise.reject(new Error('agents append to the record')),
  };
}
