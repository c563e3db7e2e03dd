/** Growth: consumers are spread over stacks by their names, and one more or less touches nobody else. */
import { describe, expect, test } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import {
  AlertTopic,
  ConsumerStacks,
  EventTopic,
  QueueConsumer,
  retainMessages,
} from '../../../lib/constructs/index.ts';
import type { TopicEvents } from '../../../lib/constructs/event-routes.ts';
import { partitionOf } from '../../../lib/constructs/consumer-stacks.ts';
import { codesOf, ENTRY, OrderCancelled, OrderPlaced, Orders, testApp } from './support.ts';

/** An account's cdk.json may lack the flag for weak references; then CDK exports. */
const STRONG = { '@aws-cdk/core:defaultCrossStackReferences': 'strong' };
const PARTITIONS = 8;
const MANY = Array.from({ length: 60 }, (_, index) => `consumer-${index}`);

type Templates = Readonly<Record<string, Template>>;
interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly DeletionPolicy?: string }>>;
  readonly Outputs?: Readonly<Record<string, { readonly Export?: unknown }>>;
}

/** Topics in one stack, these consumers in the stacks of their names. */
function system(consumers: readonly string[], context: Readonly<Record<string, unknown>> = {}): App {
  const app = testApp(context);
  const topics = new Stack(app, 'Topics');
  new AlertTopic(topics, 'Alerts');
  const orders = new EventTopic(topics, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const stacks = new ConsumerStacks(app, 'Consumers', { partitions: PARTITIONS, dependsOn: [topics] });
  for (const name of consumers) consumer(stacks.stackOf(name), name, [orders.event(OrderPlaced)]);
  return app;
}

function consumer(stack: Stack, name: string, subscribesTo: readonly TopicEvents[]): void {
  new QueueConsumer(stack, name, { subscribesTo, entry: ENTRY });
}

function templatesOf(app: App): Templates {
  return Object.fromEntries(app.synth().stacks.map(({ id, template }) => [id, template as Template]));
}

/** Stacks whose templates differ. */
function changed(before: Templates, after: Templates): string[] {
  const stacks = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...stacks]
    .filter((stack) => JSON.stringify(before[stack]) !== JSON.stringify(after[stack]))
    .toSorted();
}

const stackName = (name: string) => `Consumers${partitionOf(name, PARTITIONS) + 1}`;

describe('where a consumer goes', () => {
  test('follows from its name alone, the same for ever', () => {
    expect(
      Object.fromEntries(
        ['audit-trail', 'search-index', 'webhook-delivery'].map((name) => [name, partitionOf(name, 8)]),
      ),
    ).toEqual({ 'audit-trail': 3, 'search-index': 6, 'webhook-delivery': 6 });
  });

  test('does not depend on what else there is, or on the order', () => {
    const placed = (names: readonly string[]) =>
      Object.fromEntries(
        Object.entries(templatesOf(system(names))).flatMap(([stack, { Resources }]) =>
          Object.entries(Resources)
            .filter(([, { Type }]) => Type === 'AWS::SQS::Queue')
            .map(([id]) => [id, stack]),
        ),
      );
    const few = placed(['audit-trail', 'search-index']);

    expect(placed(['search-index', ...MANY.slice(0, 9), 'audit-trail'])).toMatchObject(few);
  });

  test('60 consumers: no stack has more than 400 of its 500 resources', () => {
    const sizes = Object.values(templatesOf(system(MANY))).map(
      ({ Resources }) => Object.keys(Resources).length,
    );

    expect(sizes.length).toBe(PARTITIONS + 1);
    expect(Math.max(...sizes)).toBeLessThan(400);
  });

  test.each([0, 1.5, 101])('%s partitions are refused', (partitions) => {
    const app = testApp();

    expect(codesOf(() => new ConsumerStacks(app, 'Consumers', { partitions }))).toEqual([
      'WAYBILL_PARTITIONS_OUT_OF_RANGE',
    ]);
  });
});

describe.each([
  ['with weak references', {}],
  ['in an application whose references are exports', STRONG],
])('%s', (_name, context) => {
  test('one more consumer changes its own stack and no other', () => {
    const before = templatesOf(system(MANY.slice(0, 20), context));
    const after = templatesOf(system([...MANY.slice(0, 20), 'one-more'], context));

    expect(changed(before, after)).toEqual([stackName('one-more')]);
    expect(after[stackName('one-more')]!.Resources).toMatchObject(before[stackName('one-more')]!.Resources);
  });

  test('the last consumer of a topic can be removed: nothing it uses is an export', () => {
    const before = templatesOf(system(['audit-trail'], context));
    const outputs = Object.values(before['Topics']!.Outputs ?? {});

    expect(outputs.length).toBeGreaterThan(0);
    expect(outputs.filter((output) => output.Export !== undefined)).toEqual([]);
    expect(JSON.stringify(before)).not.toContain('Fn::ImportValue');
  });

  test('the first consumer adds outputs and alarms to the stack of the topics, and changes nothing there is', () => {
    const none = templatesOf(system([], context))['Topics']!;
    const one = templatesOf(system(['audit-trail'], context))['Topics']!;

    expect(one.Resources).toMatchObject(none.Resources);
  });
});

test('the stacks of consumers are deployed after what they use', () => {
  const assembly = system(['audit-trail']).synth();
  const stack = assembly.getStackByName(stackName('audit-trail'));

  expect(stack.dependencies.map(({ id }) => id)).toContain('Topics');
});

test('what holds messages stays in the account when it leaves the template, unless its creation failed', () => {
  const app = system(['audit-trail']);
  retainMessages(app);
  const resources = Object.values(templatesOf(app)).flatMap(({ Resources }) => Object.values(Resources));
  const policies = (type: string) => [
    ...new Set(resources.filter(({ Type }) => Type === type).map(({ DeletionPolicy }) => DeletionPolicy)),
  ];

  expect(policies('AWS::SQS::Queue')).toEqual(['RetainExceptOnCreate']);
  expect(policies('AWS::SNS::Topic')).toEqual(['RetainExceptOnCreate']);
  expect(policies('AWS::CloudWatch::Alarm')).toEqual([undefined]);
});
