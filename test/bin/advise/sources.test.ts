import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readMetrics } from '../../../bin/advise/read-metrics.ts';
import { readStage } from '../../../bin/advise/read-stage.ts';
import type { CloudWatch } from '../../../bin/advise/read-stage.ts';
import { advise } from '../../../bin/commands/advise.ts';
import { CLOUDWATCH_METRICS } from '../../../lambda/runtime/event-store/metrics/log-event-metrics.ts';
import { liveOnValue, transportOfValue } from '../../../lambda/runtime/event-store/metrics/live-on.ts';
import { TRANSPORTS } from '../../../lib/estimate/transports/index.ts';
import { calm } from './measured.ts';

let directory: string;
let server: Server;
let address: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-advise-'));
  server = createServer((request, response) => {
    const allowed = request.headers.authorization === 'Bearer operator';
    response.statusCode = allowed ? 200 : 401;
    response.end(allowed ? JSON.stringify(calm) : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events/metrics`;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function file(content: unknown): string {
  const path = join(directory, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('the endpoint, or a file with its answer', () => {
  test('both give the same figures', async () => {
    const fromFile = await readMetrics(file(calm), undefined);
    const fromAddress = await readMetrics(address, 'operator');
    expect({ ...fromFile, source: '' }).toEqual({ ...fromAddress, source: '' });
    expect(fromFile).toMatchObject({
      eventsLastDay: 9_000,
      agents: 2,
      handledPerSecond: 0.2,
      maxConnections: 200,
    });
  });

  test.each([
    ['without a token', () => readMetrics(address, undefined), '401'],
    ['nobody there', () => readMetrics('http://127.0.0.1:1/events/metrics', 'operator'), ''],
    ['no file', () => readMetrics(join(directory, 'none.json'), undefined), 'ENOENT'],
  ])('%s: unreadable, with the reason', async (_, read, reason) => {
    const error: unknown = await read().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'WAYBILL_METRICS_UNREADABLE' });
    expect(String((error as Error).cause)).toContain(reason);
  });

  test.each<[string, unknown]>([
    ['no JSON', 'hello'],
    ['a list', []],
    ['null', null],
    ['another version', { ...calm, schemaVersion: '2.0' }],
    ['no events', { ...calm, events: undefined }],
    ['a text for a number', { ...calm, events: { ...calm.events, lastDay: '9000' } }],
    ['null where it has to be measured', { ...calm, events: { ...calm.events, busiestSecond: null } }],
    ['half a latency', { ...calm, processingLatency: { p50: 1 } }],
    ['no list of consumers', { ...calm, consumers: {} }],
    ['a transport that is none', { ...calm, consumers: [{ ...calm.consumers[0], transport: 'pigeon' }] }],
  ])('%s is refused', async (_, content) => {
    await expect(readMetrics(file(content), undefined)).rejects.toMatchObject({
      code: 'WAYBILL_METRICS_UNKNOWN',
    });
  });
});

describe('a stage', () => {
  interface Query {
    readonly Id: string;
    readonly MetricStat: { readonly Metric: { readonly MetricName: string; readonly Dimensions: unknown } };
  }
  interface Asking {
    readonly MetricDataQueries?: readonly Query[];
    readonly NextToken?: string;
  }
  const isList = (input: Asking): boolean => input.MetricDataQueries === undefined;

  /**
   * Answers as CloudWatch does: the newest hour first, nothing for what it does not know, one metric on a page of a list.
   * @param live by consumer, the numbers of its transports, the newest first
   */
  function cloudWatch(
    figures: Readonly<Record<string, readonly number[]>>,
    live: Readonly<Record<string, readonly number[]>> = {},
  ): CloudWatch & { asked: Query[] } {
    const asked: Query[] = [];
    const consumers = Object.keys(live);
    const consumerIn = (dimensions: unknown): string =>
      (dimensions as { Name: string; Value: string }[]).find(({ Name }) => Name === 'Consumer')?.Value ?? '';
    return {
      asked,
      send: ({ input }: { readonly input: Asking }) => {
        if (isList(input)) {
          const page = Number(input.NextToken ?? 0);
          const Dimensions = [
            { Name: 'Environment', Value: 'prod' },
            { Name: 'Consumer', Value: consumers[page] },
          ];
          return Promise.resolve({
            Metrics: page < consumers.length ? [{ Dimensions }] : [],
            ...(page + 1 < consumers.length && { NextToken: String(page + 1) }),
          });
        }
        asked.push(...(input.MetricDataQueries ?? []));
        return Promise.resolve({
          MetricDataResults: asked.map(({ Id, MetricStat: { Metric } }) => ({
            Id,
            Values:
              (Metric.MetricName === 'LiveOn'
                ? live[consumerIn(Metric.Dimensions)]
                : figures[Metric.MetricName]) ?? [],
          })),
        });
      },
    } as unknown as CloudWatch & { asked: Query[] };
  }

  test('says where each agent is live by now, also after a move within the hour', async () => {
    const measured = await readStage(
      'prod',
      cloudWatch({ EventsLastDay: [1] }, { sentiment: [1, 1, 0], priority: [2], roadmap: [0], gone: [] }),
    );
    expect(measured.liveOn).toEqual([
      { agent: 'priority', transport: 'sns-sqs' },
      { agent: 'roadmap', transport: 'postgres' },
      { agent: 'sentiment', transport: 'redis' },
    ]);
    expect(measured.notMeasured.map(({ what }) => what)).not.toContain('liveOn');
  });

  test('reads the number that the measuring writes', () => {
    for (const transport of TRANSPORTS) expect(transportOfValue(liveOnValue(transport))).toBe(transport);
    expect(transportOfValue(7)).toBeUndefined();
  });

  test('that lists no metrics to the caller has its figures all the same', async () => {
    const { send } = cloudWatch({ EventsLastDay: [1] }, { sentiment: [1] });
    const measured = await readStage('prod', {
      send: (command: { readonly input: Asking }) =>
        isList(command.input) ? Promise.reject(new Error('AccessDenied')) : send(command as never),
    } as unknown as CloudWatch);
    expect(measured).toMatchObject({ eventsLastDay: 1, liveOn: null });
    expect(measured.notMeasured[0]).toEqual({
      what: 'liveOn',
      why: expect.stringContaining('cloudwatch:ListMetrics') as unknown,
    });
  });

  test('has the newest figures, and says what is missing', async () => {
    const measured = await readStage(
      'prod',
      cloudWatch({
        EventsLastDay: [50_000, 4],
        EventsCountedHours: [24],
        ProcessingLatencyP50: [8],
        ProcessingLatencyP99: [70],
      }),
    );
    expect(measured).toMatchObject({
      eventsLastDay: 50_000,
      countedHours: 24,
      processingLatency: { p50: 8, p99: 70 },
      publishLatency: null,
      agents: null,
      liveOn: null,
    });
    expect(measured.notMeasured.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['liveOn', 'ErrorRate']),
    );
  });

  test('asks for exactly what the event store writes, of that stage', async () => {
    const asking = cloudWatch({ EventsLastDay: [1] });
    await readStage('staging', asking);
    const names = asking.asked.map(({ MetricStat }) => MetricStat.Metric.MetricName);
    expect(names.toSorted()).toEqual(Object.keys(CLOUDWATCH_METRICS).toSorted());
    for (const { MetricStat } of asking.asked) {
      expect(MetricStat.Metric.Dimensions).toEqual([{ Name: 'Environment', Value: 'staging' }]);
    }
  });

  test('without any figure: not measured', async () => {
    await expect(readStage('prod', cloudWatch({}))).rejects.toMatchObject({
      code: 'WAYBILL_STAGE_NOT_MEASURED',
    });
  });

  test('that may not be asked: unreadable', async () => {
    const refusing = { send: () => Promise.reject(new Error('AccessDenied')) } as unknown as CloudWatch;
    await expect(readStage('prod', refusing)).rejects.toMatchObject({ code: 'WAYBILL_METRICS_UNREADABLE' });
  });
});

describe('the command', () => {
  const none = { threshold: [], needs: [] };
  let written = '';
  beforeEach(() => {
    written = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written += String(text);
      return true;
    });
  });

  test('prints one object with --json', async () => {
    await advise({
      ...none,
      metrics: file(calm),
      needs: ['ordering', 'no-guaranteed-delivery'],
      regions: 1,
      json: true,
    });
    expect(JSON.parse(written)).toMatchObject({
      schemaVersion: '1.0',
      environment: 'prod',
      recommended: 'postgres',
      urgency: 'stay',
      open: [],
    });
  });

  test('prints text', async () => {
    await advise({ ...none, metrics: file(calm), env: 'dev' });
    expect(written).toContain('Recommendation: stay on PostgreSQL');
    expect(written).toContain('could change it, regions: not told: give --regions');
  });

  test.each([
    ['no source', {}, 'WAYBILL_ADVICE_SOURCE'],
    ['two sources', { metrics: 'a', stage: 'prod' }, 'WAYBILL_ADVICE_SOURCE'],
    ['an unknown need', { metrics: 'a', needs: ['speed'] }, 'WAYBILL_NEED_UNKNOWN'],
    ['an unknown threshold', { metrics: 'a', threshold: ['speed=1'] }, 'WAYBILL_THRESHOLD_INVALID'],
    ['an unknown environment', { metrics: 'a', env: 'mars' }, 'WAYBILL_ENVIRONMENT_UNKNOWN'],
  ])('%s is refused before anything is read', async (_, options, code) => {
    await expect(advise({ ...none, ...options })).rejects.toMatchObject({ code });
    expect(written).toBe('');
  });
});
