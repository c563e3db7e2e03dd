/** Claims about applications that know nothing of Waybill, as a stranger would write them. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import type { Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { FilterOrPolicy, SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import type { SubscriptionProps } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription, SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { ShopStack } from '../../../examples/plain-cdk/shop-stack.ts';
import { readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Json } from '../../../lib/assembly/index.ts';
import { expectDelivery } from '../../../lib/proofs/index.ts';
import { changed, plainApp, plainFunction, plainStack, refusal } from './support.ts';

const placed = { attributes: { kind: 'OrderPlaced' }, body: { orderId: 'o-1' } };

/** A topic, a queue with its key, a function; everything as AWS advises. */
function shop(stack: Stack): void {
  const key = new Key(stack, 'Key');
  const encrypted = { encryption: QueueEncryption.KMS, encryptionMasterKey: key };
  const orders = new Topic(stack, 'Orders');
  const dead = new Queue(stack, 'Dead', { ...encrypted, retentionPeriod: Duration.days(14) });
  const undelivered = new Queue(stack, 'Undelivered', { ...encrypted, retentionPeriod: Duration.days(14) });
  const queue = new Queue(stack, 'Packing', {
    ...encrypted,
    visibilityTimeout: Duration.minutes(3),
    deadLetterQueue: { queue: dead, maxReceiveCount: 5 },
  });
  orders.addSubscription(
    new SqsSubscription(queue, {
      rawMessageDelivery: true,
      deadLetterQueue: undelivered,
      filterPolicy: { kind: SubscriptionFilter.stringFilter({ allowlist: ['OrderPlaced'] }) },
    }),
  );
  const pack = plainFunction(stack, 'Pack', { timeout: Duration.seconds(30) });
  pack.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));
  orders.grantPublish(plainFunction(stack, 'Checkout'));
  plainFunction(stack, 'Newsletter');
  queue.grantConsumeMessages(plainFunction(stack, 'Spy'));
}

let whole: Assembly;
beforeAll(() => {
  whole = plainStack(shop);
});

describe('a topic, a queue and a function', () => {
  test('hold, from the topic and from the function that publishes', () => {
    expectDelivery(whole).of(placed).from('Orders').reaches('Pack').deadLettersTo('Undelivered');
    expectDelivery(whole)
      .of(placed)
      .from('Checkout')
      .reaches('Packing')
      .reaches('Pack')
      .deadLettersTo('Dead')
      .isForbiddenFor('Newsletter');
  });

  test('can be named by path, part of it, logical id, or name in AWS', () => {
    const [pack] = whole
      .ofType('AWS::Lambda::Function')
      .filter(({ constructPath }) => constructPath.endsWith('/Pack'));
    for (const name of ['Shop/Pack', 'Pack', pack?.logicalId, pack?.name, pack?.arn]) {
      expectDelivery(whole).of(placed).from('Shop/Orders').reaches(String(name));
    }
  });

  test('what the filter leaves out does not arrive', () => {
    const cancelled = { attributes: { kind: 'OrderCancelled' }, body: {} };

    expect(refusal(() => expectDelivery(whole).of(cancelled).from('Orders').reaches('Pack'))).toMatch(
      /^not proven: the message from Orders reaches Pack\n {2}WAYBILL_PROOF_FILTERED_OUT: \[Shop\/Packing\/Shop.*\] the filter on attributes \{"kind":\["OrderPlaced"\]\} does not let it through, which has attributes \{"kind":"OrderCancelled"\}; correct FilterPolicy$/,
    );
    expectDelivery(whole).of(cancelled).from('Orders').isForbiddenFor('Pack');
  });
});

type Change = (properties: Record<string, Json>) => Record<string, Json> | undefined;

describe('each mistake is told with its path, and with what is missing', () => {
  test.each<[string, string, string, Change, RegExp]>([
    [
      'no queue policy',
      'AWS::SQS::QueuePolicy',
      'Packing',
      () => undefined,
      /PERMISSION_MISSING: \[Shop\/Packing\] the queue policy of Shop\/Packing does not allow sns\.amazonaws\.com for arn:aws:sns:eu-west-1:111111111111:\S+ sqs:SendMessage on \S+; add to the queue policy: \{"Effect":"Allow","Principal":\{"Service":"sns\.amazonaws\.com"\},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:\S+","Condition":\{"ArnEquals":\{"aws:SourceArn":"arn:aws:sns:\S+"\}\}\}/,
    ],
    [
      'a queue policy for another topic',
      'AWS::SQS::QueuePolicy',
      'Packing',
      (properties) =>
        JSON.parse(
          JSON.stringify(properties).replaceAll('{"Ref":"Orders', '{"Ref":"Others'),
        ) as typeof properties,
      /PERMISSION_MISSING: \[Shop\/Packing\] the queue policy/,
    ],
    [
      'a queue policy that denies',
      'AWS::SQS::QueuePolicy',
      'Packing',
      (properties) => ({
        ...properties,
        PolicyDocument: {
          Statement: [{ Sid: 'Nobody', Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' }],
        },
      }),
      /\[Shop\/Packing\] the queue policy of Shop\/Packing denies sns\.amazonaws\.com .* \(statement Nobody\); narrow or remove the statement that denies/,
    ],
    [
      'a key that does not let the topic in',
      'AWS::KMS::Key',
      'Key',
      (properties) => ({
        ...properties,
        KeyPolicy: {
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: 'arn:aws:iam::111111111111:root' },
              Action: 'kms:*',
              Resource: '*',
            },
          ],
        },
      }),
      /PERMISSION_MISSING: \[Shop\/Key\] the key policy of Shop\/Key does not allow sns\.amazonaws\.com .* kms:GenerateDataKey on \S+; add to the key policy: \{"Effect":"Allow","Principal":\{"Service":"sns\.amazonaws\.com"\},"Action":"kms:GenerateDataKey","Resource":"\*","Condition":\{"StringEquals":\{"aws:SourceAccount":"111111111111"\}\}\}/,
    ],
    [
      "a queue under AWS's own key",
      'AWS::SQS::Queue',
      'Packing',
      (properties) => ({ ...properties, KmsMasterKeyId: 'alias/aws/sqs' }),
      /alias\/aws\/sqs is AWS's own key: its policy cannot be edited, so sns\.amazonaws\.com can never use it; use a customer managed key/,
    ],
    [
      'a mapping that is switched off',
      'AWS::Lambda::EventSourceMapping',
      'Pack',
      (properties) => ({ ...properties, Enabled: false }),
      /SWITCHED_OFF: \[Shop\/Pack\/SqsEventSource:\S+\] the event source mapping is disabled; switch it on: Enabled/,
    ],
    [
      'a mapping with a filter of its own',
      'AWS::Lambda::EventSourceMapping',
      'Pack',
      (properties) => ({
        ...properties,
        FilterCriteria: { Filters: [{ Pattern: '{"body":{"orderId":[{"prefix":"x"}]}}' }] },
      }),
      /FILTERED_OUT: \[Shop\/Pack\/SqsEventSource:\S+\] the filters .* correct FilterCriteria/,
    ],
    [
      'a function that may not receive',
      'AWS::IAM::Policy',
      'Pack',
      () => undefined,
      /\[Shop\/Pack\/ServiceRole\] the identity policy of Shop\/Pack\/ServiceRole does not allow role Shop\/Pack\/ServiceRole sqs:ReceiveMessage .*; add to the identity policy: \{"Effect":"Allow","Action":"sqs:ReceiveMessage"/,
    ],
    [
      'a role that Lambda may not take',
      'AWS::IAM::Role',
      'Pack',
      (properties) =>
        JSON.parse(
          JSON.stringify(properties).replace('lambda.amazonaws.com', 'edgelambda.amazonaws.com'),
        ) as typeof properties,
      /the trust policy of Shop\/Pack\/ServiceRole does not allow lambda\.amazonaws\.com .* sts:AssumeRole .*; add to the trust policy: \{"Effect":"Allow","Principal":\{"Service":"lambda\.amazonaws\.com"\},"Action":"sts:AssumeRole"\}/,
    ],
    [
      'no dead-letter queue of the subscription',
      'AWS::SNS::Subscription',
      'Packing',
      ({ RedrivePolicy: _removed, ...others }) => others,
      /NO_FAILURE_DESTINATION: \[Shop\/Packing\/\S+\] what cannot be delivered to \S+ is lost; give it a dead-letter queue \(RedrivePolicy\)/,
    ],
    [
      'no dead-letter queue of the queue',
      'AWS::SQS::Queue',
      'Packing',
      ({ RedrivePolicy: _removed, ...others }) => others,
      /NO_FAILURE_DESTINATION: \[Shop\/Packing\] what its consumer cannot handle comes back until it expires, and is lost then; give it a RedrivePolicy/,
    ],
    [
      'a visibility timeout that is too short',
      'AWS::SQS::Queue',
      'Packing',
      (properties) => ({ ...properties, VisibilityTimeout: 60 }),
      /TIMING: \[Shop\/Packing\] its visibility timeout is 60 seconds, less than six times the 30 seconds of Shop\/Pack plus the batching window; set VisibilityTimeout to 180 or more/,
    ],
    [
      'messages that expire before they are dead-lettered',
      'AWS::SQS::Queue',
      'Packing',
      (properties) => ({ ...properties, MessageRetentionPeriod: 600 }),
      /TIMING: \[Shop\/Packing\] 5 receives of 180 seconds each last 900 seconds, and it keeps messages 600: they expire before they are dead-lettered/,
    ],
    [
      'a dead-letter queue that keeps no longer than the queue',
      'AWS::SQS::Queue',
      'Dead',
      (properties) => ({ ...properties, MessageRetentionPeriod: 345_600 }),
      /TIMING: \[Shop\/Dead\] it keeps messages 345600 seconds, counted from the first send, .*; set MessageRetentionPeriod to 1209600/,
    ],
    [
      'a dead-letter queue that takes from others only',
      'AWS::SQS::Queue',
      'Dead',
      (properties) => ({ ...properties, RedriveAllowPolicy: { redrivePermission: 'denyAll' } }),
      /FAILURE_DESTINATION_UNFIT: \[Shop\/Dead\] its RedriveAllowPolicy does not name Shop\/Packing; add arn:aws:sqs/,
    ],
    [
      'a dead-letter queue in the open, of a queue under a key',
      'AWS::SQS::Queue',
      'Dead',
      ({ KmsMasterKeyId: _removed, ...others }) => others,
      /FAILURE_DESTINATION_UNFIT: \[Shop\/Dead\] it is not under the key of Shop\/Packing/,
    ],
    [
      'a filter that SNS refuses',
      'AWS::SNS::Subscription',
      'Packing',
      (properties) => ({ ...properties, FilterPolicy: { kind: [{ wildcard: 'Order*' }] } }),
      /UNKNOWN: \[Shop\/Packing\/\S+\] AWS refuses the filter on attributes/,
    ],
    [
      'a filter that only AWS knows',
      'AWS::SNS::Subscription',
      'Packing',
      (properties) => ({ ...properties, FilterPolicy: { kind: [{ 'Fn::ImportValue': 'elsewhere' }] } }),
      /UNKNOWN: \[Shop\/Packing\/\S+\] the filter .* depends on what only AWS knows/,
    ],
    [
      'a subscription to another topic',
      'AWS::SNS::Subscription',
      'Packing',
      (properties) => ({ ...properties, TopicArn: 'arn:aws:sns:eu-west-1:111111111111:others' }),
      /NO_PATH: \[Shop\/Orders\] no hops lead from there to Shop\/Pack; from there lead none; subscribe the consumer, or correct the name/,
    ],
  ])('%s', (_, type, prefix, change, message) => {
    const assembly = changed(whole, type, prefix, change);

    expect(refusal(() => expectDelivery(assembly).of(placed).from('Orders').reaches('Pack'))).toMatch(
      message,
    );
  });

  test('several at once are all told', () => {
    const once = changed(whole, 'AWS::SQS::QueuePolicy', 'Packing', () => undefined);
    const twice = changed(once, 'AWS::SQS::Queue', 'Packing', (properties) => ({
      ...properties,
      VisibilityTimeout: 1,
    }));

    const message = refusal(() => expectDelivery(twice).of(placed).from('Orders').reaches('Pack'));

    expect(message).toContain('PERMISSION_MISSING');
    expect(message).toContain('TIMING');
  });
});

describe('what is asked wrongly', () => {
  test('names that nothing has, with names that are near', () => {
    expect(refusal(() => expectDelivery(whole).of(placed).from('Order').reaches('Pack'))).toMatch(
      /\[Order\] no function, role, topic, bus or queue has this name; .*for example Shop\/Orders/,
    );
    expect(refusal(() => expectDelivery(whole).of(placed).from('Orders').reaches('Packer'))).toMatch(
      /\[Packer\].*Shop\/Pack/,
    );
    expect(refusal(() => expectDelivery(whole).of(placed).from('Orders').isForbiddenFor('News'))).toMatch(
      /Shop\/Newsletter/,
    );
  });

  test('a publisher that may publish nowhere', () => {
    expect(refusal(() => expectDelivery(whole).of(placed).from('Newsletter'))).toMatch(
      /PERMISSION_MISSING: \[Newsletter\] it may publish to none of .*Shop\/Orders/,
    );
  });

  test('dead letters before any path, or to another queue', () => {
    const claims = expectDelivery(whole).of(placed).from('Orders');

    expect(refusal(() => claims.deadLettersTo('Dead'))).toContain('call reaches before deadLettersTo');
    expect(refusal(() => claims.reaches('Pack').deadLettersTo('Packing'))).toMatch(
      /what fails on the path goes to Shop\/Undelivered, Shop\/Dead; name one of those/,
    );
    expect(refusal(() => claims.reaches('Pack').deadLettersTo('Deadd'))).toContain(
      'what fails on the path goes to',
    );
  });

  test('forbidden, and yet it gets there, or may', () => {
    expect(refusal(() => expectDelivery(whole).of(placed).from('Orders').isForbiddenFor('Pack'))).toMatch(
      /LET_THROUGH: \[Shop\/Packing\/\S+\] the event goes by .* to Shop\/Pack; narrow a filter/,
    );
    expect(refusal(() => expectDelivery(whole).of(placed).from('Orders').isForbiddenFor('Checkout'))).toMatch(
      /TOO_WIDE: \[Shop\/Checkout\/ServiceRole\] it may sns:Publish on arn:aws:sns:\S+; remove the statement/,
    );
    expect(refusal(() => expectDelivery(whole).of(placed).from('Orders').isForbiddenFor('Spy'))).toMatch(
      /TOO_WIDE: \[Shop\/Spy\/ServiceRole\] it may sqs:ReceiveMessage/,
    );
    // What does not get into the queue cannot be taken from it.
    const cancelled = { attributes: { kind: 'OrderCancelled' }, body: {} };
    expectDelivery(whole).of(cancelled).from('Orders').isForbiddenFor('Spy');
  });
});

describe('filters decide as SNS does', () => {
  const withFilter = (props: Pick<SubscriptionProps, 'filterPolicy' | 'filterPolicyWithMessageBody'>) =>
    plainStack((stack) => {
      const topic = new Topic(stack, 'Orders');
      const lost = new Queue(stack, 'Lost');
      topic.addSubscription(
        new LambdaSubscription(plainFunction(stack, 'Pack', { deadLetterQueue: lost }), {
          ...props,
          deadLetterQueue: lost,
        }),
      );
    });
  const arrives = (assembly: Assembly, message: { attributes?: Record<string, string>; body: unknown }) =>
    refusal(() => expectDelivery(assembly).of(message).from('Orders').reaches('Pack')) ===
    'it was not refused';

  test('on attributes: several names are all needed, several values are a choice', () => {
    const assembly = withFilter({
      filterPolicy: {
        kind: SubscriptionFilter.stringFilter({ allowlist: ['a', 'b'], matchPrefixes: ['c-'] }),
        tenant: SubscriptionFilter.stringFilter({ denylist: ['acme'] }),
      },
    });

    expect(arrives(assembly, { attributes: { kind: 'a', tenant: 'globex' }, body: '' })).toBe(true);
    expect(arrives(assembly, { attributes: { kind: 'c-9', tenant: 'globex' }, body: '' })).toBe(true);
    expect(arrives(assembly, { attributes: { kind: 'a', tenant: 'acme' }, body: '' })).toBe(false);
    expect(arrives(assembly, { attributes: { kind: 'a' }, body: '' })).toBe(false);
    expect(arrives(assembly, { body: { kind: 'a', tenant: 'globex' } })).toBe(false);
  });

  test('on the body: nested names, numbers, texts that are no JSON', () => {
    const assembly = withFilter({
      filterPolicyWithMessageBody: {
        order: FilterOrPolicy.policy({
          total: FilterOrPolicy.filter(SubscriptionFilter.numericFilter({ greaterThan: 100 })),
        }),
      },
    });

    expect(arrives(assembly, { body: { order: { total: 101 } } })).toBe(true);
    expect(arrives(assembly, { body: { order: { total: 100 } } })).toBe(false);
    expect(arrives(assembly, { body: { total: 101 } })).toBe(false);
    expect(arrives(assembly, { body: 'no JSON' })).toBe(false);
  });

  test('$or, exists and anything-but, written by hand', () => {
    const assembly = changed(
      withFilter({ filterPolicy: { kind: SubscriptionFilter.existsFilter() } }),
      'AWS::SNS::Subscription',
      '',
      (properties) => ({
        ...properties,
        FilterPolicyScope: 'MessageBody',
        FilterPolicy: {
          $or: [{ kind: ['OrderPlaced'] }, { total: [{ numeric: ['>=', 10, '<', 20] }] }],
          test: [{ exists: false }],
          tenant: [{ 'anything-but': { prefix: 'demo-' } }],
        } as unknown as Json,
      }),
    );

    expect(arrives(assembly, { body: { kind: 'OrderPlaced', tenant: 'acme' } })).toBe(true);
    expect(arrives(assembly, { body: { kind: 'x', total: 19.5, tenant: 'acme' } })).toBe(true);
    expect(arrives(assembly, { body: { kind: 'x', total: 20, tenant: 'acme' } })).toBe(false);
    expect(arrives(assembly, { body: { kind: 'OrderPlaced', tenant: 'demo-1' } })).toBe(false);
    expect(arrives(assembly, { body: { kind: 'OrderPlaced', tenant: 'acme', test: true } })).toBe(false);
  });
});

test('the example in plain CDK: its subscription has no dead-letter queue, and that is all', () => {
  const app = plainApp();
  new ShopStack(app, 'Shop');
  const assembly = readAssembly(app.synth().directory);

  const message = refusal(() => expectDelivery(assembly).of(placed).from('Orders').reaches('Ship'));

  expect(message.split('\n').slice(1)).toEqual([
    expect.stringMatching(/NO_FAILURE_DESTINATION: \[Shop\/Shipping\/\S+\] what cannot be delivered/),
  ]);
});
