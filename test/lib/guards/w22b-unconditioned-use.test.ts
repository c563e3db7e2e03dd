import { describe, expect, test } from '@jest/globals';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  AlertTopic,
  ControlsTable,
  EventFunction,
  MessagingKey,
  SealingKey,
} from '../../../lib/constructs/index.ts';
import { unconditionedUse } from '../../../lib/guards/w22b-unconditioned-use.ts';
import { ENTRY, OrderPlaced } from '../constructs/support.ts';
import { findingsOf, plainStack } from './support.ts';

const CONTEXT = { 'aws:cdk:bundling-stacks': [] };

/** A function with its part of a table of controls, and what else its role may do. */
function functionWith(grant: (of: { table: string; key: string }) => PolicyStatement | undefined) {
  return plainStack((stack) => {
    new AlertTopic(stack, 'Alerts');
    const key = new MessagingKey(stack, 'Key');
    const controls = new ControlsTable(stack, 'Controls', { encryptionKey: key });
    const fn = new EventFunction(stack, 'Function', { entry: ENTRY });
    controls.connect(fn, { dependencies: ['payments'], consumer: undefined });
    const statement = grant({ table: controls.table.tableArn, key: key.keyArn });
    if (statement !== undefined) fn.role.addToPolicy(statement);
  }, CONTEXT);
}

const FOUND = 'Plain/Function/Role/DefaultPolicy PolicyDocument';

describe('W22B a role uses keys and tables only as its code does', () => {
  test.each<[string, (of: { table: string; key: string }) => PolicyStatement | undefined, readonly string[]]>(
    [
      ['what the construct grants', () => undefined, []],
      [
        'rows of every partition',
        ({ table }) => new PolicyStatement({ actions: ['dynamodb:GetItem'], resources: [table] }),
        [FOUND],
      ],
      [
        'rows of a partition, and requests that name none',
        ({ table }) =>
          new PolicyStatement({
            actions: ['dynamodb:Query'],
            resources: [table],
            conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['switches'] } },
          }),
        [FOUND],
      ],
      [
        'the key for whatever service',
        ({ key }) => new PolicyStatement({ actions: ['kms:Decrypt'], resources: [key] }),
        [FOUND],
      ],
      [
        'the key through DynamoDB',
        ({ key }) =>
          new PolicyStatement({
            actions: ['kms:Decrypt'],
            resources: [key],
            conditions: { StringEquals: { 'kms:ViaService': 'dynamodb.eu-west-1.amazonaws.com' } },
          }),
        [],
      ],
      [
        'another action, of which nothing is known',
        ({ table }) => new PolicyStatement({ actions: ['dynamodb:Scan'], resources: [table] }),
        [],
      ],
    ],
  )('%s', (_, grant, expected) => {
    expect(findingsOf(unconditionedUse, functionWith(grant))).toEqual(expected);
  });

  test.each<[string, Readonly<Record<string, unknown>> | undefined, readonly string[]]>([
    ['what the sealing key grants', undefined, []],
    ['the sealing key for every type of event', {}, [FOUND]],
    [
      'the sealing key for every type of event of a tenant',
      { Null: { 'kms:EncryptionContext:tenantId': 'false' } },
      [FOUND],
    ],
    [
      'the sealing key for the type that it opens',
      { StringEquals: { 'kms:EncryptionContext:eventType': OrderPlaced.name } },
      [],
    ],
  ])('%s', (_, conditions, expected) => {
    const messaging = plainStack((stack) => {
      new AlertTopic(stack, 'Alerts');
      const sealing = new SealingKey(stack, 'Sealing');
      const fn = new EventFunction(stack, 'Function', { entry: ENTRY });
      sealing.grants.open(fn, [OrderPlaced]);
      if (conditions === undefined) return;
      const { keyArn } = sealing.key;
      fn.role.addToPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources: [keyArn], conditions }));
    }, CONTEXT);

    expect(findingsOf(unconditionedUse, messaging)).toEqual(expected);
  });
});
