/** Agents move from PostgreSQL to Redis Streams and back while events flow: nothing lost, nothing twice, in order. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { agentNames } from '../../../catalog/agents/index.ts';
import { processSettings } from '../../../lambda/agents/process-settings.ts';
import { startAgentsProcess } from '../../../lambda/agents/process.ts';
import type { AgentsProcess } from '../../../lambda/agents/process.ts';
import { moveConsumer, parityReport } from '../../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../../lambda/runtime/cutover/index.ts';
import { FEEDBACK_STREAM } from '../../../lambda/agents/redis-stream.ts';
import { redisConnection } from '../../../lambda/runtime/redis/connection.ts';
import { closeRedisConnections } from '../../../lambda/runtime/redis/index.ts';
import { allPartitions } from '../../../lambda/runtime/redis/keys.ts';
import type { RealRedis } from '../../../local/brokers/redis.ts';
import { describeOnEachRedis } from '../../support/redis.ts';
import { eventually } from '../../support/waiting.ts';
import { silent, useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';
import { expectEffectsOfModel, people } from './people.ts';

const ALL = agentNames.join(',');
const CONFIGURED = agentNames.map((name) => `${name}=postgres`).join(',');

/** All that the stream holds, as text. */
async function entriesOf({ url }: RealRedis): Promise<string> {
  const connection = redisConnection({ url });
  const partitions = allPartitions(FEEDBACK_STREAM, FEEDBACK_STREAM.partitions);
  const entries = await Promise.all(
    partitions.map(({ stream }) => connection.command(stream, 'XRANGE', stream, '-', '+')),
  );
  connection.close();
  return JSON.stringify(entries);
}

describeOnEachRedis('agents that move', (kind) => {
  const agents = useAgents();
  let system: AgentsUnderTest;
  let redis: RealRedis;
  let running: AgentsProcess[] = [];
  beforeEach(async () => {
    system = agents();
    redis = await kind.start();
  });
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop()));
    running = [];
    closeRedisConnections();
    await redis.stop();
  });

  const start = async (variables: Readonly<Record<string, string>>): Promise<void> => {
    const environment = {
      ...system.environment,
      WAYBILL_REDIS_URL: redis.url,
      WAYBILL_CONFIGURED_TRANSPORTS: CONFIGURED,
      ...variables,
    };
    running.push(await startAgentsProcess(processSettings(environment), silent, environment));
  };

  const moveAll = async (to: TransportName): Promise<void> => {
    for (const consumer of agentNames) {
      // What is not copied yet is an obstacle, until it is.
      await eventually(() => moveConsumer(system.pool, { consumer, to }), 200);
    }
  };

  test('to Redis and back, with a mirror and shadows beside', async () => {
    await start({ WAYBILL_TRANSPORT: 'postgres', WAYBILL_AGENTS: ALL });
    await start({ WAYBILL_TRANSPORT: 'postgres', WAYBILL_MIRROR_TO: 'redis' });
    await start({ WAYBILL_TRANSPORT: 'redis', WAYBILL_AGENTS: ALL, WAYBILL_SHADOW_AGENTS: ALL });

    await people(system, { feedbacks: 12, products: 3 });
    await Promise.all([moveAll('redis'), people(system, { feedbacks: 12, products: 3, from: 12 })]);
    await people(system, { feedbacks: 6, products: 3, from: 24 });
    await expectEffectsOfModel(system);
    await Promise.all([moveAll('postgres'), people(system, { feedbacks: 12, products: 3, from: 30 })]);
    await people(system, { feedbacks: 6, products: 3, from: 42 });

    await expectEffectsOfModel(system);
    const entries = await entriesOf(redis);
    expect(entries).toContain('waybill-sealed:');
    expect(entries).not.toMatch(/invoice|password/i);
    const by = await system.rows(
      'select transport, count(distinct agent)::int as agents from handled group by 1',
    );
    expect(by).toEqual(
      expect.arrayContaining([
        { transport: 'postgres', agents: 8 },
        { transport: 'redis', agents: 8 },
      ]),
    );
    await eventually(async () => {
      const report = await parityReport(system.pool, {
        consumer: 'roadmap',
        transport: 'redis',
        settleSeconds: 0,
      });
      expect(report).toMatchObject({ missing: 0, extra: 0, reordered: 0 });
      expect(report.arrived).toBeGreaterThan(0);
    }, 200);
  });
});
