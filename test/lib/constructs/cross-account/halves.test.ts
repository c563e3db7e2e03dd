import { describe, expect, test } from '@jest/globals';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { propertiesOf, queuePolicyOf, reference, statementsOf } from '../support.ts';
import type { Statement } from '../support.ts';
import {
  ABROAD,
  busToOtherAccount,
  HOME,
  OPT_IN,
  publisherInOtherAccount,
  publisherInOtherRegion,
  SHOP,
  topicToOtherAccount,
  topicToOtherAccountAndRegion,
  topicToOtherRegion,
  WAREHOUSE,
} from './apps.ts';

const TOPIC = `arn:aws:sns:${HOME}:${SHOP}:orders`;
const ROOT_OF = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
const KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'];

describe('a topic, and a consumer in another account', () => {
  const stacks = synthesized(topicToOtherAccount());
  const shop = templateOf(stacks, 'Shop');
  const warehouse = templateOf(stacks, 'Warehouse');

  test('the topic lets the account subscribe this queue, and that is all', () => {
    expect(topicStatements(shop)).toContainEqual({
      Sid: `Subscribe${WAREHOUSE}`,
      Effect: 'Allow',
      Action: 'sns:Subscribe',
      Principal: ROOT_OF(WAREHOUSE),
      Resource: { Ref: expect.stringMatching(/^OrdersTopic/) },
      Condition: {
        StringEquals: {
          'sns:Endpoint': expect.stringMatching(`^arn:aws:sqs:${HOME}:${WAREHOUSE}:Warehouse-Fulfilment-`),
          'sns:Protocol': 'sqs',
        },
      },
    });
    expect(topicStatements(shop).filter(({ Effect }) => Effect === 'Allow')).toHaveLength(2);
  });

  test('the owner of the queue subscribes, so that nobody has to confirm, and after the topic is there', () => {
    expect(propertiesOf(warehouse, 'AWS::SNS::Subscription', 'Fulfilment')).toMatchObject({
      TopicArn: TOPIC,
      Endpoint: reference('FulfilmentQueue'),
      RedrivePolicy: { deadLetterTargetArn: reference('FulfilmentFromOrdersDeadLetterQueue') },
    });
    shop.resourceCountIs('AWS::SNS::Subscription', 0);
    expect(stacks.map(({ stackName }) => stackName).toSorted()).toEqual(['Shop', 'Warehouse']);
    expect(dependenciesOf(stacks, 'Warehouse')).toContain('Shop');
  });

  test.each(['FulfilmentQueuePolicy', 'FulfilmentFromOrdersDeadLetterQueuePolicy'])(
    'the queue lets the topic of the other account in: %s',
    (policy) => {
      expect(queuePolicyOf(warehouse, policy)).toContainEqual(
        expect.objectContaining({
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Principal: { Service: 'sns.amazonaws.com' },
          Condition: { ArnEquals: { 'aws:SourceArn': TOPIC } },
        }),
      );
    },
  );

  test('the key of the queue lets SNS use it for topics of the other account, not for its own', () => {
    expect(keyStatements(warehouse, 'Key')).toEqual([
      {
        Sid: 'DeliverFromTopics',
        Effect: 'Allow',
        Action: KEY_ACTIONS,
        Principal: { Service: 'sns.amazonaws.com' },
        Resource: '*',
        Condition: {
          StringEquals: { 'aws:SourceAccount': SHOP },
          ArnLike: { 'aws:SourceArn': `arn:aws:sns:${HOME}:${SHOP}:*` },
        },
      },
    ]);
  });

  test('the key of the topic needs nothing for it: SNS opens the message for its publisher', () => {
    expect(keyStatements(shop, 'Key')).toEqual([]);
  });
});

describe('a topic, and a consumer in another Region', () => {
  const stacks = synthesized(topicToOtherRegion());
  const companion = templateOf(stacks, `Branch-${HOME}`);
  const branch = templateOf(stacks, 'Branch');

  test('subscription, dead letters and their alarm are in the Region of the topic', () => {
    expect(environmentOf(stacks, `Branch-${HOME}`)).toBe(`aws://${SHOP}/${HOME}`);
    expect(propertiesOf(companion, 'AWS::SNS::Subscription', 'Fulfilment')).toMatchObject({
      Endpoint: expect.stringMatching(`^arn:aws:sqs:${ABROAD}:${SHOP}:Branch-Fulfilment-`),
      RedrivePolicy: { deadLetterTargetArn: reference('FulfilmentFromOrdersDeadLetterQueue') },
    });
    branch.resourceCountIs('AWS::SNS::Subscription', 0);
    const { AlarmActions } = propertiesOf(companion, 'AWS::CloudWatch::Alarm', 'Fulfilment') as {
      AlarmActions: unknown;
    };
    expect(AlarmActions).toEqual([
      { 'Fn::GetStackOutput': expect.objectContaining({ StackName: 'Shop', Region: HOME }) },
    ]);
  });

  test('it comes after the queue with its policy, and after the topic', () => {
    expect(dependenciesOf(stacks, `Branch-${HOME}`)).toEqual(expect.arrayContaining(['Branch', 'Shop']));
  });

  test('a key is of one Region: each side has its own, open to the topics of the one', () => {
    for (const template of [branch, companion]) {
      expect(keyStatements(template, 'Key')).toEqual([
        expect.objectContaining({
          Principal: { Service: 'sns.amazonaws.com' },
          Condition: {
            StringEquals: { 'aws:SourceAccount': SHOP },
            ArnLike: { 'aws:SourceArn': `arn:aws:sns:${HOME}:${SHOP}:*` },
          },
        }),
      ]);
    }
    expect(
      propertiesOf(companion, 'AWS::SQS::Queue', 'FulfilmentFromOrdersDeadLetterQueue')['KmsMasterKeyId'],
    ).toEqual(reference('Key'));
  });

  test('W5 to an opt-in Region queue and key name the principal of that Region; its dead letters do not', () => {
    const optIn = synthesized(topicToOtherRegion(OPT_IN));
    const principal = { Service: `sns.${OPT_IN}.amazonaws.com` };
    const there = templateOf(optIn, 'Branch');
    expect(allowedIn(queuePolicyOf(there, 'FulfilmentQueuePolicy'))).toEqual([
      expect.objectContaining({ Principal: principal, Sid: 'DeliverFromTopicsApEast1' }),
    ]);
    expect(keyStatements(there, 'Key')).toEqual([
      expect.objectContaining({ Principal: principal, Sid: 'DeliverFromTopicsApEast1' }),
    ]);
    const here = templateOf(optIn, `Branch-${HOME}`);
    expect(allowedIn(queuePolicyOf(here, 'FulfilmentFromOrdersDeadLetterQueuePolicy'))).toEqual([
      expect.objectContaining({ Principal: { Service: 'sns.amazonaws.com' } }),
    ]);
    expect(keyStatements(here, 'Key')).toEqual([
      expect.objectContaining({ Principal: { Service: 'sns.amazonaws.com' } }),
    ]);
  });
});

test('another account and another Region: the companion is in the account of the consumer', () => {
  const stacks = synthesized(topicToOtherAccountAndRegion());
  expect(environmentOf(stacks, `Warehouse-${HOME}`)).toBe(`aws://${WAREHOUSE}/${HOME}`);
  expect(
    propertiesOf(templateOf(stacks, `Warehouse-${HOME}`), 'AWS::SNS::Subscription', 'Fulfilment'),
  ).toMatchObject({
    TopicArn: TOPIC,
    Endpoint: expect.stringMatching(`^arn:aws:sqs:${ABROAD}:${WAREHOUSE}:`),
  });
  expect(topicStatements(templateOf(stacks, 'Shop'))).toContainEqual(
    expect.objectContaining({
      Principal: ROOT_OF(WAREHOUSE),
      Condition: {
        StringEquals: {
          'sns:Endpoint': expect.stringMatching(`^arn:aws:sqs:${ABROAD}:${WAREHOUSE}:`),
          'sns:Protocol': 'sqs',
        },
      },
    }),
  );
});

describe('a bus, and a consumer in another account', () => {
  const stacks = synthesized(busToOtherAccount());
  const companion = templateOf(stacks, `Warehouse-${SHOP}`);
  const warehouse = templateOf(stacks, 'Warehouse');
  const { RoleName: roleName } = propertiesOf(companion, 'AWS::IAM::Role', 'Fulfilment');
  const roleArn = `arn:aws:iam::${SHOP}:role/${String(roleName)}`;
  const queueArn = expect.stringMatching(`^arn:aws:sqs:${HOME}:${WAREHOUSE}:Warehouse-Fulfilment-`);

  test('rules and their dead letters are in the account of the bus, and deliver in a role', () => {
    expect(environmentOf(stacks, `Warehouse-${SHOP}`)).toBe(`aws://${SHOP}/${HOME}`);
    for (const [source, id] of [
      ['orders', 'FulfilmentFromBusOrders'],
      ['inventory', 'FulfilmentFromBusInventory'],
    ] as const) {
      expect(propertiesOf(companion, 'AWS::Events::Rule', id)).toMatchObject({
        State: 'ENABLED',
        EventPattern: { source: [source] },
        Targets: [
          {
            Arn: queueArn,
            RoleArn: reference('FulfilmentFromBusRole'),
            DeadLetterConfig: { Arn: reference(`${id}DeadLetterQueue`) },
          },
        ],
      });
    }
    warehouse.resourceCountIs('AWS::Events::Rule', 0);
    expect(dependenciesOf(stacks, `Warehouse-${SHOP}`)).toEqual(
      expect.arrayContaining(['Warehouse', 'Shop']),
    );
  });

  test('only rules of the bus get the role, and it may do no more than send to the queue', () => {
    const { AssumeRolePolicyDocument: trust } = propertiesOf(companion, 'AWS::IAM::Role', 'Fulfilment') as {
      AssumeRolePolicyDocument: { Statement: Statement[] };
    };
    expect(trust.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: {
          StringEquals: { 'aws:SourceAccount': SHOP },
          ArnLike: {
            'aws:SourceArn': [expect.stringMatching(`^arn:aws:events:${HOME}:${SHOP}:rule/Shop-Bus-.*/\\*$`)],
          },
        },
      },
    ]);
    expect(statementsOf(companion, 'FulfilmentFromBusRole')).toEqual([
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn },
      {
        Effect: 'Allow',
        Action: KEY_ACTIONS,
        Resource: `arn:aws:kms:${HOME}:${WAREHOUSE}:key/*`,
        Condition: {
          StringEquals: {
            'kms:ViaService': `sqs.${HOME}.amazonaws.com`,
            'kms:EncryptionContext:aws:sqs:arn': queueArn,
          },
        },
      },
    ]);
  });

  test('the queue and its key let this role of the other account in, and no service', () => {
    expect(allowedIn(queuePolicyOf(warehouse, 'FulfilmentQueuePolicy'))).toEqual([
      {
        Sid: expect.stringMatching(/^DeliverFrom[0-9a-f]{8}$/),
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Principal: ROOT_OF(SHOP),
        Resource: reference('FulfilmentQueue'),
        Condition: { ArnEquals: { 'aws:PrincipalArn': roleArn } },
      },
    ]);
    expect(keyStatements(warehouse, 'Key')).toEqual([
      {
        Effect: 'Allow',
        Action: KEY_ACTIONS,
        Principal: ROOT_OF(SHOP),
        Resource: '*',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': roleArn },
          StringEquals: { 'kms:ViaService': `sqs.${HOME}.amazonaws.com` },
        },
      },
    ]);
  });

  test('a rule waits for what its role may do: an event before that is denied', () => {
    const rules = Object.values(companion.findResources('AWS::Events::Rule'));
    expect(rules).toHaveLength(2);
    for (const rule of rules) {
      expect(rule).toHaveProperty(
        'DependsOn',
        expect.arrayContaining([expect.stringMatching(/^FulfilmentFromBusRoleDefaultPolicy/)]),
      );
    }
  });
});

describe('a publisher in another account than topic and bus', () => {
  const stacks = synthesized(publisherInOtherAccount());
  const shop = templateOf(stacks, 'Shop');
  const warehouse = templateOf(stacks, 'Warehouse');
  const { RoleName: roleName } = propertiesOf(shop, 'AWS::IAM::Role', 'ApiRole');
  const condition = { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${SHOP}:role/${String(roleName)}` } };

  test('its role may publish, and use keys of the other account by way of SNS', () => {
    const statements = statementsOf(shop, 'ApiRole');
    expect(statements).toEqual([
      expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
      {
        Effect: 'Allow',
        Action: KEY_ACTIONS,
        Resource: `arn:aws:kms:${HOME}:${WAREHOUSE}:key/*`,
        Condition: {
          StringEquals: {
            'kms:ViaService': `sns.${HOME}.amazonaws.com`,
            'kms:EncryptionContext:aws:sns:topicArn': `arn:aws:sns:${HOME}:${WAREHOUSE}:orders`,
          },
        },
      },
      { Effect: 'Allow', Action: 'sns:Publish', Resource: `arn:aws:sns:${HOME}:${WAREHOUSE}:orders` },
      {
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: expect.stringMatching(`^arn:aws:events:${HOME}:${WAREHOUSE}:event-bus/Warehouse-Bus-`),
      },
    ]);
  });

  test('topic, bus and key let this role in', () => {
    const mine = { Effect: 'Allow', Principal: ROOT_OF(SHOP) };
    expect(topicStatements(warehouse)).toContainEqual(
      expect.objectContaining({ ...mine, Action: 'sns:Publish', Condition: condition }),
    );
    expect(propertiesOf(warehouse, 'AWS::Events::EventBusPolicy', 'Bus')['Statement']).toMatchObject({
      ...mine,
      Action: 'events:PutEvents',
      Condition: condition,
    });
    expect(keyStatements(warehouse, 'Key')).toEqual([
      expect.objectContaining({
        ...mine,
        Action: KEY_ACTIONS,
        Condition: {
          ...condition,
          StringEquals: { 'kms:ViaService': `sns.${HOME}.amazonaws.com` },
        },
      }),
    ]);
  });

  test('its runtime is told the ARNs', () => {
    const { Environment } = propertiesOf(shop, 'AWS::Lambda::Function', 'ApiFunction') as {
      Environment: { Variables: { WAYBILL_PUBLISH_ROUTES: string } };
    };
    expect(JSON.parse(Environment.Variables.WAYBILL_PUBLISH_ROUTES)).toEqual([
      expect.objectContaining({ source: 'orders', target: `arn:aws:sns:${HOME}:${WAREHOUSE}:orders` }),
      expect.objectContaining({
        source: 'inventory',
        target: expect.stringContaining(`:${WAREHOUSE}:event-bus/`),
      }),
    ]);
  });
});

test('a publisher in another Region of the account needs its own half alone', () => {
  const stacks = synthesized(publisherInOtherRegion());
  const branch = templateOf(stacks, 'Branch');
  expect(statementsOf(templateOf(stacks, 'Shop'), 'ApiRole').slice(1)).toEqual([
    expect.objectContaining({
      Action: KEY_ACTIONS,
      Resource: `arn:aws:kms:${ABROAD}:${SHOP}:key/*`,
      Condition: {
        StringEquals: {
          'kms:ViaService': `sns.${ABROAD}.amazonaws.com`,
          'kms:EncryptionContext:aws:sns:topicArn': `arn:aws:sns:${ABROAD}:${SHOP}:orders`,
        },
      },
    }),
    expect.objectContaining({ Action: 'sns:Publish', Resource: `arn:aws:sns:${ABROAD}:${SHOP}:orders` }),
    expect.objectContaining({
      Action: 'events:PutEvents',
      Resource: expect.stringMatching(`^arn:aws:events:${ABROAD}:${SHOP}:event-bus/`),
    }),
  ]);
  branch.resourceCountIs('AWS::Events::EventBusPolicy', 0);
  expect(allowedIn(topicStatements(branch))).toHaveLength(1);
  expect(keyStatements(branch, 'Key')).toEqual([]);
});

function synthesized(app: App): readonly CloudFormationStackArtifact[] {
  return app.synth().stacks;
}

function stackNamed(stacks: readonly CloudFormationStackArtifact[], name: string) {
  const found = stacks.find(({ stackName }) => stackName === name);
  if (found === undefined)
    throw new Error(`no stack ${name} in ${stacks.map((s) => s.stackName).join(', ')}`);
  return found;
}

function templateOf(stacks: readonly CloudFormationStackArtifact[], name: string): Template {
  return Template.fromJSON(stackNamed(stacks, name).template as Record<string, unknown>);
}

function environmentOf(stacks: readonly CloudFormationStackArtifact[], name: string): string {
  return stackNamed(stacks, name).environment.name;
}

function dependenciesOf(stacks: readonly CloudFormationStackArtifact[], name: string): readonly string[] {
  return stackNamed(stacks, name).dependencies.map(({ id }) => id);
}

function allowedIn(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter(({ Effect }) => Effect === 'Allow');
}

function topicStatements(template: Template): readonly Statement[] {
  const { PolicyDocument } = propertiesOf(template, 'AWS::SNS::TopicPolicy', 'Orders') as {
    PolicyDocument: { Statement: Statement[] };
  };
  return PolicyDocument.Statement;
}

/** Without the first, which lets the account's own identities in. */
function keyStatements(template: Template, key: string): readonly Statement[] {
  const { KeyPolicy } = propertiesOf(template, 'AWS::KMS::Key', key) as {
    KeyPolicy: { Statement: Statement[] };
  };
  return KeyPolicy.Statement.slice(1);
}
