/** D13: who may seal and open, event by event, and that nobody else can. */
import { describe, expect, test } from '@jest/globals';
import type { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Messaging } from '../../../lib/assembly/index.ts';
import { decide, excessOf, needsOf } from '../../../lib/access/index.ts';
import { EventFunction, EventProcess, SealingKey } from '../../../lib/constructs/index.ts';
import { ENTRY, OrderCancelled, OrderPlaced, Orders, testStack } from './support.ts';

function sealing(): { stack: Stack; messaging: () => Messaging } {
  const stack = testStack();
  const key = new SealingKey(stack, 'SealingKey');
  const writer = new EventFunction(stack, 'Writer', { service: Orders, entry: ENTRY });
  const reader = new EventFunction(stack, 'Reader', { entry: ENTRY });
  const blind = new EventFunction(stack, 'Blind', { entry: ENTRY });
  key.grants.seal(writer, [OrderPlaced, OrderCancelled]);
  key.grants.open(reader, [OrderPlaced]);
  key.grants.open(blind, [OrderCancelled]);
  return { stack, messaging: () => messagingOf(readAssembly((stack.node.root as App).synth().directory)) };
}

describe('D13 SealingKey', () => {
  test('a rotated key of its own that no service may use', () => {
    const template = Template.fromStack(sealing().stack);
    template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      Description: 'Personal data in events',
    });
    const keys = Object.values(template.findResources('AWS::KMS::Key')) as {
      Properties: { Description: string; KeyPolicy: object };
    }[];
    const key = keys.find(({ Properties }) => Properties.Description === 'Personal data in events');
    expect(JSON.stringify(key?.Properties.KeyPolicy)).not.toContain('amazonaws.com');
  });

  test('each function may do what it was granted, for its events and for a tenant, and no more', () => {
    const { messaging } = sealing();
    const view = messaging();
    const key = view.keys.find(({ resource }) => resource.constructPath.includes('SealingKey'))!;
    const allowed = (name: string, action: string, keys: Record<string, string>): boolean => {
      const fn = view.functions.find(({ resource }) => resource.constructPath.includes(name))!;
      const role = view.role(fn.roleArn)!;
      return (
        decide(view, { actor: { kind: 'role', role }, action, resourceArn: key.arn, keys }).verdict ===
        'allowed'
      );
    };
    const placed = {
      'kms:EncryptionContext:eventType': 'OrderPlaced',
      'kms:EncryptionContext:tenantId': 'acme',
    };
    expect(allowed('Writer', 'kms:GenerateDataKey', placed)).toBe(true);
    expect(allowed('Reader', 'kms:Decrypt', placed)).toBe(true);

    expect(allowed('Writer', 'kms:Decrypt', placed)).toBe(false);
    expect(allowed('Reader', 'kms:GenerateDataKey', placed)).toBe(false);
    const other = { ...placed, 'kms:EncryptionContext:eventType': 'OrderRefunded' };
    expect(allowed('Reader', 'kms:Decrypt', other)).toBe(false);
    const noTenant = { 'kms:EncryptionContext:eventType': 'OrderPlaced' };
    expect(allowed('Reader', 'kms:Decrypt', noTenant)).toBe(false);
    // Its event has no personal data.
    expect(allowed('Blind', 'kms:Decrypt', placed)).toBe(false);
  });

  test('the grants are needed, all of them, and nothing is granted beyond the need', () => {
    const view = sealing().messaging();
    const ofKey = needsOf(view).filter(({ because }) => because.startsWith('sealed personal data'));
    expect(ofKey.map(({ permission }) => permission.action).sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
    ]);
    expect(ofKey.every(({ permission }) => decide(view, permission).verdict === 'allowed')).toBe(true);
    expect(excessOf(view).map(({ message }) => message)).toEqual([]);
  });

  test('a long-running process may do what it was granted, needs it, and no more', () => {
    const stack = testStack();
    const key = new SealingKey(stack, 'SealingKey');
    const vpc = new Vpc(stack, 'Network');
    const cluster = new Cluster(stack, 'Cluster', { vpc });
    const reader = new EventProcess(stack, 'Reader', { entry: ENTRY, cluster, vpc });
    key.grants.open(reader, [OrderPlaced, OrderCancelled]);
    const view = messagingOf(readAssembly((stack.node.root as App).synth().directory));
    const ofKey = needsOf(view).filter(({ because }) => because.startsWith('sealed personal data'));
    expect(ofKey.map(({ permission }) => [permission.action, permission.keys])).toEqual([
      [
        'kms:Decrypt',
        {
          'kms:EncryptionContext:eventType': 'OrderPlaced',
          'kms:EncryptionContext:tenantId': 'any-tenant',
        },
      ],
    ]);
    expect(ofKey.every(({ permission }) => decide(view, permission).verdict === 'allowed')).toBe(true);
    expect(excessOf(view).map(({ message }) => message)).toEqual([]);
  });

  test('a second grant of a function adds its events', () => {
    const stack = testStack();
    const key = new SealingKey(stack, 'SealingKey');
    const reader = new EventFunction(stack, 'Reader', { entry: ENTRY });
    const Renamed = { ...OrderPlaced, name: 'AddressChanged' as const };
    key.grants.open(reader, [OrderPlaced]);
    key.grants.open(reader, [Renamed]);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { WAYBILL_OPENS: 'AddressChanged,OrderPlaced' } },
    });
  });
});
