/** `extendsVisibility`: a visibility below six times the timeout, acknowledged as W13 with the reason, and what stays refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, jest, test } from '@jest/globals';
import { AlertTopic, EventFunction, EventQueue, QueueConsumer } from '../../../lib/constructs/index.ts';
import type { QueueConsumerProps } from '../../../lib/constructs/index.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly } from '../../../lib/assembly/index.ts';
import { acknowledgedFindings, checkAssembly } from '../../../lib/guards/index.ts';
import { WaybillChecks } from '../../../lib/nag/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { broken, changed } from '../proofs/support.ts';
import { codesOf, ENTRY, OrderPlaced, propertiesOf, testApp } from './support.ts';

const SLOW = { timeout: Duration.minutes(15), batchSize: 10, maxBatchingWindow: Duration.seconds(5) };

function workerIn(stack: Stack, visibilitySeconds: number, props: Partial<QueueConsumerProps> = {}) {
  const requests = new EventQueue(stack, 'Requests', {
    publishes: [OrderPlaced],
    visibilityTimeout: Duration.seconds(visibilitySeconds),
    maxReceiveCount: 3,
  });
  new EventFunction(stack, 'Publisher', { entry: ENTRY, publishesTo: [requests] });
  return new QueueConsumer(stack, 'Worker', {
    subscribesTo: [requests.events()],
    entry: ENTRY,
    ...SLOW,
    ...props,
  });
}

function stackOf(visibilitySeconds: number, props: Partial<QueueConsumerProps> = {}) {
  const app = testApp();
  const stack = new Stack(app, 'Test', { env: { account: '111122223333', region: 'eu-west-1' } });
  new AlertTopic(stack, 'Alerts');
  workerIn(stack, visibilitySeconds, props);
  return { app, stack };
}

const W13 = (assembly: Assembly) => ({
  found: checkAssembly(assembly).filter(({ guard }) => guard.id === 'W13').length,
  acknowledged: acknowledgedFindings(assembly)
    .filter(({ guard }) => guard.id === 'W13')
    .map(({ reason }) => reason),
});

test.each([
  ['six times the timeout and the window', 5_405, {}, []],
  ['a second less', 5_404, {}, ['WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT']],
  ['as long as the timeout', 900, {}, ['WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT']],
  ['as long as the timeout, and extended', 900, { extendsVisibility: true }, []],
  [
    'below the timeout, and extended',
    899,
    { extendsVisibility: true },
    ['WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT'],
  ],
])('%s', (_name, seconds, props, codes) => {
  expect(codesOf(() => stackOf(seconds, props))).toEqual(codes);
});

test('the runtime is told, and takes no more than the queue gives', () => {
  const variables = (seconds: number, props: Partial<QueueConsumerProps>) => {
    const template = Template.fromStack(stackOf(seconds, props).stack);
    const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', 'Worker') as {
      Environment: { Variables: Record<string, string> };
    };
    return Environment.Variables['WAYBILL_HEARTBEAT_SECONDS'];
  };

  expect(variables(900, { extendsVisibility: true })).toBe('60');
  expect(variables(45, { extendsVisibility: true, timeout: Duration.seconds(45) })).toBe('45');
  expect(variables(5_405, {})).toBeUndefined();
});

test('W13 is acknowledged with why it is safe and what remains, and nothing else is found or breaks', () => {
  const assembly = readAssembly(stackOf(900, { extendsVisibility: true }).app.synth().directory);

  expect(checkAssembly(assembly)).toEqual([]);
  expect(broken(proveAssembly(assembly))).toEqual([]);
  const { acknowledged } = W13(assembly);
  expect(acknowledged).toHaveLength(1);
  expect(acknowledged[0]).toContain('extends the visibility of each message while it works on it');
  expect(acknowledged[0]).toContain('3 such receives and the message is dead-lettered');
});

test('with room enough there is nothing to acknowledge', () => {
  const assembly = readAssembly(stackOf(5_405, { extendsVisibility: true }).app.synth().directory);

  expect(W13(assembly)).toEqual({ found: 0, acknowledged: [] });
});

test('an acknowledgement is of the value it was made for', () => {
  const assembly = readAssembly(stackOf(900, { extendsVisibility: true }).app.synth().directory);
  const shorter = changed(assembly, 'AWS::SQS::Queue', 'RequestsQueue', (properties) => ({
    ...properties,
    VisibilityTimeout: 600,
  }));

  expect(W13(shorter)).toEqual({ found: 1, acknowledged: [] });
  expect(broken(proveAssembly(shorter)).join('\n')).toContain('WAYBILL_PROOF_TIMING');
});

test('without what tells the runtime, the proof breaks', () => {
  const assembly = readAssembly(stackOf(900, { extendsVisibility: true }).app.synth().directory);
  const untold = changed(assembly, 'AWS::Lambda::Function', 'WorkerHandler', (properties) => {
    const { Variables } = properties['Environment'] as { Variables: Record<string, string> };
    const { WAYBILL_HEARTBEAT_SECONDS: _, ...rest } = Variables;
    return { ...properties, Environment: { Variables: rest } };
  });

  expect(broken(proveAssembly(untold)).join('\n')).toContain('WAYBILL_PROOF_TIMING');
});

test('the nag pack lets the synth through and keeps the finding in its report, with the reason', () => {
  const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const { app } = stackOf(900, { extendsVisibility: true });
    Validations.of(app).addPlugins(new WaybillChecks(app));
    const { directory } = app.synth();
    const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
      pluginReports: {
        conclusion: string;
        violations: unknown[];
        suppressedViolations?: { ruleName: string; acknowledgedId?: string; reason?: string }[];
      }[];
    };

    expect(pluginReports[0]).toMatchObject({ conclusion: 'success', violations: [] });
    expect(pluginReports[0]?.suppressedViolations).toMatchObject([
      {
        ruleName: 'Waybill-W13',
        reason: expect.stringContaining('What remains: a batch that Lambda throttles'),
      },
    ]);
  } finally {
    printed.mockRestore();
  }
});
