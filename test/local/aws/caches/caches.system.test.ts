/** Caches from templates with real servers: clients sign in as the template's user, and may what it may. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient, createCluster } from '@redis/client';
import { callService } from '../../../../local/aws/index.ts';
import { rootCaller } from '../../../../local/aws/context.ts';
import { describeOnEachRedis } from '../../../support/redis.ts';
import { awsUnderTest, deploy } from '../../assembly/assembly-under-test.ts';
import type { AwsUnderTest } from '../../assembly/assembly-under-test.ts';
import { elastiCache, memoryDb } from './templates.ts';

describeOnEachRedis('caches', (redis) => {
  let it: AwsUnderTest;

  beforeEach(async () => {
    it = await awsUnderTest({
      startRedis: ({ cluster, settings }) => redis.start({ cluster, settings }),
    });
  });
  afterEach(() => it.close());

  const address = async () => {
    const input = { Name: '/redis' };
    const { context, services } = it.aws;
    const answer = await callService(context, services.ssm, 'GetParameter', input, rootCaller(context));
    return (answer as { Parameter: { Value: string } }).Parameter.Value;
  };
  const credentials = { username: 'waybill', password: 'of-the-secret-and-long' };

  test('ElastiCache: the user writes to its own keys, nobody else comes in', async () => {
    await deploy(it, { s: { template: elastiCache() } });
    const url = await address();
    const client = createClient({ url, ...credentials, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    expect(await client.xAdd('waybill:a', '*', { body: '1' })).toMatch(/^\d+-0$/);
    await expect(client.xAdd('other', '*', { body: '1' })).rejects.toThrow('NOPERM');
    await expect(client.flushAll()).rejects.toThrow('NOPERM');
    expect(await client.info('memory')).toContain('maxmemory_policy:noeviction');
    client.destroy();
    for (const wrong of [{}, { ...credentials, password: 'another-password' }]) {
      const stranger = createClient({ url, ...wrong, socket: { reconnectStrategy: false } });
      stranger.on('error', () => undefined);
      await expect(
        stranger.connect().then(() => stranger.xAdd('waybill:a', '*', { body: '1' })),
      ).rejects.toThrow(/NOAUTH|WRONGPASS/);
      if (stranger.isOpen) stranger.destroy();
    }
  });

  test('MemoryDB: a client of a cluster finds the slots of every key', async () => {
    await deploy(it, { s: { template: memoryDb() } });
    const cluster = createCluster({
      rootNodes: [{ url: await address() }],
      defaults: { ...credentials, socket: { reconnectStrategy: false } },
    });
    cluster.on('error', () => undefined);
    await cluster.connect();
    for (const key of ['waybill:{a}', 'waybill:{b}', 'waybill:{c}']) {
      expect(await cluster.xAdd(key, '*', { body: '1' })).toMatch(/^\d+-0$/);
    }
    await expect(cluster.xAdd('other', '*', { body: '1' })).rejects.toThrow('NOPERM');
    cluster.destroy();
  });
});
