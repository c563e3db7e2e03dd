/** Apps with buses of type `custom`, from the construct to the queue: synthesized, deployed, published to with the runtime. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { customEventBusClient } from '../../../../lambda/runtime/aws/custom-event-bus.ts';
import { createPublisher, customEventBusTransport } from '../../../../lambda/runtime/index.ts';
import type { Transport } from '../../../../lambda/runtime/index.ts';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import { callService, manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { decodeCbor, encodeCbor } from '../../../../local/aws/protocols/cbor.ts';
import { roleCaller } from '../../../../local/aws/iam/role-caller.ts';
import { deployAssembly } from '../../../../local/assembly/index.ts';
import type { DeployedAssembly } from '../../../../local/assembly/index.ts';
import { startAws } from '../../../../local/testing/index.ts';
import type { TestAws } from '../../../../local/testing/index.ts';
import {
  encryptedApp,
  orderedApp,
  severalStacksApp,
  TEST_CONTEXT,
} from '../../../lib/constructs/custom-event-bus/apps.ts';
import type { AppOptions } from '../../../lib/constructs/custom-event-bus/apps.ts';
import { OrderPlaced } from '../../../lib/constructs/support.ts';
import { refusal } from './harness.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-custom-bus-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function appOptions(): AppOptions {
  return {
    appProps: {
      outdir: directory,
      analyticsReporting: false,
      builtinCloudFormationValidation: false,
      context: TEST_CONTEXT,
    },
  };
}

const order = (orderId: string, tenantId = 'acme') =>
  createEnvelope(OrderPlaced, { tenantId, data: { orderId, customer: { email: 'a@example.com' } } });

/** The runtime's own transport, over the wire. */
function transportTo(endpoint: string, eventBusArn: string): Transport {
  const client = customEventBusClient({
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  return customEventBusTransport({ eventBusArn, client });
}

/** Any action, as an SDK would call it. */
async function callOverTheWire(
  endpoint: string,
  operation: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${endpoint}/service/AWSEventsV2/operation/${operation}`, {
    method: 'POST',
    body: new Uint8Array(encodeCbor(input, new Set())),
  });
  const answer = decodeCbor(Buffer.from(await response.arrayBuffer())) as Record<string, unknown>;
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

/** The physical id of the resource of this type. */
function physicalId({ resources }: DeployedAssembly, type: string, logicalId = ''): string {
  return resources.find((one) => one.type === type && one.logicalId.startsWith(logicalId))!.physicalId!;
}

describe('published with the runtime', () => {
  let aws: TestAws;
  beforeEach(async () => {
    aws = await startAws({ frozen: true });
  });
  afterEach(() => aws.stop());

  /** Deploys what was synthesized, without its consumers' functions: what comes in stays in the queues. */
  const deploy = async () => {
    withoutMappings();
    const assembly = await aws.deploy(directory);
    return createPublisher({
      contracts: [OrderPlaced],
      transport: transportTo(aws.endpointUrl, physicalId(assembly, 'AWS::EventsV2::EventBus')),
    });
  };

  test('D8 events of one key arrive in order, whatever their number; a repeated publish arrives once', async () => {
    orderedApp(appOptions()).app.synth();
    const publisher = await deploy();
    const envelopes = Array.from({ length: 40 }, (_, index) => order(`o-${index % 4}`));

    const { failed } = await publisher.publishBatch(envelopes);
    await publisher.publishBatch(envelopes.slice(0, 10));
    await aws.settled();

    expect(failed).toEqual([]);
    const arrived = aws.queue('Fulfilment/Queue').messages();
    expect(arrived).toHaveLength(40);
    for (const key of ['o-0', 'o-1', 'o-2', 'o-3']) {
      const expected = envelopes.filter(({ data }) => data.orderId === key).map(({ eventId }) => eventId);
      const ofKey = arrived.filter(({ messageGroupId }) => messageGroupId === `acme#${key}`);
      expect(ofKey.map(({ messageDeduplicationId }) => messageDeduplicationId)).toEqual(expected);
      expect(ofKey.map((message) => message.json())).toEqual(
        envelopes.filter(({ data }) => data.orderId === key),
      );
    }
    expect(aws.queue('Audit/Queue').messages()).toHaveLength(40);
    expect(aws.queue('Audit/Queue').messages()[0]?.messageGroupId).toBe('acme');
    expect(aws.customEventBus('Bus').events()).toHaveLength(40);
    expect(aws.customEventBus('Bus').deliveries()).toHaveLength(80);
    expect(aws.denied()).toEqual([]);
  });

  test('D14 a delivery that is denied is retried for a day, then its record is dead-lettered, in its group', async () => {
    orderedApp(appOptions()).app.synth();
    withoutDeliveryTo('FulfilmentQueue');
    const publisher = await deploy();
    const envelope = order('o-1');

    await publisher.publish(envelope);
    await aws.settled();
    expect(aws.queue('Fulfilment/FromBusDeadLetterQueue').messages()).toEqual([]);
    await aws.clock.advance({ hours: 25 });
    await aws.settled();

    expect(aws.queue('Fulfilment/Queue').messages()).toEqual([]);
    const [record] = aws.queue('Fulfilment/FromBusDeadLetterQueue').messages();
    expect(record).toMatchObject({ messageGroupId: 'acme#o-1' });
    expect(record?.json()).toMatchObject({
      errorCode: 'ACCESS_DENIED',
      failedMessages: [{ eventGroupId: 'acme#o-1', deduplicationId: envelope.eventId }],
    });
    // The other consumer is none the worse.
    expect(aws.queue('Audit/Queue').messages()).toHaveLength(1);
  });

  test('D16 a redrive from the bus with the subscriber’s own settings is marked in the envelope', async () => {
    orderedApp(appOptions()).app.synth();
    withoutMappings();
    const assembly = await aws.deploy(directory);
    const EventBusArn = physicalId(assembly, 'AWS::EventsV2::EventBus');
    const envelope = order('o-1');
    await createPublisher({
      contracts: [OrderPlaced],
      transport: transportTo(aws.endpointUrl, EventBusArn),
    }).publish(envelope);

    const call = (operation: string, input: Readonly<Record<string, unknown>>) =>
      callOverTheWire(aws.endpointUrl, operation, input);
    const SubscriberArn = physicalId(assembly, 'AWS::EventsV2::Subscriber', 'Audit');
    const { InvokeConfiguration, Transformer, FilterConfiguration } = await call('DescribeSubscriber', {
      SubscriberArn,
    });
    await call('CreateSubscriber', {
      Name: 'redrive',
      EventBusArn,
      InvokeConfiguration,
      Transformer,
      FilterConfiguration,
      StartingPosition: 'POINT_IN_TIME',
      PointInTimeConfiguration: { PointType: 'HORIZON' },
    });
    await aws.settled();

    const [live, replayed] = aws.queue('Audit/Queue').messages();
    expect(live?.json()).toEqual(envelope);
    expect(replayed?.json()).toEqual({
      ...envelope,
      metadata: {
        ...envelope.metadata,
        replay: {
          kind: 'replay',
          of: expect.stringMatching(/^Events-Audit-.*-FromBus$/),
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        },
      },
    });
  });

  test('consumers of several stacks', async () => {
    severalStacksApp(appOptions()).app.synth();
    const publisher = await deploy();

    await publisher.publish(order('o-1'));
    await aws.settled();

    for (const consumer of ['BillingFirst', 'BillingSecond', 'ShippingFirst', 'ShippingSecond']) {
      expect(aws.queue(`${consumer}/Queue`).messages()).toHaveLength(1);
    }
    expect(aws.denied()).toEqual([]);
  });
});

describe('under a customer key, policies enforced', () => {
  let aws: EmbeddedAws;
  beforeEach(async () => {
    aws = await startEmbeddedAws({ policies: 'enforced', clock: manualClock(), port: 0 });
  });
  afterEach(() => aws.close());

  const deploy = () => deployAssembly({ assemblyDirectory: directory, aws: aws.context });
  const put = (assembly: DeployedAssembly, role: string, tenantId = 'acme') => {
    const caller = roleCaller(
      `arn:aws:iam::000000000000:role/${physicalId(assembly, 'AWS::IAM::Role', role)}`,
      'session',
    );
    const envelope = order('o-1', tenantId);
    const input = {
      EventBusArn: physicalId(assembly, 'AWS::EventsV2::EventBus'),
      Entries: [
        {
          Source: 'orders',
          DetailType: 'OrderPlaced',
          Detail: JSON.stringify(envelope),
          SystemMetadata: { EventGroupId: 'o-1', DeduplicationId: envelope.eventId },
        },
      ],
    };
    return callService(aws.context, aws.services.eventsv2, 'PutEvents', input, caller);
  };
  const billing = (assembly: DeployedAssembly) => {
    const name = physicalId(assembly, 'AWS::SQS::Queue', 'BillingQueue').split('/').at(-1)!;
    return aws.services.sqs.messages(`arn:aws:sqs:us-east-1:000000000000:${name}`);
  };

  test('a publisher of ours may publish, a consumer may not; events of other tenants stay away', async () => {
    encryptedApp(appOptions()).app.synth();
    withoutMappings();
    const assembly = await deploy();

    expect(await put(assembly, 'ApiRole')).toMatchObject({ FailedEntryCount: 0 });
    // The one has the use of the key by the bus alone, the other by its topic too.
    expect(await put(assembly, 'StockRole', 'initech')).toMatchObject({ FailedEntryCount: 0 });
    expect(await refusal(() => put(assembly, 'BillingHandlerRole'))).toEqual([
      'AccessDeniedException',
      expect.stringContaining('events:PutEvents'),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(billing(assembly).map(({ body }) => (JSON.parse(body) as { tenantId: string }).tenantId)).toEqual([
      'acme',
    ]);
  });

  test('a publisher without the use of the key is refused', async () => {
    encryptedApp(appOptions()).app.synth();
    changeTemplates((text) =>
      text.replaceAll('events.us-east-1.amazonaws.com', 'sqs.us-east-1.amazonaws.com'),
    );
    const assembly = await deploy();

    expect(await refusal(() => put(assembly, 'StockRole'))).toEqual([
      'AccessDeniedException',
      expect.stringContaining('kms:Decrypt'),
    ]);
  });

  test('a key whose policy leaves the service out makes no bus', async () => {
    encryptedApp(appOptions()).app.synth();
    changeTemplates((text) => text.replaceAll('kms:ReEncryptTo', 'kms:ReEncryptFrom'));

    await expect(deploy()).rejects.toThrow(/kms:ReEncryptTo/);
  });
});

function changeTemplates(change: (text: string) => string): void {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.template.json'))) {
    const path = join(directory, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }
}

interface Template {
  Resources: Record<
    string,
    { Type: string; Properties: { PolicyDocument: { Statement: { Resource: unknown }[] } } }
  >;
}

function changeResources(change: (resources: Template['Resources']) => void): void {
  changeTemplates((text) => {
    const template = JSON.parse(text) as Template;
    change(template.Resources);
    return JSON.stringify(template);
  });
}

function withoutMappings(): void {
  changeResources((resources) => {
    for (const [id, { Type }] of Object.entries(resources)) {
      if (Type === 'AWS::Lambda::EventSourceMapping') delete resources[id];
    }
  });
}

/** Takes the queue out of the policy of the role that delivers to it; its dead letters stay allowed. */
function withoutDeliveryTo(queue: string): void {
  changeResources((resources) => {
    for (const [id, { Properties }] of Object.entries(resources)) {
      if (!/DeliveryRoleDefaultPolicy/.test(id)) continue;
      for (const statement of Properties.PolicyDocument.Statement) {
        const allowed = statement.Resource as { 'Fn::GetAtt': [string, string] }[];
        statement.Resource = allowed.filter((one) => !one['Fn::GetAtt'][0].startsWith(queue));
      }
    }
  });
}
