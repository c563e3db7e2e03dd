/** What streams, Kafka, brokers and state machines cost, and whether they carry the declared peak. */
import { describe, expect, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Subscription, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import * as z from 'zod/mini';
import { readAssembly } from '../../../lib/assembly/index.ts';
import {
  AlertTopic,
  EventFunction,
  EventStream,
  EventTopic,
  KafkaCluster,
  KafkaConsumer,
  KafkaTopic,
  recordEdge,
  recordNode,
  StreamConsumer,
} from '../../../lib/constructs/index.ts';
import { event, service } from '../../../lib/contracts/index.ts';
import { estimate, fullTable } from '../../../lib/estimate/index.ts';
import type { Estimate } from '../../../lib/estimate/index.ts';
import { ENTRY, testApp } from '../constructs/support.ts';
import { streamingStack } from '../constructs/streams-support.ts';

const MONTH_HOURS = 730;
const of = (found: Estimate, item: string, path: string) =>
  found.lines.filter((line) => line.item === item && line.constructPath.startsWith(path));
const load = (found: Estimate, item: string, path: string) =>
  of(found, item, path).reduce((sum, line) => sum + line.load, 0);
const idle = (found: Estimate, item: string, path: string) =>
  of(found, item, path).reduce((sum, line) => sum + line.idle, 0);

function viewsOf(peakPerSecond: number, averageBytes = 1000) {
  return event('Viewed', {
    version: '1.0',
    source: 'shop',
    data: z.object({ sku: z.string() }),
    traffic: { peakPerSecond, averageBytes },
  });
}

/** A stream and a Kafka topic at a rate, with a reader each. */
function readersAt(
  peakPerSecond: number,
  options: {
    readonly shardCount?: number;
    readonly partitionCount?: number;
    readonly averageBytes?: number;
  } = {},
): Estimate {
  const app = testApp();
  const stack = new Stack(app, 'Test', { env: { account: '111111111111', region: 'eu-west-1' } });
  new AlertTopic(stack, 'Alerts');
  const { shardCount, partitionCount = 6, averageBytes } = options;
  const Viewed = viewsOf(peakPerSecond, averageBytes);
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0, restrictDefaultSecurityGroup: false });
  const vpcSubnets = { subnets: vpc.isolatedSubnets };
  const stream = new EventStream(stack, 'Views', {
    publishes: [Viewed],
    ...(shardCount === undefined ? {} : { shardCount }),
  });
  const cluster = new KafkaCluster(stack, 'Kafka', { vpc, vpcSubnets });
  const topic = new KafkaTopic(stack, 'Topic', { cluster, publishes: [Viewed], partitionCount });
  new StreamConsumer(stack, 'Trends', { subscribesTo: stream.events(), entry: ENTRY });
  new KafkaConsumer(stack, 'Sink', { subscribesTo: topic.events(), entry: ENTRY });
  new EventFunction(stack, 'Shop', { entry: ENTRY, publishesTo: [stream, topic] });
  return estimate(readAssembly(app.synth().directory), { load: { averageShare: 1 } });
}

describe('costs', () => {
  const found = estimate(readAssembly(streamingStack().app.synth().directory), { load: { averageShare: 1 } });
  // OrderPlaced: 300 a second of 900 bytes; StockReserved declares the default.
  const gigabytes = (300 * 900 * MONTH_HOURS * 3600) / 1e9;

  test('a stream on demand: its hours, what is written, what each reader reads', () => {
    expect(idle(found, 'stream', 'Test/Activity')).toBeCloseTo(0.04 * MONTH_HOURS, 6);
    expect(load(found, 'written', 'Test/Activity')).toBeGreaterThanOrEqual(0.08 * gigabytes);
    expect(load(found, 'read', 'Test/Activity')).toBeCloseTo(load(found, 'written', 'Test/Activity') / 2, 6);
  });

  test('a serverless cluster: hours, partitions of every topic, bytes', () => {
    expect(idle(found, 'cluster', 'Test/Kafka')).toBeCloseTo(0.75 * MONTH_HOURS, 6);
    // 6 of the topic, 6 of each retry topic, 1 of the dead-letter topic.
    expect(idle(found, 'partitions', 'Test/Kafka')).toBeCloseTo(0.0015 * 19 * MONTH_HOURS, 6);
    expect(load(found, 'written', 'Test/Kafka')).toBeCloseTo(0.1 * gigabytes, 3);
    expect(load(found, 'read', 'Test/Kafka')).toBeCloseTo(0.05 * gigabytes, 3);
  });

  test('Express brokers by the hour', () => {
    const express = estimate(readAssembly(streamingStack('express').app.synth().directory));
    expect(idle(express, 'brokers', 'Test/Kafka')).toBeCloseTo(3 * 0.408 * MONTH_HOURS, 6);
  });

  test('mappings of one poller group share a poller', () => {
    expect(idle(found, 'pollers of Kafka', 'Test/Sink')).toBeCloseTo(0.185 * MONTH_HOURS, 6);
  });

  test('a broker by the hour, and its consumer by nothing that is declared', () => {
    expect(idle(found, 'broker', 'Test/Legacy')).toBeCloseTo(0.08 * MONTH_HOURS, 6);
  });

  test('the functions of readers are paid for what they read', () => {
    expect(load(found, 'duration', 'Test/Trends')).toBeGreaterThan(0);
    expect(load(found, 'duration', 'Test/Sink')).toBeGreaterThan(0);
  });

  test('nothing of it is left out', () => {
    expect(found.unpriced).toEqual([]);
  });

  test('messages to people', () => {
    const app = testApp();
    const stack = new Stack(app, 'Test');
    new AlertTopic(stack, 'Alerts');
    const Viewed = viewsOf(1);
    const topic = new EventTopic(stack, 'Notices', { service: service('shop'), publishes: [Viewed] });
    new EventFunction(stack, 'Shop', { entry: ENTRY, publishesTo: [topic] });
    for (const [protocol, endpoint] of [
      [SubscriptionProtocol.EMAIL, 'someone@example.com'],
      [SubscriptionProtocol.SMS, '+15555550100'],
    ] as const) {
      new Subscription(stack, protocol, { topic: topic.topic, protocol, endpoint });
    }
    const notices = estimate(readAssembly(app.synth().directory), { load: { averageShare: 1 } });
    const millions = (MONTH_HOURS * 3600) / 1e6;
    expect(load(notices, 'e-mails', 'Test/Notices')).toBeCloseTo(20 * millions, 6);
    expect(load(notices, 'text messages', 'Test/Notices')).toBeCloseTo(6450 * millions, 6);
  });
});

describe('capacity', () => {
  const codes = (found: Estimate) => found.verdicts.map(({ code }) => code);

  test('a modest rate is carried', () => {
    expect(codes(readersAt(100))).toEqual([]);
  });

  test('too few shards', () => {
    expect(codes(readersAt(3000, { shardCount: 2 }))).toContain('WAYBILL_CAPACITY_STREAM_THROUGHPUT');
    expect(codes(readersAt(2000, { shardCount: 2 }))).not.toContain('WAYBILL_CAPACITY_STREAM_THROUGHPUT');
  });

  test('a stream on demand that is new says that it has to grow', () => {
    const found = readersAt(10_000).verdicts.find(
      ({ code }) => code === 'WAYBILL_CAPACITY_STREAM_THROUGHPUT',
    );
    expect(found?.severity).toBe('info');
  });

  test('readers that are too slow: shards, partitions', () => {
    // 20 ms a record: 50 a second for each shard or partition.
    expect(codes(readersAt(150, { shardCount: 1 }))).toContain('WAYBILL_CAPACITY_STREAM_READER');
    expect(codes(readersAt(150, { partitionCount: 2 }))).toContain('WAYBILL_CAPACITY_KAFKA_READER');
    expect(codes(readersAt(150, { partitionCount: 4 }))).not.toContain('WAYBILL_CAPACITY_KAFKA_READER');
  });

  test('bytes above what cluster and stream take become requests to AWS', () => {
    const found = readersAt(10_000, { averageBytes: 25_000, partitionCount: 100 });
    expect(codes(found)).toContain('WAYBILL_CAPACITY_KAFKA_THROUGHPUT');
    expect(found.quotaRequests).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ region: 'eu-west-1', now: 200_000_000, needed: 300_000_000 }),
      ]),
    );
    expect(fullTable(found)).toContain('Quotas to ask AWS for:');
  });

  test('executions started', () => {
    const app = testApp();
    const stack = new Stack(app, 'Test', { env: { account: '111111111111', region: 'eu-west-1' } });
    new AlertTopic(stack, 'Alerts');
    const Viewed = viewsOf(400);
    const stream = new EventStream(stack, 'Views', { publishes: [Viewed] });
    const starter = new StreamConsumer(stack, 'Starter', {
      subscribesTo: stream.events(),
      entry: ENTRY,
      timeout: Duration.seconds(30),
    });
    new EventFunction(stack, 'Shop', { entry: ENTRY, publishesTo: [stream] });
    const machine = new CfnStateMachine(stack, 'Machine', {
      roleArn: starter.handler.role.roleArn,
      definition: {
        StartAt: 'First',
        States: { First: { Type: 'Pass', Next: 'Second' }, Second: { Type: 'Succeed' } },
      },
    });
    recordNode(machine, { kind: 'stateMachine', resource: machine });
    recordEdge(stack, { kind: 'starts', from: starter.handler, to: machine });
    const found = estimate(readAssembly(app.synth().directory), { load: { averageShare: 1 } });
    expect(codes(found)).toContain('WAYBILL_CAPACITY_STATE_MACHINE');
    // A start and two states.
    expect(load(found, 'transitions', 'Test/Machine')).toBeCloseTo(
      (400 * 3 * MONTH_HOURS * 3600 * 25) / 1e6,
      3,
    );
  });
});
