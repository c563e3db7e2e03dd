/** Claims over every kind of hop, in plain CDK: buses, rules, schedules, pipes, streams, buckets, stages, nested stacks. */
import { describe, expect, test } from '@jest/globals';
import { CfnResource, Duration, NestedStack, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { EventBus, EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import {
  EventBus as BusTarget,
  LambdaFunction as LambdaTarget,
  SqsQueue,
} from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { accessOf, deliveriesOf } from '../../../lib/access/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly } from '../../../lib/assembly/index.ts';
import { expectDelivery } from '../../../lib/proofs/index.ts';
import { changed, plainApp, plainFunction, plainStack, refusal } from './support.ts';

const retry = { retryAttempts: 185, maxEventAge: Duration.hours(24) };
const placed = { source: 'shop', detailType: 'OrderPlaced', detail: { orderId: 'o-1', total: 12 } };
const env = { account: '111111111111', region: 'eu-west-1' };

/** A queue with a dead-letter queue, and a function that polls it. */
function worker(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, `${id}Queue`, {
    visibilityTimeout: Duration.minutes(1),
    deadLetterQueue: {
      queue: new Queue(scope, `${id}Dead`, { retentionPeriod: Duration.days(14) }),
      maxReceiveCount: 3,
    },
  });
  plainFunction(scope, id).addEventSource(new SqsEventSource(queue));
  return queue;
}

describe('a bus', () => {
  const build = (input?: RuleTargetInput) => (stack: Stack) => {
    const bus = new EventBus(stack, 'Bus');
    const lost = new Queue(stack, 'Lost', { retentionPeriod: Duration.days(14) });
    const unhandled = new Queue(stack, 'Unhandled', { retentionPeriod: Duration.days(14) });
    new Rule(stack, 'Placed', {
      eventBus: bus,
      eventPattern: { source: ['shop'], detail: { total: [{ numeric: ['>', 10] }] } },
      targets: [
        new SqsQueue(worker(stack, 'Pack'), {
          deadLetterQueue: lost,
          ...retry,
          ...(input === undefined ? {} : { message: input }),
        }),
        new LambdaTarget(plainFunction(stack, 'Audit', { deadLetterQueue: unhandled }), {
          deadLetterQueue: lost,
          ...retry,
        }),
      ],
    });
  };

  test('to a queue and a function, by its pattern', () => {
    const assembly = plainStack(build());

    expectDelivery(assembly).of(placed).from('Bus').reaches('Pack').deadLettersTo('Lost').reaches('Audit');
    expect(
      refusal(() =>
        expectDelivery(assembly)
          .of({ ...placed, detail: { total: 10 } })
          .from('Bus')
          .reaches('Audit'),
      ),
    ).toMatch(/FILTERED_OUT: \[Shop\/Placed\] the pattern .* correct EventPattern/);
  });

  test('a part of the event, and what a transformer makes: a mapping with a filter sees it', () => {
    const part = plainStack(build(RuleTargetInput.fromEventPath('$.detail')));
    const made = plainStack(
      build(RuleTargetInput.fromObject({ id: EventField.fromPath('$.detail.orderId') })),
    );
    const filtered = (assembly: Assembly) =>
      changed(assembly, 'AWS::Lambda::EventSourceMapping', 'Pack', (properties) => ({
        ...properties,
        FilterCriteria: { Filters: [{ Pattern: '{"body":{"orderId":["o-1"]}}' }] },
      }));

    expectDelivery(part).of(placed).from('Bus').reaches('Pack');
    expectDelivery(filtered(part)).of(placed).from('Bus').reaches('Pack');
    expectDelivery(made).of(placed).from('Bus').reaches('Pack');
    expect(refusal(() => expectDelivery(filtered(made)).of(placed).from('Bus').reaches('Pack'))).toMatch(
      /WAYBILL_PROOF_UNKNOWN: .*looks at what an input transformer makes, which is not computed/,
    );
  });

  test('a rule that is switched off; one that leaves retries to EventBridge retries for a day', () => {
    const off = changed(plainStack(build()), 'AWS::Events::Rule', 'Placed', (properties) => ({
      ...properties,
      State: 'DISABLED',
    }));

    expect(refusal(() => expectDelivery(off).of(placed).from('Bus').reaches('Pack'))).toMatch(
      /SWITCHED_OFF: \[Shop\/Placed\] the rule is disabled; switch it on: State/,
    );
    const silent = changed(plainStack(build()), 'AWS::Events::Rule', 'Placed', (properties) => ({
      ...properties,
      Targets: (properties['Targets'] as Record<string, never>[]).map(
        ({ RetryPolicy: _removed, ...others }) => others,
      ),
    }));
    expect(() => expectDelivery(silent).of(placed).from('Bus').reaches('Pack')).not.toThrow();
  });

  test('a dead-letter queue that does not let the rule in', () => {
    const assembly = changed(plainStack(build()), 'AWS::SQS::QueuePolicy', 'Lost', () => undefined);

    expect(refusal(() => expectDelivery(assembly).of(placed).from('Bus').reaches('Audit'))).toMatch(
      /PERMISSION_MISSING: \[Shop\/Lost\] the queue policy of Shop\/Lost does not allow events\.amazonaws\.com for arn:aws:events:\S+:rule\/\S+ sqs:SendMessage/,
    );
  });

  test('a function that does not let the rule in', () => {
    const assembly = changed(plainStack(build()), 'AWS::Lambda::Permission', 'Placed', () => undefined);

    expect(refusal(() => expectDelivery(assembly).of(placed).from('Bus').reaches('Audit'))).toMatch(
      /PERMISSION_MISSING: \[Shop\/Audit\] the function policy of Shop\/Audit does not allow events\.amazonaws\.com .* lambda:InvokeFunction/,
    );
  });

  test('a function keeps what it fails on in a queue of its own, which it may send to', () => {
    const assembly = plainStack(build());
    const claim = (of: Assembly) => () => expectDelivery(of).of(placed).from('Bus').reaches('Audit');

    claim(assembly)().deadLettersTo('Unhandled');
    expect(
      refusal(
        claim(
          changed(assembly, 'AWS::Lambda::Function', 'Audit', (properties) => ({
            ...properties,
            DeadLetterConfig: {},
          })),
        ),
      ),
    ).toMatch(
      /NO_FAILURE_DESTINATION: \[Shop\/Audit\] it is invoked asynchronously, and what it fails on three times is lost; give it a destination/,
    );
    expect(refusal(claim(changed(assembly, 'AWS::IAM::Policy', 'Audit', () => undefined)))).toMatch(
      /does not allow role Shop\/Audit\/ServiceRole sqs:SendMessage/,
    );
  });

  test('a state machine, which takes nothing without a role', () => {
    const machine = `arn:aws:states:eu-west-1:111111111111:stateMachine:pack`;
    const assembly = changed(plainStack(build()), 'AWS::Events::Rule', 'Placed', (properties) => ({
      ...properties,
      Targets: [{ Id: 'Machine', Arn: machine }],
    }));

    expectRoutes(assembly, 'rule', ['denied']);
  });

  test('to another bus, in the role of the rule', () => {
    const twoBuses = (stack: Stack) => {
      const first = new EventBus(stack, 'First');
      const second = new EventBus(stack, 'Second');
      const lost = new Queue(stack, 'Lost', { retentionPeriod: Duration.days(14) });
      new Rule(stack, 'Forward', {
        eventBus: first,
        eventPattern: { source: ['shop'] },
        targets: [new BusTarget(second, { deadLetterQueue: lost })],
      });
      new Rule(stack, 'Back', {
        eventBus: second,
        eventPattern: { source: ['elsewhere'] },
        targets: [new BusTarget(first, { deadLetterQueue: lost })],
      });
      new Rule(stack, 'Placed', {
        eventBus: second,
        eventPattern: { detailType: ['OrderPlaced'] },
        targets: [new SqsQueue(worker(stack, 'Pack'), { deadLetterQueue: lost, ...retry })],
      });
    };
    const assembly = changed(plainStack(twoBuses), 'AWS::Events::Rule', 'Forward', (properties) => ({
      ...properties,
      Targets: (properties['Targets'] as Record<string, never>[]).map((target) => ({
        ...target,
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      })),
    }));

    expectDelivery(assembly).of(placed).from('First').reaches('Pack');
    const without = changed(assembly, 'AWS::IAM::Policy', 'ForwardEventsRole', () => undefined);
    const without2 = changed(assembly, 'AWS::IAM::Policy', '', (properties) => ({
      ...properties,
      PolicyDocument: { Statement: [] },
    }));
    for (const broken of [without, without2]) {
      expect(refusal(() => expectDelivery(broken).of(placed).from('First').reaches('Pack'))).toMatch(
        /does not allow role Shop\/\S+ events:PutEvents/,
      );
    }
  });
});

describe('FIFO', () => {
  const fifo = (stack: Stack) => {
    const orders = new Topic(stack, 'Orders', { fifo: true, contentBasedDeduplication: true });
    const lost = new Queue(stack, 'Lost', { fifo: true, retentionPeriod: Duration.days(14) });
    const dead = new Queue(stack, 'Dead', { fifo: true, retentionPeriod: Duration.days(14) });
    const queue = new Queue(stack, 'Queue', {
      fifo: true,
      visibilityTimeout: Duration.minutes(1),
      deadLetterQueue: { queue: dead, maxReceiveCount: 3 },
    });
    orders.addSubscription(new SqsSubscription(queue, { deadLetterQueue: lost, rawMessageDelivery: true }));
    plainFunction(stack, 'Pack').addEventSource(new SqsEventSource(queue));
    new Queue(stack, 'Standard');
  };

  test('a topic, a queue, two dead-letter queues', () => {
    expectDelivery(plainStack(fifo))
      .of({ body: {} })
      .from('Orders')
      .reaches('Pack')
      .deadLettersTo('Lost')
      .deadLettersTo('Dead');
  });

  test('with a standard dead-letter queue', () => {
    const assembly = changed(
      plainStack(fifo),
      'AWS::SQS::Queue',
      'Lost',
      ({ FifoQueue: _removed, ...others }) => others,
    );

    expect(refusal(() => expectDelivery(assembly).of({ body: {} }).from('Orders').reaches('Pack'))).toMatch(
      /FAILURE_DESTINATION_UNFIT: .* its dead-letter queue Shop\/Lost is standard; make it FIFO/,
    );
  });
});

describe('other sources', () => {
  test('a bucket, over a queue', () => {
    const assembly = plainStack((stack) => {
      const bucket = new Bucket(stack, 'Uploads', { removalPolicy: RemovalPolicy.DESTROY });
      bucket.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(worker(stack, 'Scan')));
    });

    expectRoutes(assembly, 'notification', ['allowed']);
    expectRoutes(
      changed(assembly, 'AWS::SQS::QueuePolicy', '', () => undefined),
      'notification',
      ['denied'],
    );
  });

  test('a stream, a pipe and a schedule', () => {
    const assembly = plainStack((stack) => {
      const stream = new Stream(stack, 'Clicks');
      const lost = new Queue(stack, 'Lost', { retentionPeriod: Duration.days(14) });
      plainFunction(stack, 'Count').addEventSource(
        new KinesisEventSource(stream, {
          startingPosition: StartingPosition.LATEST,
          onFailure: new SqsDlq(lost),
          retryAttempts: 3,
        }),
      );
      const source = worker(stack, 'Source');
      const target = worker(stack, 'Target');
      const pipeRole = new Role(stack, 'PipeRole', {
        assumedBy: new ServicePrincipal('pipes.amazonaws.com'),
      });
      source.grantConsumeMessages(pipeRole);
      target.grantSendMessages(pipeRole);
      new CfnResource(stack, 'Pipe', {
        type: 'AWS::Pipes::Pipe',
        properties: { RoleArn: pipeRole.roleArn, Source: source.queueArn, Target: target.queueArn },
      });
      const scheduleRole = new Role(stack, 'ScheduleRole', {
        assumedBy: new ServicePrincipal('scheduler.amazonaws.com'),
      });
      target.grantSendMessages(scheduleRole);
      new CfnResource(stack, 'Nightly', {
        type: 'AWS::Scheduler::Schedule',
        properties: {
          ScheduleExpression: 'rate(1 day)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: target.queueArn, RoleArn: scheduleRole.roleArn, Input: '{}' },
        },
      });
    });

    expectDelivery(assembly).of({ body: {} }).from('SourceQueue').reaches('TargetQueue');
    const filtered = (pattern: string) =>
      changed(assembly, 'AWS::Pipes::Pipe', 'Pipe', (properties) => ({
        ...properties,
        SourceParameters: { FilterCriteria: { Filters: [{ Pattern: pattern }] } },
      }));
    const order = { body: { kind: 'order' } };
    expectDelivery(filtered('{"body":{"kind":["order"]}}'))
      .of(order)
      .from('SourceQueue')
      .reaches('TargetQueue');
    expect(
      refusal(() =>
        expectDelivery(filtered('{"body":{"kind":["refund"]}}'))
          .of(order)
          .from('SourceQueue')
          .reaches('Target'),
      ),
    ).toMatch(/FILTERED_OUT: \[Shop\/Pipe\] the filters .*; correct SourceParameters.FilterCriteria/);
    // Without a template the target gets the record, in which the message is the body.
    const behind = (pattern: string) =>
      changed(assembly, 'AWS::Lambda::EventSourceMapping', 'TargetSqs', (properties) => ({
        ...properties,
        FilterCriteria: { Filters: [{ Pattern: pattern }] },
      }));
    const text = JSON.stringify(JSON.stringify(order.body));
    expectDelivery(behind(`{"body":{"body":[${text}]}}`))
      .of(order)
      .from('SourceQueue')
      .reaches('Target');
    expect(
      refusal(() =>
        expectDelivery(behind('{"body":{"kind":["order"]}}')).of(order).from('SourceQueue').reaches('Target'),
      ),
    ).toMatch(/FILTERED_OUT: \[Shop\/Target\//);
    const stopped = changed(assembly, 'AWS::Pipes::Pipe', 'Pipe', (properties) => ({
      ...properties,
      DesiredState: 'STOPPED',
    }));
    expect(refusal(() => expectDelivery(stopped).of(order).from('SourceQueue').reaches('Target'))).toMatch(
      /SWITCHED_OFF: \[Shop\/Pipe\] the pipe is stopped/,
    );
    expectRoutes(assembly, 'pipe', ['allowed']);
    expectRoutes(assembly, 'schedule', ['allowed']);
    expectRoutes(assembly, 'mapping', ['allowed']);
    expectRoutes(
      changed(assembly, 'AWS::IAM::Role', 'PipeRole', (properties) => ({
        ...properties,
        AssumeRolePolicyDocument: { Statement: [] },
      })),
      'pipe',
      ['denied', 'allowed'],
    );
    expectRoutes(
      changed(assembly, 'AWS::IAM::Policy', 'Count', () => undefined),
      'mapping',
      ['denied', 'allowed'],
    );
  });
});

describe('several stacks', () => {
  test('of one app, in a stage, and nested', () => {
    const app = plainApp();
    for (const scope of [app, new Stage(app, 'Live', { env })]) {
      const publishing = new Stack(scope, 'Publishing', { env });
      const orders = new Topic(publishing, 'Orders');
      const consuming = new Stack(scope, 'Consuming', { env });
      const lost = new Queue(consuming, 'Lost', { retentionPeriod: Duration.days(14) });
      orders.addSubscription(
        new SqsSubscription(worker(consuming, 'Pack'), { deadLetterQueue: lost, rawMessageDelivery: true }),
      );
      const nested = new NestedStack(consuming, 'Inner');
      const innerLost = new Queue(nested, 'InnerLost', { retentionPeriod: Duration.days(14) });
      orders.addSubscription(
        new SqsSubscription(worker(nested, 'Bill'), { deadLetterQueue: innerLost, rawMessageDelivery: true }),
      );
    }
    const assembly = readAssembly(app.synth().directory);
    const message = { body: {} };

    expectDelivery(assembly).of(message).from('Publishing/Orders').reaches('Consuming/Pack');
    expectDelivery(assembly).of(message).from('Publishing/Orders').reaches('Consuming/Inner/Bill');
    expectDelivery(assembly).of(message).from('Live/Publishing/Orders').reaches('Live/Consuming/Pack');
    expectDelivery(assembly)
      .of(message)
      .from('Live/Publishing/Orders')
      .reaches('Live/Consuming/Inner/Bill')
      .deadLettersTo('InnerLost');
  });

  test('in several Regions, by references that CDK carries over', () => {
    const app = plainApp();
    const home = new Stack(app, 'Home', { env, crossRegionReferences: true });
    const abroad = new Stack(app, 'Abroad', {
      env: { ...env, region: 'us-east-1' },
      crossRegionReferences: true,
    });
    const orders = new Topic(home, 'Orders');
    const lost = new Queue(abroad, 'Lost', { retentionPeriod: Duration.days(14) });
    orders.addSubscription(
      new SqsSubscription(worker(abroad, 'Pack'), { deadLetterQueue: lost, rawMessageDelivery: true }),
    );
    const assembly = readAssembly(app.synth().directory);

    expectDelivery(assembly).of({ body: {} }).from('Orders').reaches('Pack').deadLettersTo('Lost');
  });
});

/** The verdicts of all that the hops of a kind need, each told once. */
function expectRoutes(assembly: Assembly, kind: string, verdicts: readonly string[]): void {
  const messaging = messagingOf(assembly);
  const hops = deliveriesOf(messaging).filter((delivery) => delivery.kind === kind);
  expect(hops.length).toBeGreaterThan(0);
  const found = hops.flatMap((delivery) => accessOf(messaging, delivery).map(({ verdict }) => verdict));
  expect([...new Set(found)].toSorted()).toEqual(verdicts.toSorted());
}
