/** What the tests of the constructs share: an app as cdk.json makes it, without bundles; events; builders. */
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as z from 'zod/mini';
import { AlertTopic, ValidationError } from '../../../lib/constructs/index.ts';
import type { DatabaseConnection, ValidationCode } from '../../../lib/constructs/index.ts';
import { event, service } from '../../../lib/contracts/index.ts';

export const Orders = service('orders');
export const OrderPlaced = event('OrderPlaced', {
  version: '1.0',
  source: 'orders',
  data: z.object({ orderId: z.string(), customer: z.object({ email: z.string() }) }),
  orderingKey: 'orderId',
  pii: ['customer.email'],
  traffic: { peakPerSecond: 300, averageBytes: 900 },
  examples: [{ orderId: 'o-1', customer: { email: 'someone@example.com' } }],
  description: 'A customer has ordered',
});
export const OrderCancelled = event('OrderCancelled', {
  version: '1.0',
  source: 'orders',
  data: z.object({ orderId: z.string() }),
});
export const StockReserved = event('StockReserved', {
  version: '2.1',
  source: 'inventory',
  data: z.object({ sku: z.string() }),
  priority: 'high',
});

export const ENTRY = 'test/lib/constructs/fixtures/handlers/first.ts';

const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

export function testApp(more: Readonly<Record<string, unknown>> = {}): App {
  return new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: {
      ...context,
      'aws:cdk:bundling-stacks': [],
      'aws:cdk:disable-creation-stack-traces': true,
      ...more,
    },
  });
}

/** A stack of an app of its own, with an alert topic. */
export function testStack(): Stack {
  const stack = new Stack(testApp(), 'Test');
  new AlertTopic(stack, 'Alerts');
  return stack;
}

export function aDatabase(stack: Stack): DatabaseConnection {
  return { secret: new Secret(stack, 'DatabaseSecret') };
}

/** The codes of what a construct refuses; empty where it refuses nothing. */
export function codesOf(create: () => unknown): readonly ValidationCode[] {
  try {
    create();
  } catch (error) {
    if (error instanceof ValidationError) return error.codes;
    throw error;
  }
  return [];
}

/** The properties of the only resource of a type whose logical id begins with the prefix. */
export function propertiesOf(template: Template, type: string, prefix: string): Record<string, unknown> {
  const found = Object.entries(template.findResources(type)).filter(([id]) => id.startsWith(prefix));
  if (found.length !== 1) {
    throw new Error(
      `${found.length} resources of type ${type} begin with ${prefix}: ${found.map(([id]) => id).join(', ')}`,
    );
  }
  return (found[0]![1] as { Properties: Record<string, unknown> }).Properties;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** Every statement of every policy attached to the role whose logical id begins with the prefix. */
export function statementsOf(template: Template, rolePrefix: string): readonly Statement[] {
  return Object.values(template.findResources('AWS::IAM::Policy')).flatMap((resource) => {
    const properties = (
      resource as { Properties: { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } } }
    ).Properties;
    return properties.Roles.some(({ Ref }) => Ref.startsWith(rolePrefix))
      ? properties.PolicyDocument.Statement
      : [];
  });
}

/** The statements of the queue policy whose logical id begins with the prefix. */
export function queuePolicyOf(template: Template, prefix: string): readonly Statement[] {
  const { PolicyDocument } = propertiesOf(template, 'AWS::SQS::QueuePolicy', prefix) as {
    PolicyDocument: { Statement: Statement[] };
  };
  return PolicyDocument.Statement;
}

/** The ARN of a resource of the template whose logical id begins so. */
export const reference = (logicalId: string) => ({
  'Fn::GetAtt': [expect.stringMatching(`^${logicalId}`), 'Arn'],
});
