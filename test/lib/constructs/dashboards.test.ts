/** Dashboards show what there is: every metric is of a resource of the assembly, and a new consumer is on them. */
import { statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { NestedStack, Stack } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  AlertTopic,
  EventFunction,
  EventTopic,
  MessageBus,
  OutboxRelay,
  OverviewDashboard,
  QueueConsumer,
  SystemDashboard,
} from '../../../lib/constructs/index.ts';
import { event, service } from '../../../lib/contracts/index.ts';
import { environmentConfig } from '../../../lib/config/index.ts';
import { createApplication } from '../../../lib/stacks/application.ts';
import * as z from 'zod/mini';
import {
  aDatabase,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  StockReserved,
  testApp,
  testStack,
} from './support.ts';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly region?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
    readonly annotations?: unknown;
  };
}

interface Board {
  readonly name: string;
  readonly widgets: readonly Widget[];
}

/** What is known only at deployment is its JSON in angle brackets, in single quotes. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const sub = (value as { 'Fn::Sub'?: [string, Record<string, unknown>] | string })['Fn::Sub'];
  if (Array.isArray(sub)) {
    const variables = new Map(Object.entries(sub[1]).map(([name, variable]) => [name, asText(variable)]));
    return sub[0].replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => variables.get(name) ?? `no ${name}`);
  }
  if (sub !== undefined) return sub;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (join !== undefined) return join[1].map(asText).join(join[0]);
  return (value as { Ref?: string }).Ref === 'AWS::Region'
    ? REGION
    : `<${JSON.stringify(value).replaceAll('"', "'")}>`;
}

/** How Fn::Sub writes it. */
const REGION = '${AWS::Region}';

function boardsOf(template: Record<string, unknown>): Board[] {
  const resources = (template['Resources'] ?? {}) as Record<
    string,
    { Type: string; Properties: Record<string, unknown> }
  >;
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard')
    .map(({ Properties }) => ({
      name: asText(Properties['DashboardName']),
      ...(JSON.parse(asText(Properties['DashboardBody'])) as { widgets: Widget[] }),
    }));
}

/** The series of a graph with CloudWatch's dots written out: namespace, metric, dimensions. */
function seriesOf({ properties }: Widget): string[][] {
  let previous: string[] = [];
  return (properties.metrics ?? []).map((row) => {
    const cells = row.filter((cell) => typeof cell === 'string');
    previous = cells.map((cell, index) => (cell === '.' ? previous[index]! : cell));
    return previous;
  });
}

function overlaps({ widgets }: Board): [Widget, Widget][] {
  return widgets.flatMap((a, index) =>
    widgets
      .slice(index + 1)
      .filter(
        (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      )
      .map((b): [Widget, Widget] => [a, b]),
  );
}

const titlesOf = ({ widgets }: Board) =>
  widgets.map(({ properties }) => properties.title ?? properties.markdown ?? '');

/** Properties by which a metric's dimension may name a resource. */
const NAMED = ['QueueName', 'StageName', 'ClusterName', 'BrokerName', 'Name'];
/** Dimensions that name a part of a resource. */
const PARTS = ['Consumer', 'Environment', 'Broker ID', 'Queue', 'VirtualHost'];

describe('the dashboards of an application', () => {
  const app = testApp();
  createApplication(app, environmentConfig('prod'));
  const assembly = app.synth();
  const templates = Object.fromEntries(
    assembly.stacks.map(({ stackName, template }) => [stackName, template as Record<string, unknown>]),
  );
  const boards = boardsOf(templates['waybill-prod-observability'] ?? {});
  const boardOf = (part: string): Board =>
    boards.find(({ name }) => name === `waybill-prod-${part}-${REGION}`)!;
  const [core, commerce, jobs, generation, agents] = [
    boardOf('core'),
    boardOf('commerce'),
    boardOf('jobs'),
    boardOf('generation'),
    boardOf('agents'),
  ];
  const overview = boardOf('overview');

  test('one for each system, and an overview that leads to them', () => {
    expect(boards).toHaveLength(6);
    expect(titlesOf(overview).filter((title) => title.includes('[each hop]'))).toEqual([
      `## core: [each hop](#dashboards/dashboard/${core.name})`,
      `## commerce: [each hop](#dashboards/dashboard/${commerce.name})`,
      `## jobs: [each hop](#dashboards/dashboard/${jobs.name})`,
      `## generation: [each hop](#dashboards/dashboard/${generation.name})`,
      `## agents: [each hop](#dashboards/dashboard/${agents.name})`,
    ]);
  });

  test.each([
    ['core', core],
    ['commerce', commerce],
    ['jobs', jobs],
    ['generation', generation],
    ['agents', agents],
    ['overview', overview],
  ])(
    '%s: alarms on top, nothing overlaps, nothing hangs over, every graph has its region',
    (_name, board) => {
      expect(board.widgets[1]).toMatchObject({
        type: 'alarm',
        x: 0,
        properties: { states: ['ALARM', 'INSUFFICIENT_DATA'] },
      });
      expect(overlaps(board)).toEqual([]);
      for (const { x, width, height, type, properties } of board.widgets) {
        expect(x + width).toBeLessThanOrEqual(24);
        expect(height).toBeGreaterThan(0);
        if (type === 'metric') expect(properties.region).toBe(REGION);
      }
    },
  );

  test('each metric is of a resource that is in the assembly', () => {
    const outputs = (stack: string) =>
      (templates[stack]?.['Outputs'] ?? {}) as Record<string, { Value: Record<string, unknown> }>;
    const resourceTypes = new Set<string>();
    const names = Object.values(templates).flatMap((template) =>
      Object.values(
        (template['Resources'] ?? {}) as Record<
          string,
          { Type: string; Properties?: Record<string, unknown> }
        >,
      ).flatMap(({ Type, Properties }) =>
        NAMED.flatMap((property) => {
          const name = Properties?.[property];
          return typeof name === 'string' ? [[name, Type] as const] : [];
        }),
      ),
    );
    const types = new Map(names);
    for (const [, , ...dimensions] of boards.flatMap(({ widgets }) => widgets.flatMap(seriesOf))) {
      for (const [index, value] of dimensions.entries()) {
        if (index % 2 === 0 || PARTS.includes(dimensions[index - 1]!)) continue;
        const references = [...value.matchAll(/'StackName':'([^']+)'.*?'OutputName':'([^']+)'/g)];
        for (const [, StackName = '', OutputName = ''] of references) {
          const exported = outputs(StackName)[OutputName]?.Value;
          const logicalId = (exported?.['Ref'] ??
            (exported?.['Fn::GetAtt'] as string[] | undefined)?.[0]) as string;
          const resources = templates[StackName]?.['Resources'] as Record<string, { Type: string }>;
          expect({ value, Type: resources[logicalId]?.Type }).toEqual({ value, Type: expect.any(String) });
          resourceTypes.add(resources[logicalId]!.Type);
        }
        if (references.length === 0) {
          expect([...types.keys()]).toContain(value);
          resourceTypes.add(types.get(value)!);
        }
      }
    }
    expect([...resourceTypes].toSorted()).toEqual([
      'AWS::AmazonMQ::Broker',
      'AWS::ApiGateway::RestApi',
      'AWS::ApiGateway::Stage',
      'AWS::ApiGatewayV2::Api',
      'AWS::ApiGatewayV2::Stage',
      'AWS::ECS::Cluster',
      'AWS::ECS::Service',
      'AWS::Events::EventBus',
      'AWS::Events::Rule',
      'AWS::Kinesis::Stream',
      'AWS::Lambda::Function',
      'AWS::MSK::Cluster',
      'AWS::RDS::DBCluster',
      'AWS::SNS::Topic',
      'AWS::SQS::Queue',
    ]);
  });

  test('each alarm shown is in the assembly, and acts; each that acts is shown', () => {
    const acting = Object.values(templates).flatMap((template) =>
      Object.values((template['Resources'] ?? {}) as Record<string, { Properties: Record<string, unknown> }>)
        .filter(({ Properties }) => Properties?.['AlarmActions'] !== undefined)
        .map(({ Properties }) => Properties['AlarmName'] as string),
    );
    const shown = (board: Board) =>
      board.widgets.flatMap(({ properties }) =>
        (properties.alarms ?? []).map((arn) => arn.split(':alarm:')[1]!),
      );
    for (const [system, board] of [
      ['core', core],
      ['commerce', commerce],
      ['jobs', jobs],
      ['generation', generation],
      ['agents', agents],
    ] as const) {
      const own = acting.filter((name) => name.startsWith(`waybill-prod-${system}`));
      expect(shown(board).toSorted()).toEqual(own.toSorted());
    }
    for (const name of shown(overview)) expect(acting).toContain(name);
    expect(shown(overview)).toContain('waybill-prod-foundation/Bus/DeadLetterAlarm');
    expect(shown(overview)).toContain('waybill-prod-observability/AccountConcurrencyAlarm');
  });

  test('a consumer is one row from left to right, with the line of its own objective', () => {
    const row = core.widgets.filter(({ properties }) => properties.title?.startsWith('audit-trail: '));

    expect(row.map(({ properties }) => properties.title)).toEqual([
      'audit-trail: in and out',
      'audit-trail: waiting',
      'audit-trail: age of the oldest (s)',
      'audit-trail: function',
      'audit-trail: dead letters',
    ]);
    expect(new Set(row.map(({ y }) => y)).size).toBe(1);
    expect(row.map(({ x }) => x)).toEqual([0, 5, 9, 14, 19]);
    expect(row[2]?.properties.annotations).toEqual({
      horizontal: [{ label: 'maxAge', value: 900, fill: 'above' }],
    });
    // Its queue, and a subscription to each of three topics.
    expect(row[4]?.properties.metrics).toHaveLength(4);
  });

  test('no stack comes near the 500 resources that it may hold', () => {
    const counted = Object.values(templates).map(
      (template) => Object.keys((template['Resources'] ?? {}) as object).length,
    );
    expect(Math.max(...counted)).toBeLessThan(400);
  });
});

test('a consumer that is made after the dashboard is on it, with its bus', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const bus = new MessageBus(stack, 'Bus');
  new SystemDashboard(stack, 'Dashboard', { system: 'orders' });
  new QueueConsumer(stack, 'Late', {
    subscribesTo: [orders.events(), bus.event(StockReserved)],
    entry: ENTRY,
  });

  const [board] = boardsOf(Template.fromStack(stack).toJSON());
  expect(titlesOf(board!)).toContain('late: dead letters');
  const arrives = board!.widgets.find(({ properties }) => properties.title === 'late: in and out');
  expect(seriesOf(arrives!).map(([namespace, metric]) => `${namespace} ${metric}`)).toEqual([
    'AWS/Events Invocations',
    'AWS/Events FailedInvocations',
    'AWS/Events IngestionToInvocationStartLatency',
    'AWS/SQS NumberOfMessagesSent',
    'AWS/SQS NumberOfMessagesDeleted',
  ]);
});

test('a new kind of bus has its own metrics', () => {
  const stack = new Stack(testApp(), 'Test', { env: { account: '111122223333', region: 'us-east-1' } });
  new AlertTopic(stack, 'Alerts');
  const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });
  new QueueConsumer(stack, 'Audit', {
    subscribesTo: [bus.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
  });
  new SystemDashboard(stack, 'Dashboard', { system: 'orders' });

  const [board] = boardsOf(Template.fromStack(stack).toJSON());
  const arrives = board!.widgets.find(({ properties }) => properties.title === 'audit: in and out');
  expect(
    seriesOf(arrives!)
      .filter(([namespace]) => namespace === 'AWS/EventsV2')
      .map(([, metric]) => metric),
  ).toEqual(['EventsDropped', 'OnFailureDestinationDelivered', 'ApproximateBacklogAge']);
  // The metric is in milliseconds.
  expect(JSON.stringify(arrives!.properties.metrics)).toContain('"label":"FromBus age (ms)"');
});

test('the alarms of two nested stacks go by the names of these', () => {
  const stack = testStack();
  for (const id of ['Shop', 'Branch']) {
    const nested = new NestedStack(stack, id);
    const orders = new EventTopic(nested, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    const consumerName = `billing-${id.toLowerCase()}`;
    new QueueConsumer(nested, 'Billing', { subscribesTo: [orders.events()], entry: ENTRY, consumerName });
  }
  new SystemDashboard(stack, 'Dashboard', { system: 'orders' });

  const [board] = boardsOf(Template.fromStack(stack).toJSON());
  const alarms = board!.widgets.flatMap(({ properties }) => properties.alarms ?? []);
  expect(new Set(alarms).size).toBe(alarms.length);
  for (const nested of ['ShopNestedStack', 'BranchNestedStack']) {
    expect(alarms).toContainEqual(
      expect.stringMatching(new RegExp(`'Ref':'${nested}\\w+'.*/Billing/UnhealthyAlarm$`)),
    );
  }
});

test('a relay is with the publishers, with the dead letters of its nudges and of its schedule', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const outbox = new OutboxRelay(stack, 'Relay', { database: aDatabase(stack), publishesTo: [orders] });
  new EventFunction(stack, 'Api', { entry: ENTRY, outbox });
  new QueueConsumer(stack, 'Fulfilment', { subscribesTo: [orders.events()], entry: ENTRY });
  new SystemDashboard(stack, 'Dashboard', { system: 'orders' });

  const [board] = boardsOf(Template.fromStack(stack).toJSON());
  const titles = titlesOf(board!);
  const at = (title: string) => titles.indexOf(title);
  expect(at('## Publish')).toBeLessThan(at('relay: dead letters'));
  expect(at('relay: dead letters')).toBeLessThan(at('## Topics'));
  expect(at('## Topics')).toBeLessThan(at('fulfilment: in and out'));
  expect(board!.widgets[at('relay: dead letters')]?.properties.metrics).toHaveLength(2);
});

test('what is in another region than the dashboard is left out: its metrics are there', () => {
  const app = testApp();
  const account = '111122223333';
  const here = new Stack(app, 'Here', { env: { account, region: 'eu-west-1' } });
  const there = new Stack(app, 'There', { env: { account, region: 'us-east-1' } });
  for (const stack of [here, there]) {
    new AlertTopic(stack, 'Alerts');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    new QueueConsumer(stack, 'Fulfilment', {
      subscribesTo: [orders.events()],
      entry: ENTRY,
      consumerName: `from-${stack.node.id.toLowerCase()}`,
    });
  }
  new SystemDashboard(here, 'Dashboard', { system: 'orders', scopes: [here, there] });

  const [board] = boardsOf(app.synth().getStackByName('Here').template as Record<string, unknown>);
  expect(
    titlesOf(board!).filter((title) => title.includes('dead letters') && title.startsWith('from-')),
  ).toEqual(['from-here: dead letters']);
});

describe('200 consumers', () => {
  const app = manyConsumers(200);
  const assembly = app.synth();
  const stacks = ['Observability', 'Overview'].map((name) => assembly.getStackByName(name));
  const boards = stacks.flatMap(({ template }) => boardsOf(template as Record<string, unknown>));

  test('four pages and an overview, each within what CloudWatch takes', () => {
    expect(boards).toHaveLength(5);
    for (const board of boards) {
      const series = board.widgets.map((widget) => seriesOf(widget).length);
      expect(board.widgets.length).toBeLessThanOrEqual(500);
      expect(Math.max(...series)).toBeLessThanOrEqual(500);
      expect(series.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2500);
      for (const { properties } of board.widgets)
        expect((properties.alarms ?? []).length).toBeLessThanOrEqual(100);
      expect(overlaps(board)).toEqual([]);
    }
  });

  test('everybody is on exactly one page', () => {
    const titles = boards.flatMap(titlesOf).filter((title) => title.endsWith(': in and out'));
    expect(new Set(titles).size).toBe(200);
    expect(titles).toHaveLength(200);
  });

  test("each template is within CloudFormation's megabyte", () => {
    for (const { templateFullPath } of stacks) {
      expect(statSync(templateFullPath).size).toBeLessThan(1_000_000);
    }
  });
});

/** In stacks of ten, as a stack's 500 resources allow. */
function manyConsumers(count: number): App {
  const app = testApp();
  const alerts = new Stack(app, 'Alerts');
  new AlertTopic(alerts, 'Alerts');
  const scopes = Array.from({ length: Math.ceil(count / 10) }, (_, index) => {
    const stack = new Stack(app, `Service${index}`);
    const source = `service-${index}`;
    const Changed = event('Changed', { version: '1.0', source, data: z.object({ id: z.string() }) });
    const topic = new EventTopic(stack, 'Events', { service: service(source), publishes: [Changed] });
    for (let consumer = 0; consumer < 10; consumer += 1) {
      new QueueConsumer(stack, `Consumer${consumer}`, {
        subscribesTo: [topic.events()],
        entry: ENTRY,
        consumerName: `${source}-consumer-${consumer}`,
      });
    }
    return stack;
  });
  const system = new SystemDashboard(new Stack(app, 'Observability'), 'System', { system: 'many', scopes });
  new OverviewDashboard(new Stack(app, 'Overview'), 'Overview', { systems: [system] });
  return app;
}
