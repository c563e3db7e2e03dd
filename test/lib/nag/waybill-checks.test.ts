import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, NestedStack, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AlertTopic } from '../../../lib/constructs/index.ts';
import { WaybillChecks } from '../../../lib/nag/index.ts';

/** CDK prints the report. */
beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  jest.restoreAllMocks();
});

interface Violation {
  readonly ruleName: string;
  readonly severity: string;
  readonly description: string;
  readonly suggestedFix?: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
  readonly acknowledgedId?: string;
  readonly reason?: string;
}

interface Checked {
  readonly failed: boolean;
  readonly violations: readonly Violation[];
  readonly suppressed: readonly Violation[];
}

/** Synthesizes as `cdk synth` does, without the engine of CDK's own rules, and reads the report. */
function check(create: (app: App) => void, verbose = false): Checked {
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { '@aws-cdk/core:failSynthOnValidationErrors': false },
  });
  create(app);
  Validations.of(app).addPlugins(new WaybillChecks(app, { verbose }));
  const { directory } = app.synth();
  const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: {
      conclusion: string;
      violations: Violation[];
      suppressedViolations?: Violation[];
    }[];
  };
  const [report] = pluginReports;
  return {
    failed: report?.conclusion === 'failure',
    violations: report?.violations ?? [],
    suppressed: report?.suppressedViolations ?? [],
  };
}

const listOf = (violations: readonly Violation[]) =>
  violations.map(
    ({ ruleName, violatingConstructs }) =>
      `${ruleName} ${violatingConstructs.map(({ constructPath }) => constructPath).join()}`,
  );

function queues(scope: Construct, name: string): Queue {
  const queue = new Queue(scope, `${name}Dead`);
  new Queue(scope, name, { deadLetterQueue: { queue, maxReceiveCount: 5 } });
  return queue;
}

function fiveMistakes(scope: Construct): void {
  queues(scope, 'Orders');
  queues(scope, 'Bills');
  const bus = new EventBus(scope, 'Bus', {
    kmsKey: new Key(scope, 'BusKey'),
    deadLetterQueue: new Queue(scope, 'BusDead'),
  });
  const managed = new Queue(scope, 'Managed', { encryption: QueueEncryption.KMS_MANAGED });
  new Rule(scope, 'Rule', {
    eventBus: bus,
    eventPattern: { source: ['orders'] },
    targets: [new SqsQueue(managed)],
  });
  const topic = new Topic(scope, 'Alerts', { enforceSSL: true });
  new Alarm(scope, 'Alarm', {
    metric: new Metric({ namespace: 'Shop', metricName: 'Errors' }),
    threshold: 1,
    evaluationPeriods: 1,
  }).addAlarmAction(new SnsAction(topic));
}

const FIVE = [
  'Waybill-W1 Plain/Managed/Resource',
  'Waybill-W3 Plain/BusDead/Resource',
  'Waybill-W10 Plain/OrdersDead/Resource',
  'Waybill-W10 Plain/BillsDead/Resource',
  'Waybill-W14 Plain/Alerts/Resource',
];

/** The rules of these tests; there may be more about the same template. */
const ofThese = (list: readonly string[]) =>
  list.filter((entry) => /^Waybill-(?:W1|W3|W4|W10|W14|W23) /.test(entry));

describe('the pack on an application of plain CDK', () => {
  test('five mistakes give five messages in one run, each with path, received, allowed, fix and code', () => {
    const { failed, violations } = check((app) => fiveMistakes(new Stack(app, 'Plain')));

    expect(failed).toBe(true);
    expect(ofThese(listOf(violations)).toSorted()).toEqual(FIVE.toSorted());
    const [first, second] = violations.filter(({ ruleName }) => ruleName === 'Waybill-W10');
    expect(first).toMatchObject({
      severity: 'error',
      description:
        'A dead-letter queue keeps messages no longer than its source does. [Plain/OrdersDead] MessageRetentionPeriod: received 345600 seconds, allowed more than the 345600 seconds of Plain/Orders (WAYBILL_W10)',
    });
    expect(JSON.stringify(first)).toContain(
      'the longest there is; in CDK, retentionPeriod of the queue (waybill explain W10; https://docs.aws.amazon.com/',
    );
    expect(second?.description).toContain('[Plain/BillsDead]');
  });

  test('an application without a mistake: success, and no message', () => {
    const { failed, violations } = check((app) => {
      const stack = new Stack(app, 'Plain');
      const queue = new Queue(stack, 'Dead', { retentionPeriod: Duration.days(14) });
      new Queue(stack, 'Orders', { deadLetterQueue: { queue, maxReceiveCount: 5 } });
    });

    expect({ failed, violations: ofThese(listOf(violations)) }).toEqual({ failed: false, violations: [] });
  });

  test('stages and nested stacks are checked with the paths that acknowledge them', () => {
    const { violations } = check((app) => {
      for (const name of ['Dev', 'Prod']) queues(new Stack(new Stage(app, name), 'Core'), 'Orders');
      queues(new NestedStack(new Stack(app, 'Outer'), 'Inner'), 'Bills');
    });

    expect(ofThese(listOf(violations))).toEqual([
      'Waybill-W10 Dev/Core/OrdersDead/Resource',
      'Waybill-W10 Prod/Core/OrdersDead/Resource',
      'Waybill-W10 Outer/Inner/BillsDead/Resource',
    ]);
  });

  test('two stages may have stacks of the same names in two accounts', () => {
    const { violations } = check((app) => {
      for (const [name, account] of Object.entries({ Dev: '111111111111', Prod: '222222222222' })) {
        const stage = new Stage(app, name, { env: { account, region: 'eu-west-1' } });
        const shared = new Stack(stage, 'Shared', { stackName: 'shared' });
        const alerts = new AlertTopic(shared, 'Alerts');
        const alarm = new Alarm(new Stack(stage, 'Core', { stackName: 'core' }), 'Alarm', {
          metric: new Metric({ namespace: 'Shop', metricName: 'Orders' }),
          threshold: 1,
          evaluationPeriods: 1,
        });
        alarm.addAlarmAction(new SnsAction(alerts.topic));
      }
    });

    expect(listOf(violations)).toEqual([]);
  });

  test('relations between stacks are seen: a topic in one, its queue and policy in another', () => {
    const { violations } = check((app) => {
      const topic = new Topic(new Stack(app, 'Topics'), 'Topic');
      const stack = new Stack(app, 'Consumers');
      topic.addSubscription(new SqsSubscription(new Queue(stack, 'Queue')));
    });

    expect(ofThese(listOf(violations))).toEqual([]);
  });

  test('a warning is reported and does not fail the synth', () => {
    const { failed, violations } = check((app) => {
      const stack = new Stack(app, 'Plain');
      const shared = Queue.fromQueueArn(stack, 'Shared', 'arn:aws:sqs:eu-west-1:111111111111:shared');
      new Rule(stack, 'Rule', { eventPattern: { source: ['orders'] }, targets: [new SqsQueue(shared)] });
    });

    const warnings = violations.filter(({ ruleName }) => ruleName === 'Waybill-W4');
    expect(warnings).toMatchObject([{ severity: 'warning' }]);
    expect(failed).toBe(violations.some(({ severity }) => severity === 'error'));
  });

  test('verbose says why it matters', () => {
    const create = (app: App) => void queues(new Stack(app, 'Plain'), 'Orders');
    const why = 'keeps the time of its first send';

    expect(JSON.stringify(check(create).violations)).not.toContain(why);
    expect(JSON.stringify(check(create, true).violations)).toContain(why);
  });
});

describe('acknowledgements', () => {
  const acknowledge = (construct: IConstruct, id: string) =>
    Validations.of(construct).acknowledge({ id, reason: 'Drained every hour' });

  test.each(FIVE)('%s: suppresses that finding and no other, and stays in the report', (finding) => {
    const [rule = '', path = ''] = finding.split(' ');

    const { violations, suppressed } = check((app) => {
      const stack = new Stack(app, 'Plain');
      fiveMistakes(stack);
      acknowledge(stack.node.findChild(path.split('/')[1]!), `Waybill::${rule}`);
    });

    expect(ofThese(listOf(suppressed))).toEqual([finding]);
    expect(suppressed[0]?.reason).toBe('Drained every hour');
    expect(ofThese(listOf(violations)).toSorted()).toEqual(
      FIVE.filter((other) => other !== finding).toSorted(),
    );
  });

  test('a bare id works too; the pack drops the finding, and the report does not know of it', () => {
    const { violations, suppressed } = check((app) => {
      const stack = new Stack(app, 'Plain');
      fiveMistakes(stack);
      acknowledge(stack.node.findChild('OrdersDead'), 'Waybill-W10');
    });

    expect(suppressed).toEqual([]);
    expect(ofThese(listOf(violations))).toHaveLength(FIVE.length - 1);
    expect(listOf(violations)).not.toContain('Waybill-W10 Plain/OrdersDead/Resource');
  });

  test('acknowledged above, a rule is suppressed for all below; with nothing left the synth succeeds', () => {
    const { failed, suppressed } = check((app) => {
      const stack = new Stack(app, 'Plain');
      queues(stack, 'Orders');
      queues(stack, 'Bills');
      acknowledge(stack, 'Waybill::Waybill-W10');
    });

    expect(ofThese(listOf(suppressed))).toHaveLength(2);
    expect(failed).toBe(false);
  });
});
