/** What crosses accounts and Regions, and what goes over a Custom Event Bus, is proven whole, and its mistakes are found. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Json } from '../../../lib/assembly/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import * as places from '../constructs/cross-account/apps.ts';
import * as buses from '../constructs/custom-event-bus/apps.ts';
import { broken, changed, countsOf } from './support.ts';

beforeEach(() => {
  // Synth prints the warnings that some of these apps are about.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const read = (app: App): Assembly => readAssembly(app.synth().directory);

describe('everything is proven, privilege included', () => {
  test.each<[string, () => App]>([
    ['a topic of another account', places.topicToOtherAccount],
    ['a topic of another Region', places.topicToOtherRegion],
    ['a topic and a queue of an opt-in Region', () => places.topicToOtherRegion(places.OPT_IN)],
    ['a topic of another account and Region', places.topicToOtherAccountAndRegion],
    ['a bus of another account', places.busToOtherAccount],
    ['a publisher in another account', places.publisherInOtherAccount],
    ['a publisher in another Region', places.publisherInOtherRegion],
    ['a bus with a replica that stands by', () => places.busWithReplica()],
    ['a bus with an active replica', () => places.busWithReplica({ active: true })],
    [
      'a replica in another account',
      () => places.busWithReplica({ active: true, account: places.WAREHOUSE }),
    ],
    ['a Custom Event Bus with an ordered consumer', () => buses.orderedApp().app],
    ['a Custom Event Bus under a key', () => buses.encryptedApp().app],
    ['a Custom Event Bus with consumers in other stacks', () => buses.severalStacksApp().app],
  ])('%s', (_, create) => {
    const proofs = proveAssembly(read(create()));

    expect(broken(proofs)).toEqual([]);
    const counts = countsOf(proofs);
    expect(counts.publish).toBeGreaterThanOrEqual(1);
    expect(counts.delivery).toBeGreaterThanOrEqual(5);
    expect(counts.privilege).toBeGreaterThanOrEqual(3);
  });
});

describe('between accounts', () => {
  const assembly = (): Assembly => read(places.topicToOtherAccount());

  test('a topic that lets the other account not subscribe', () => {
    const without = changed(assembly(), 'AWS::SNS::TopicPolicy', 'Orders', (properties) =>
      withoutStatements(properties, 'sns:Subscribe'),
    );

    expect(broken(proveAssembly(without))).toContainEqual(
      expect.stringMatching(
        /the topic policy of Shop\/Orders\/Topic does not allow role Warehouse\/\S+ sns:Subscribe on .*add to the topic policy: \{"Effect":"Allow","Principal":\{"AWS":"arn:aws:iam::222222222222:/,
      ),
    );
  });

  test('a key of the consumer that does not let the topic in', () => {
    const without = changed(assembly(), 'AWS::KMS::Key', 'Key', (properties) =>
      withoutStatements(properties, 'kms:GenerateDataKey'),
    );

    expect(broken(proveAssembly(without))).toContainEqual(
      expect.stringContaining('the key policy of Warehouse/Key does not allow sns.amazonaws.com for'),
    );
  });
});

describe('a replica', () => {
  test('that stands by and is switched on handles every event in both Regions', () => {
    const on = changed(
      read(places.busWithReplica()),
      'AWS::Events::Rule',
      'BillingFromBus',
      ({ State: _removed, ...others }) => others,
    );

    expect(broken(proveAssembly(on))).toContainEqual(
      expect.stringContaining(
        'WAYBILL_PROOF_SETTING_DIFFERS: [Standby/Billing/FromBusOrders] it is enabled, and declared as standing by',
      ),
    );
  });

  test('to which not everything is forwarded', () => {
    const narrowed = changed(
      read(places.busWithReplica()),
      'AWS::Events::Rule',
      'BusForwarding',
      (properties) => ({ ...properties, EventPattern: { source: ['nobody'] } }),
    );

    expect(broken(proveAssembly(narrowed))).toContainEqual(
      expect.stringMatching(
        /everything that is published to Primary\/Bus is forwarded to Standby\/Bus: WAYBILL_PROOF_FILTERED_OUT/,
      ),
    );
  });

  test('whose forwarding role may not put events', () => {
    const without = changed(read(places.busWithReplica()), 'AWS::IAM::Policy', '', (properties) =>
      withoutStatements(properties, 'events:PutEvents'),
    );

    expect(broken(proveAssembly(without))).toContainEqual(
      expect.stringMatching(/is forwarded to Standby\/Bus: WAYBILL_PROOF_PERMISSION_MISSING/),
    );
  });
});

describe('a Custom Event Bus', () => {
  const SUBSCRIBER = 'AWS::EventsV2::Subscriber';

  test.each<
    [string, string, string, (properties: Record<string, Json>) => Record<string, Json> | undefined, RegExp]
  >([
    [
      'a filter on another source',
      SUBSCRIBER,
      'Fulfilment',
      (properties) => ({
        ...properties,
        FilterConfiguration: { Filters: [{ Scope: 'SYSTEM_METADATA', Pattern: '{"aws:Source":["x"]}' }] },
      }),
      /WAYBILL_PROOF_FILTERED_OUT: \[Events\/Fulfilment\/FromBus\].*the filters SYSTEM_METADATA .*correct FilterConfiguration/,
    ],
    [
      'a filter that lets everything through',
      SUBSCRIBER,
      'Audit',
      (properties) => ({
        ...properties,
        FilterConfiguration: { Filters: [{ Scope: 'DATA', Pattern: '{"source":["orders"]}' }] },
      }),
      /WAYBILL_PROOF_LET_THROUGH: \[Events\/Audit\/FromBus\] it lets OrderCancelled through/,
    ],
    [
      'a wildcard, which subscribers refuse',
      SUBSCRIBER,
      'Audit',
      (properties) => ({
        ...properties,
        FilterConfiguration: { Filters: [{ Scope: 'DATA', Pattern: '{"source":[{"wildcard":"or*"}]}' }] },
      }),
      /WAYBILL_PROOF_UNKNOWN: \[Events\/Audit\/FromBus\].*AWS refuses the filters/,
    ],
    [
      'no transformer: the consumer gets the event and not the envelope',
      SUBSCRIBER,
      'Audit',
      ({ Transformer: _removed, ...others }) => others,
      /WAYBILL_PROOF_MESSAGE_CHANGED/,
    ],
    [
      'no dead-letter queue',
      SUBSCRIBER,
      'Audit',
      ({ OnFailureConfiguration: _removed, ...others }) => others,
      /WAYBILL_PROOF_NO_FAILURE_DESTINATION: \[Events\/Audit\/FromBus\] what cannot be delivered .* is lost; give it a dead-letter queue \(OnFailureConfiguration\)/,
    ],
    [
      "retries left to the service's five minutes",
      SUBSCRIBER,
      'Audit',
      ({ RetryPolicy: _removed, ...others }) => others,
      /WAYBILL_PROOF_SETTING_DIFFERS: \[Events\/Audit\/FromBus\] how often and how long it retries is left to the service; set RetryPolicy.MaxEventAgeInSeconds/,
    ],
    [
      'a role that EventBridge may not take',
      'AWS::IAM::Role',
      'AuditFromBusDeliveryRole',
      (properties) => ({
        ...properties,
        AssumeRolePolicyDocument: {
          Statement: [
            { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'sns.amazonaws.com' } },
          ],
        },
      }),
      /the trust policy of Events\/Audit\/FromBusDeliveryRole does not allow events\.amazonaws\.com/,
    ],
    [
      'a role that may not send',
      'AWS::IAM::Policy',
      'AuditFromBusDeliveryRole',
      () => undefined,
      /the identity policy of Events\/Audit\/FromBusDeliveryRole does not allow role Events\/Audit\/FromBusDeliveryRole sqs:SendMessage/,
    ],
    [
      'a bus that keeps less than declared',
      'AWS::EventsV2::EventBus',
      'Bus',
      (properties) => ({ ...properties, StorageConfiguration: { RetentionPeriodInDays: 1 } }),
      /RetentionPeriodInDays is 1, and declared as 7/,
    ],
  ])('%s', (_, type, prefix, change, message) => {
    const assembly = changed(read(buses.orderedApp().app), type, prefix, change);

    expect(broken(proveAssembly(assembly))).toContainEqual(expect.stringMatching(message));
  });

  test('a FIFO subscriber whose dead-letter queue is not', () => {
    const whole = read(buses.orderedApp().app);
    const standard = whole.resources.find(
      ({ constructPath }) => constructPath === 'Events/Audit/FromBusDeadLetterQueue',
    );
    const assembly = changed(whole, SUBSCRIBER, 'Fulfilment', (properties) => ({
      ...properties,
      OnFailureConfiguration: { Arn: standard?.arn ?? '' },
    }));

    expect(broken(proveAssembly(assembly))).toContainEqual(
      expect.stringMatching(
        /FAILURE_DESTINATION_UNFIT: \[Events\/Fulfilment\/FromBus\] its dead-letter queue Events\/Audit\/FromBusDeadLetterQueue is standard; make it FIFO/,
      ),
    );
  });

  test('a publisher without the key of the bus', () => {
    const assembly = changed(read(buses.encryptedApp().app), 'AWS::IAM::Policy', 'StockRole', (properties) =>
      withoutStatements(properties, 'kms:Decrypt'),
    );

    expect(broken(proveAssembly(assembly))).toContainEqual(
      expect.stringMatching(
        /StockReserved of inventory: Events\/Stock publishes to Events\/Bus: WAYBILL_PROOF_PERMISSION_MISSING: .*kms:Decrypt/,
      ),
    );
  });
});

/** Without the statements of a policy or key that allow an action. */
function withoutStatements(properties: Record<string, Json>, action: string): Record<string, Json> {
  const name = properties['KeyPolicy'] === undefined ? 'PolicyDocument' : 'KeyPolicy';
  const document = properties[name] as { readonly Statement: readonly Record<string, Json>[] };
  return {
    ...properties,
    [name]: {
      ...document,
      Statement: document.Statement.filter(
        (statement) => ![statement['Action'] ?? []].flat().includes(action),
      ),
    },
  };
}
