import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Stack, Stage, Validations } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as z from 'zod/mini';
import { AlertTopic, EventTopic, QueueConsumer } from '../../../lib/constructs/index.ts';
import { event } from '../../../lib/contracts/index.ts';
import { CapacityChecks } from '../../../lib/estimate/index.ts';
import { ENTRY, Orders, testApp } from '../constructs/support.ts';

let stderr: string;
beforeEach(() => {
  stderr = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  jest.spyOn(console, 'error').mockImplementation((text) => {
    stderr += String(text);
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

type Traffic = Parameters<typeof event>[1]['traffic'] & object;

const SHORT = 'WaybillCapacity::WAYBILL_CAPACITY_CONCURRENCY_SHORT';

/** A topic and a consumer, in an app that is checked. */
function appWith(traffic: Traffic, maxConcurrency = 10) {
  const app = testApp();
  const { consumer } = shopIn(app, traffic, maxConcurrency);
  Validations.of(app).addPlugins(new CapacityChecks());
  return { app, consumer };
}

function shopIn(scope: Construct, traffic: Traffic, maxConcurrency: number) {
  const placed = event('OrderPlaced', { version: '1.0', source: 'orders', data: z.object({}), traffic });
  const cancelled = event('OrderCancelled', {
    version: '1.0',
    source: 'orders',
    data: z.object({}),
    traffic,
  });
  const stack = new Stack(scope, 'Shop');
  new AlertTopic(stack, 'Alerts');
  const topic = new EventTopic(stack, 'Orders', { service: Orders, publishes: [placed, cancelled] });
  const consumer = new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [topic.event(placed)],
    consumerName: `fulfilment${scope.node.id.toLowerCase()}`,
    entry: ENTRY,
    maxConcurrency,
  });
  return { consumer };
}

interface Reported {
  readonly conclusion: string;
  readonly violations: readonly {
    readonly ruleName: string;
    readonly severity: string;
    readonly description: string;
    readonly violatingConstructs: readonly { readonly constructPath: string }[];
  }[];
  readonly suppressedViolations?: readonly { readonly ruleName: string; readonly reason: string }[];
}

function reportOf(app: App): Reported | undefined {
  const { pluginReports } = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: (Reported & { pluginName: string })[];
  };
  return pluginReports.find(({ pluginName }) => pluginName === 'WaybillCapacity');
}

describe('the checks at synth', () => {
  test('an application that fits is synthesized, and its cost printed to stderr', () => {
    const { app } = appWith({ peakPerSecond: 10, averageBytes: 1000 });

    app.synth();

    expect(stderr).toContain('Cost a month in US dollars, local, us-east-1 assumed, load 20 % of peak');
    expect(stderr).toMatch(/total +\d/);
    expect(stderr).not.toContain('WAYBILL');
  });

  test('what cannot work refuses the synth, with every mistake and where it is', () => {
    const { app } = appWith({ peakPerSecond: 10, averageBytes: 300_000 });

    expect(() => app.synth()).toThrow();

    const report = reportOf(app)!;
    expect(report.conclusion).toBe('failure');
    expect(
      report.violations.map(({ ruleName, severity, violatingConstructs: [at] }) => [
        ruleName,
        severity,
        at?.constructPath,
      ]),
    ).toEqual([
      ['WAYBILL_CAPACITY_EVENT_TOO_LARGE', 'error', 'Shop/Orders'],
      ['WAYBILL_CAPACITY_EVENT_TOO_LARGE', 'error', 'Shop/Orders'],
    ]);
    expect(report.violations.map(({ description }) => description.split(' ')[0])).toEqual([
      'OrderPlaced',
      'OrderCancelled',
    ]);
  });

  test('what may not work is a warning at the construct, with the id to acknowledge', () => {
    const { app } = appWith({ peakPerSecond: 1000, averageBytes: 1000 }, 2);

    app.synth();

    expect(reportOf(app)).toMatchObject({
      conclusion: 'success',
      violations: [
        {
          ruleName: 'WAYBILL_CAPACITY_CONCURRENCY_SHORT',
          severity: 'warning',
          violatingConstructs: [{ constructPath: 'Shop/Fulfilment/Queue' }],
        },
      ],
    });
    expect(stderr).toContain(SHORT);
  });

  test('an acknowledged warning is reported as such, with the reason', () => {
    const { app, consumer } = appWith({ peakPerSecond: 1000, averageBytes: 1000 }, 2);
    Validations.of(consumer).acknowledge({ id: SHORT, reason: 'The peak lasts a minute' });

    app.synth();

    expect(reportOf(app)).toMatchObject({
      violations: [],
      suppressedViolations: [
        { ruleName: 'WAYBILL_CAPACITY_CONCURRENCY_SHORT', reason: 'The peak lasts a minute' },
      ],
    });
  });

  test('each stage is judged by its own topology, and has a table', () => {
    const app = testApp();
    shopIn(new Stage(app, 'Small'), { peakPerSecond: 1, averageBytes: 1000 }, 2);
    shopIn(new Stage(app, 'Large'), { peakPerSecond: 1000, averageBytes: 1000 }, 2);
    Validations.of(app).addPlugins(new CapacityChecks());

    app.synth();

    expect(stderr.match(/Cost a month/g)).toHaveLength(2);
    expect(reportOf(app)!.violations.map(({ violatingConstructs: [at] }) => at?.constructPath)).toEqual([
      'Large/Shop/Fulfilment/Queue',
    ]);
  });

  test('what cannot be estimated is an error of its own: the command line of CDK leaves out a plugin that throws', () => {
    const app = testApp();
    const shop = new Stack(app, 'Shop');
    new AlertTopic(shop, 'Alerts');
    Validations.of(app).addPlugins({
      name: 'Spoiler',
      validate({ templatePaths }) {
        for (const path of templatePaths) writeFileSync(path, 'no template');
        return { success: true, violations: [] };
      },
    });
    Validations.of(app).addPlugins(new CapacityChecks());

    expect(() => app.synth()).toThrow();

    expect(reportOf(app)).toMatchObject({
      conclusion: 'failure',
      violations: [
        {
          ruleName: 'WaybillCapacity-Unchecked',
          severity: 'error',
          description: expect.stringMatching(
            /capacity and quotas are not checked: .+ \(WAYBILL_CHECKS_FAILED\)$/,
          ),
          violatingConstructs: [{ constructPath: 'Shop' }],
        },
      ],
    });
  });

  test('the table can be left out', () => {
    const app = testApp();
    new AlertTopic(new Stack(app, 'Shop'), 'Alerts');
    Validations.of(app).addPlugins(new CapacityChecks({ printCost: false }));

    app.synth();

    expect(stderr).toBe('');
  });
});
