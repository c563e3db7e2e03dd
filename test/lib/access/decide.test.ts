/** Who may do what, from every policy that bears on it; and what is not known is not guessed. */
import { describe, expect, test } from '@jest/globals';
import { accessOf, decide, decideTrust, deliveriesOf, excessOf, needsOf } from '../../../lib/access/index.ts';
import type { Access, Actor } from '../../../lib/access/index.ts';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Messaging, Template } from '../../../lib/assembly/index.ts';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';

function messaging(resources: Record<string, object>, others: Record<string, object> = {}): Messaging {
  const stack = (stackName: string, account: string, Resources: object) => ({
    stackName,
    account,
    region: 'eu-west-1',
    template: { Resources } as unknown as Template,
  });
  return messagingOf(assemblyOf([stack('Here', ACCOUNT, resources), stack('There', OTHER, others)]));
}

const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const statement = (more: object) => ({ Effect: 'Allow', Resource: '*', ...more });
const role = (policies: readonly object[], more: object = {}) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    },
    Policies: [{ PolicyName: 'Inline', PolicyDocument: { Statement: policies } }],
    ...more,
  },
});
const queuePolicy = (queue: string, ...statements: object[]) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: { Queues: [{ Ref: queue }], PolicyDocument: { Statement: statements } },
});

/** The verdict, with the reason where there is one. */
function verdictOf(access: Access): string {
  if (access.verdict === 'allowed') return 'allowed';
  return access.verdict === 'unknown' ? `unknown: ${access.because}` : `denied: ${access.refusal.message}`;
}

function mayRole(
  all: Messaging,
  name: string,
  action: string,
  on: 'queue' | 'topic' | 'key' = 'queue',
): string {
  const found = all.roles.find(({ resource }) => resource.logicalId === name);
  const target = { queue: all.queues[0], topic: all.topics[0], key: all.keys[0] }[on];
  if (found === undefined || target === undefined) throw new Error('nothing to ask about');
  return verdictOf(decide(all, { actor: { kind: 'role', role: found }, action, resourceArn: target.arn }));
}

function mayService(
  all: Messaging,
  actor: Omit<Extract<Actor, { kind: 'service' }>, 'kind'>,
  action: string,
): string {
  const target = all.queues[0] ?? all.topics[0];
  return verdictOf(
    decide(all, { actor: { kind: 'service', ...actor }, action, resourceArn: target?.arn ?? '' }),
  );
}

const QUEUE = { Type: 'AWS::SQS::Queue' };

describe('a role', () => {
  test('of the account needs its own policy, or the queue to name it', () => {
    const all = messaging({
      Queue: QUEUE,
      Sender: role([statement({ Action: 'sqs:SendMessage', Resource: arn('Queue') })]),
      Named: role([]),
      Nobody: role([]),
      Policy: queuePolicy(
        'Queue',
        statement({ Action: 'sqs:SendMessage', Principal: { AWS: arn('Named') } }),
      ),
    });

    expect(mayRole(all, 'Sender', 'sqs:SendMessage')).toBe('allowed');
    expect(mayRole(all, 'Named', 'sqs:SendMessage')).toBe('allowed');
    expect(mayRole(all, 'Nobody', 'sqs:SendMessage')).toMatch(
      /^denied: the identity policy of Here\/Nobody does not/,
    );
    expect(mayRole(all, 'Sender', 'sqs:ReceiveMessage')).toMatch(/^denied/);
  });

  test('of another account needs both', () => {
    const allow = statement({ Action: 'sqs:SendMessage' });
    const policy = queuePolicy('Queue', statement({ Action: 'sqs:SendMessage', Principal: { AWS: OTHER } }));

    expect(
      mayRole(
        messaging({ Queue: QUEUE, Policy: policy }, { Sender: role([allow]) }),
        'Sender',
        'sqs:SendMessage',
      ),
    ).toBe('allowed');
    expect(
      mayRole(messaging({ Queue: QUEUE }, { Sender: role([allow]) }), 'Sender', 'sqs:SendMessage'),
    ).toMatch(/^denied: the queue policy of Here\/Queue does not allow role There\/Sender/);
    expect(
      mayRole(messaging({ Queue: QUEUE, Policy: policy }, { Sender: role([]) }), 'Sender', 'sqs:SendMessage'),
    ).toMatch(/^denied: the identity policy of There\/Sender/);
  });

  test('is denied by whoever denies', () => {
    const all = messaging({
      Queue: QUEUE,
      Sender: role([
        statement({ Action: 'sqs:*' }),
        { Effect: 'Deny', Sid: 'No', Action: 'sqs:SendMessage', Resource: '*' },
      ]),
    });

    expect(mayRole(all, 'Sender', 'sqs:SendMessage')).toMatch(
      /^denied: the identity policy of Here\/Sender denies .* \(statement No\)$/,
    );
  });

  test("of AWS's own policies has what they allow; of a policy elsewhere it is not known", () => {
    const managed = (name: string) => ({ ManagedPolicyArns: [name] });
    const all = messaging({
      Queue: QUEUE,
      Poller: role([], managed('arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole')),
      Other: role([], managed(`arn:aws:iam::${ACCOUNT}:policy/elsewhere`)),
    });

    expect(mayRole(all, 'Poller', 'sqs:ReceiveMessage')).toBe('allowed');
    expect(mayRole(all, 'Poller', 'sqs:SendMessage')).toMatch(/^denied/);
    expect(mayRole(all, 'Other', 'sqs:ReceiveMessage')).toMatch(
      /^unknown: policies that are not in the assembly: .*elsewhere$/,
    );
  });

  test('uses a key only where the key lets the account in', () => {
    const allow = statement({ Action: 'kms:Decrypt' });
    const key = (...statements: object[]) => ({
      Type: 'AWS::KMS::Key',
      Properties: statements.length === 0 ? {} : { KeyPolicy: { Statement: statements } },
    });
    const closed = key(statement({ Action: 'kms:*', Principal: { AWS: `arn:aws:iam::${OTHER}:root` } }));

    expect(mayRole(messaging({ Key: key(), User: role([allow]) }), 'User', 'kms:Decrypt', 'key')).toBe(
      'allowed',
    );
    expect(mayRole(messaging({ Key: key(), User: role([]) }), 'User', 'kms:Decrypt', 'key')).toMatch(
      /identity policy/,
    );
    expect(mayRole(messaging({ Key: closed, User: role([allow]) }), 'User', 'kms:Decrypt', 'key')).toMatch(
      /^denied: the key policy of Here\/Key does not allow/,
    );
  });
});

describe('a service', () => {
  const sns = { service: 'sns.amazonaws.com', sourceArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:orders` };
  const letIn = (condition: object) =>
    messaging({
      Queue: QUEUE,
      Policy: queuePolicy(
        'Queue',
        statement({
          Action: 'sqs:SendMessage',
          Principal: { Service: 'sns.amazonaws.com' },
          Condition: condition,
        }),
      ),
    });

  test.each<[string, object, string]>([
    ['its ARN', { ArnEquals: { 'aws:SourceArn': sns.sourceArn } }, 'allowed'],
    ['a pattern', { ArnLike: { 'AWS:SourceArn': 'arn:aws:sns:*:*:orders' } }, 'allowed'],
    ['its account', { StringEquals: { 'aws:SourceAccount': ACCOUNT } }, 'allowed'],
    ['TLS', { Bool: { 'aws:SecureTransport': 'true' } }, 'allowed'],
    ['another ARN', { ArnEquals: { 'aws:SourceArn': `${sns.sourceArn}-2` } }, 'denied'],
    ['another account', { StringEquals: { 'aws:SourceAccount': OTHER } }, 'denied'],
    ['an identity', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/*' } }, 'denied'],
  ])('by a condition on %s', (_, condition, verdict) => {
    expect(mayService(letIn(condition), sns, 'sqs:SendMessage').split(':')[0]).toBe(verdict);
  });

  test('whose source only AWS knows, or of a queue elsewhere, is not known', () => {
    const all = letIn({});
    const imported = messaging({
      Topic: { Type: 'Custom::X', Properties: { value: { 'Fn::ImportValue': 'x' } } },
    });
    const value = imported.assembly.resources[0]?.properties['value'] as string;

    expect(mayService(all, { ...sns, sourceArn: value }, 'sqs:SendMessage')).toMatch(/^unknown: the source/);
    expect(
      verdictOf(
        decide(all, {
          actor: { kind: 'service', ...sns },
          action: 'sqs:SendMessage',
          resourceArn: `arn:aws:sqs:eu-west-1:${OTHER}:elsewhere`,
        }),
      ),
    ).toMatch(/^unknown: the policy of arn:aws:sqs:\S+ is not in the assembly$/);
  });

  test('and the policy that every new topic has: alarms of the account, until another policy replaces it', () => {
    const cloudwatch = {
      service: 'cloudwatch.amazonaws.com',
      sourceArn: `arn:aws:cloudwatch:eu-west-1:${ACCOUNT}:alarm:a`,
    };
    const rule = { service: 'events.amazonaws.com', sourceArn: `arn:aws:events:eu-west-1:${ACCOUNT}:rule/r` };
    const topic = { Topic: { Type: 'AWS::SNS::Topic' } };
    const tls = {
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Topic' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Deny',
                Principal: '*',
                Action: 'sns:Publish',
                Resource: '*',
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      },
    };

    expect(mayService(messaging(topic), cloudwatch, 'sns:Publish')).toBe('allowed');
    expect(mayService(messaging(topic), rule, 'sns:Publish')).toMatch(/^denied/);
    expect(mayService(messaging({ ...topic, ...tls }), cloudwatch, 'sns:Publish')).toMatch(/^denied/);
  });
});

test('trust: the service, and its conditions on the source', () => {
  const trusting = (condition: object) =>
    messaging({
      Role: role([], {
        AssumeRolePolicyDocument: {
          Statement: [
            {
              Effect: 'Allow',
              Action: 'sts:AssumeRole',
              Principal: { Service: 'scheduler.amazonaws.com' },
              Condition: condition,
            },
          ],
        },
      }),
    }).roles[0]!;
  const group = `arn:aws:scheduler:eu-west-1:${ACCOUNT}:schedule-group/default`;
  const verdict = (condition: object, service = 'scheduler.amazonaws.com') =>
    decideTrust(trusting(condition), service, group).verdict;

  expect(verdict({})).toBe('allowed');
  expect(verdict({ ArnEquals: { 'aws:SourceArn': group } })).toBe('allowed');
  expect(verdict({ StringEquals: { 'aws:SourceAccount': OTHER } })).toBe('denied');
  expect(verdict({}, 'events.amazonaws.com')).toBe('denied');
});

describe('what nothing needs', () => {
  const app = (statements: readonly object[]): Messaging =>
    messaging({
      Queue: QUEUE,
      Role: role(statements),
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: { Role: arn('Role'), LoggingConfig: { LogGroup: 'logs' } },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: arn('Queue'), FunctionName: { Ref: 'Function' } },
      },
    });
  const polling = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

  test('the needs of a mapping and of its function', () => {
    const needs = needsOf(app([])).map(({ permission: { action } }) => action);

    expect(new Set(needs)).toEqual(
      new Set([...polling, 'sts:AssumeRole', 'logs:CreateLogStream', 'logs:PutLogEvents']),
    );
  });

  test('code of others is not judged: what it does with its role is not known', () => {
    expect(excessOf(app([statement({ Action: ['sqs:SendMessage'], Resource: arn('Queue') })]))).toEqual([]);
  });

  test('a queue policy with a source, a service and an action too many', () => {
    const all = messaging({
      Queue: QUEUE,
      Topic: { Type: 'AWS::SNS::Topic' },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'sqs', Endpoint: arn('Queue') },
      },
      Policy: queuePolicy(
        'Queue',
        statement({
          Action: ['sqs:SendMessage', 'sqs:ReceiveMessage'],
          Principal: { Service: 'sns.amazonaws.com' },
          Condition: {
            ArnEquals: { 'aws:SourceArn': [{ Ref: 'Topic' }, 'arn:aws:sns:eu-west-1:111111111111:old'] },
          },
        }),
      ),
    });

    expect(excessOf(all).map(({ kind, what }) => `${kind} ${what}`)).toEqual([
      'unused sqs:ReceiveMessage',
      'unused arn:aws:sns:eu-west-1:111111111111:old',
    ]);
    expect(
      deliveriesOf(all)
        .flatMap((delivery) => accessOf(all, delivery))
        .map(verdictOf),
    ).toEqual(['allowed']);
  });
});

test('a hop that names no role, and one whose role is elsewhere', () => {
  const schedule = (RoleArn?: string) =>
    messaging({
      Queue: QUEUE,
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: { Target: { Arn: arn('Queue'), ...(RoleArn === undefined ? {} : { RoleArn }) } },
      },
    });
  const verdicts = (all: Messaging) =>
    deliveriesOf(all)
      .flatMap((delivery) => accessOf(all, delivery))
      .map(verdictOf);

  expect(verdicts(schedule())).toEqual([
    expect.stringMatching(
      /^denied: Here\/Schedule names no role, and scheduler\.amazonaws\.com cannot deliver/,
    ),
  ]);
  expect(verdicts(schedule(`arn:aws:iam::${ACCOUNT}:role/elsewhere`))).toEqual([
    expect.stringMatching(/^unknown: the role arn:aws:iam::\S+ is not in the assembly$/),
  ]);
});
