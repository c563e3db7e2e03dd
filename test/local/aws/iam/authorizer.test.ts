/** Who gets in where, through the services themselves. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { actingRole } from '../../../../local/aws/iam/index.ts';
import { ACCOUNT, harness, queueArn, roleArn, topicArn, type Harness } from './harness.ts';

let aws: Harness;

beforeEach(() => {
  aws = harness();
});
afterEach(() => aws.close());

const url = (name: string) => `http://127.0.0.1:4566/${ACCOUNT}/${name}`;
const send = { QueueUrl: url('orders'), MessageBody: 'm' };
const policyOf = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const createQueue = (name = 'orders', Attributes: Record<string, string> = {}) =>
  aws.call(aws.root, 'sqs', 'CreateQueue', { QueueName: name, Attributes });

const maySend = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn('orders') };

describe('identities', () => {
  test('the root may do everything, a role only what its policies say', async () => {
    await createQueue();
    const sender = aws.role('sender', maySend);

    await expect(aws.call(aws.root, 'sqs', 'SendMessage', send)).resolves.toHaveProperty('MessageId');
    await expect(aws.call(sender, 'sqs', 'SendMessage', send)).resolves.toHaveProperty('MessageId');
    await expect(
      aws.call(sender, 'sqs', 'ReceiveMessage', { QueueUrl: url('orders') }),
    ).rejects.toMatchObject({
      queryCode: 'AccessDenied',
      httpStatus: 403,
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/sender/session is not authorized to perform: sqs:receivemessage on resource: ${queueArn('orders')} because no identity-based policy allows the sqs:receivemessage action`,
    });
  });

  test('a batch needs what a single send needs', async () => {
    await createQueue();
    const Entries = [{ Id: '1', MessageBody: 'm' }];
    const input = { QueueUrl: url('orders'), Entries };

    await expect(
      aws.call(aws.role('sender', maySend), 'sqs', 'SendMessageBatch', input),
    ).resolves.toMatchObject({
      Successful: [{ Id: '1' }],
    });
    await expect(aws.call(aws.role('nobody'), 'sqs', 'SendMessageBatch', input)).rejects.toMatchObject({
      queryCode: 'AccessDenied',
    });
  });

  test('a change of a policy counts from the next call', async () => {
    await createQueue();
    const sender = aws.role('sender', maySend);
    await aws.call(sender, 'sqs', 'SendMessage', send);

    aws.iam.putRolePolicy('sender', 'inline', policyOf({ ...maySend, Effect: 'Deny' }));

    await expect(aws.call(sender, 'sqs', 'SendMessage', send)).rejects.toThrow(
      'with an explicit deny in an identity-based policy',
    );
  });

  test("managed policies count, AWS's own among them, and the boundary limits them", async () => {
    await createQueue();
    const caller = aws.role('worker');
    const arn = aws.iam.putManagedPolicy({
      PolicyName: 'send',
      PolicyDocument: policyOf(maySend),
      Roles: ['worker'],
    });
    await aws.call(caller, 'sqs', 'SendMessage', send);

    await aws.call(aws.root, 'iam', 'PutRolePermissionsBoundary', {
      RoleName: 'worker',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonSNSFullAccess',
    });
    await expect(aws.call(caller, 'sqs', 'SendMessage', send)).rejects.toThrow(
      'no permissions boundary allows',
    );

    await aws.call(aws.root, 'iam', 'DetachRolePolicy', { RoleName: 'worker', PolicyArn: arn });
    await aws.call(aws.root, 'iam', 'DeleteRolePermissionsBoundary', { RoleName: 'worker' });
    await expect(aws.call(caller, 'sqs', 'SendMessage', send)).rejects.toThrow('no identity-based policy');
    const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
    await aws.call(aws.root, 'iam', 'AttachRolePolicy', { RoleName: 'worker', PolicyArn });
    await aws.call(caller, 'sqs', 'SendMessage', send);
  });

  test('conditions see the tags of the role', async () => {
    await createQueue();
    const caller = aws.role('worker', {
      ...maySend,
      Condition: { StringEquals: { 'aws:PrincipalTag/team': 'orders' } },
    });
    await expect(aws.call(caller, 'sqs', 'SendMessage', send)).rejects.toThrow('no identity-based policy');

    await aws.call(aws.root, 'iam', 'TagRole', {
      RoleName: 'worker',
      Tags: [{ Key: 'team', Value: 'orders' }],
    });

    await aws.call(caller, 'sqs', 'SendMessage', send);
  });

  test('a Deny that depends on the time is decided anew each time', async () => {
    await createQueue();
    const until = { DateGreaterThan: { 'aws:CurrentTime': '2026-01-21T13:00:00Z' } };
    const caller = aws.role('worker', maySend, { ...maySend, Effect: 'Deny', Condition: until });
    await aws.call(caller, 'sqs', 'SendMessage', send);

    await aws.clock.advance(3_600_001);

    await expect(aws.call(caller, 'sqs', 'SendMessage', send)).rejects.toThrow('explicit deny');
  });
});

describe('queue policies', () => {
  test('a Deny of plain HTTP does not stop local calls: the loopback endpoint counts as secure', async () => {
    const enforceSsl = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Resource: '*',
      Condition: { BoolIfExists: { 'aws:SecureTransport': 'false' } },
    };
    await createQueue('orders', { Policy: policyOf(enforceSsl) });

    await expect(aws.call(aws.root, 'sqs', 'SendMessage', send)).resolves.toHaveProperty('MessageId');
  });

  test('a Deny stops the root', async () => {
    const closed = { Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' };
    await createQueue('orders', { Policy: policyOf(closed) });

    await expect(aws.call(aws.root, 'sqs', 'SendMessage', send)).rejects.toThrow(
      'with an explicit deny in a resource-based policy',
    );
  });

  test('a caller of another account needs the word of both', async () => {
    const stranger = { accountId: '222222222222', arn: 'arn:aws:iam::222222222222:root' };
    await createQueue();
    await expect(aws.call(stranger, 'sqs', 'SendMessage', send)).rejects.toThrow('no resource-based policy');

    await aws.call(aws.root, 'sqs', 'AddPermission', {
      QueueUrl: url('orders'),
      Label: 'partner',
      AWSAccountIds: ['222222222222'],
      Actions: ['SendMessage'],
    });

    await aws.call(stranger, 'sqs', 'SendMessage', send);
  });
});

describe('deliveries of services', () => {
  const publish = async () => {
    await aws.call(aws.root, 'sns', 'Publish', { TopicArn: topicArn('orders'), Message: 'm' });
    // What the topic does after its answer.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const subscribe = async (attributes: Record<string, string> = {}) => {
    await aws.call(aws.root, 'sns', 'CreateTopic', { Name: 'orders' });
    await aws.call(aws.root, 'sns', 'Subscribe', {
      TopicArn: topicArn('orders'),
      Protocol: 'sqs',
      Endpoint: queueArn('orders'),
      Attributes: attributes,
    });
  };
  const fromTopic = (topic = topicArn('orders')) => ({
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn('orders'),
    Condition: { ArnEquals: { 'aws:SourceArn': topic } },
  });
  const received = () => aws.context.services.get('sqs').messages(queueArn('orders')).length;

  test('a topic delivers where the queue policy lets it', async () => {
    await createQueue('orders', { Policy: policyOf(fromTopic()) });
    await subscribe();

    await publish();

    expect(received()).toBe(1);
    expect(aws.denied).toEqual([]);
  });

  test.each([
    ['no policy', undefined],
    ['a policy for another topic', policyOf(fromTopic(topicArn('invoices')))],
  ])(
    '%s: the message goes to the dead-letter queue, and the missing statement is named',
    async (_name, Policy) => {
      await createQueue('orders', Policy === undefined ? {} : { Policy });
      const letters = policyOf({ ...fromTopic(), Resource: queueArn('letters') });
      await createQueue('letters', { Policy: letters });
      await subscribe({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('letters') }) });

      await publish();

      expect(received()).toBe(0);
      expect(aws.context.services.get('sqs').messages(queueArn('letters'))).toHaveLength(1);
      expect(aws.denied).toHaveLength(1);
      const { resourceArn, detail } = aws.denied[0]!;
      expect(resourceArn).toBe(queueArn('orders'));
      expect(detail).toMatchObject({
        action: 'sqs:SendMessage',
        principal: 'sns.amazonaws.com',
        policy: `the policy of the queue ${queueArn('orders')}`,
      });
      expect(JSON.parse(String(detail?.['statement']))).toEqual(fromTopic());
    },
  );

  test('the statement that a denial names is the one that was missing', async () => {
    await createQueue();
    await subscribe();
    await publish();
    const statement = JSON.parse(String(aws.denied[0]?.detail?.['statement'])) as object;

    const Attributes = { Policy: policyOf(statement) };
    await aws.call(aws.root, 'sqs', 'SetQueueAttributes', { QueueUrl: url('orders'), Attributes });
    await publish();

    expect(received()).toBe(1);
  });

  test('a topic nobody wrote a policy for takes alarms, and no events of EventBridge', async () => {
    await aws.call(aws.root, 'sns', 'CreateTopic', { Name: 'alerts' });
    const publication = { TopicArn: topicArn('alerts'), Message: 'm' };
    const alarm = aws.service('cloudwatch.amazonaws.com', `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:a`);
    const rule = aws.service('events.amazonaws.com', `arn:aws:events:us-east-1:${ACCOUNT}:rule/r`);

    await aws.call(alarm, 'sns', 'Publish', publication);
    await expect(aws.call(rule, 'sns', 'Publish', publication)).rejects.toMatchObject({
      queryCode: 'AuthorizationError',
      httpStatus: 403,
    });
    await aws.call(aws.root, 'sns', 'SetTopicAttributes', {
      TopicArn: topicArn('alerts'),
      AttributeName: 'Policy',
      AttributeValue: policyOf({ Effect: 'Deny', Principal: '*', Action: 'sns:Publish', Resource: '*' }),
    });
    await expect(aws.call(alarm, 'sns', 'Publish', publication)).rejects.toThrow('explicit deny');
  });
});

describe('keys', () => {
  const createKey = async (...statements: readonly object[]) => {
    const Policy = statements.length > 0 ? policyOf(...statements) : undefined;
    const { KeyMetadata } = await aws.call(
      aws.root,
      'kms',
      'CreateKey',
      Policy === undefined ? {} : { Policy },
    );
    return (KeyMetadata as { Arn: string }).Arn;
  };
  const rootStatement = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const fromSns = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: '*',
    Resource: '*',
  };
  const topic = () => aws.service('sns.amazonaws.com', topicArn('orders'));
  const deliver = () =>
    aws.context.services.get('sqs').deliverToQueue(queueArn('orders'), { body: 'm' }, topic());

  test('a service delivers into an encrypted queue only when the key lets it', async () => {
    const key = await createKey(rootStatement);
    await createQueue('orders', { KmsMasterKeyId: key, Policy: policyOf(fromSns) });

    expect(deliver()).toMatchObject({ delivered: false, error: { queryCode: 'KMS.AccessDeniedException' } });
    expect(aws.denied[0]?.detail?.['policy']).toBe(`the policy of the key ${key}`);
    const statement = JSON.parse(String(aws.denied[0]?.detail?.['statement'])) as object;
    expect(statement).toMatchObject({
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'kms:GenerateDataKey',
    });

    await aws.call(aws.root, 'kms', 'PutKeyPolicy', { KeyId: key, Policy: policyOf(rootStatement, fromSns) });
    expect(deliver()).toMatchObject({ delivered: true });
  });

  test("AWS's own key of SQS lets callers of the account in, and no service", async () => {
    await createQueue('orders', { KmsMasterKeyId: 'alias/aws/sqs', Policy: policyOf(fromSns) });

    expect(deliver()).toMatchObject({ delivered: false });
    await aws.call(aws.role('sender', maySend), 'sqs', 'SendMessage', send);
  });

  test('a sender needs GenerateDataKey and Decrypt, a receiver Decrypt', async () => {
    const key = await createKey();
    await createQueue('orders', { KmsMasterKeyId: key });
    const onKey = (...actions: string[]) => ({ Effect: 'Allow', Action: actions, Resource: key });
    const mayReceive = { Effect: 'Allow', Action: 'sqs:ReceiveMessage', Resource: '*' };

    const halfSender = aws.role('half', maySend, onKey('kms:GenerateDataKey'));
    await expect(aws.call(halfSender, 'sqs', 'SendMessage', send)).rejects.toThrow('kms:Decrypt');
    await aws.call(
      aws.role('sender', maySend, onKey('kms:GenerateDataKey*', 'kms:Decrypt')),
      'sqs',
      'SendMessage',
      send,
    );
    const receive = { QueueUrl: url('orders') };
    await expect(
      aws.call(aws.role('blind', mayReceive), 'sqs', 'ReceiveMessage', receive),
    ).rejects.toMatchObject({
      queryCode: 'KMS.AccessDeniedException',
      httpStatus: 400,
    });
    await aws.call(aws.role('reader', mayReceive, onKey('kms:Decrypt')), 'sqs', 'ReceiveMessage', receive);
  });

  test('conditions see the service that calls and the encryption context', async () => {
    const key = await createKey(rootStatement);
    await createQueue('orders', { KmsMasterKeyId: key });
    const through = (service: string, queue: string) => ({
      Effect: 'Allow',
      Action: 'kms:*',
      Resource: key,
      Condition: {
        StringEquals: {
          'kms:ViaService': `${service}.us-east-1.amazonaws.com`,
          'kms:EncryptionContext:aws:sqs:arn': queueArn(queue),
        },
      },
    });

    await aws.call(aws.role('a', maySend, through('sqs', 'orders')), 'sqs', 'SendMessage', send);
    for (const wrong of [through('sns', 'orders'), through('sqs', 'other')]) {
      await expect(aws.call(aws.role('b', maySend, wrong), 'sqs', 'SendMessage', send)).rejects.toThrow(
        'kms:',
      );
    }
  });

  test('a grant lets a role in that no policy names', async () => {
    const key = await createKey();
    const caller = aws.role('worker');
    const input = { KeyId: key, KeySpec: 'AES_256' };
    await expect(aws.call(caller, 'kms', 'GenerateDataKey', input)).rejects.toMatchObject({
      code: 'AccessDeniedException',
      httpStatus: 400,
    });

    await aws.call(aws.root, 'kms', 'CreateGrant', {
      KeyId: key,
      GranteePrincipal: roleArn('worker'),
      Operations: ['GenerateDataKey'],
    });

    await aws.call(caller, 'kms', 'GenerateDataKey', input);
  });

  test('a secret under a key of its own needs the use of that key, and obeys its own policy', async () => {
    const key = await createKey();
    const { ARN: secret } = await aws.call(aws.root, 'secretsmanager', 'CreateSecret', {
      Name: 'password',
      SecretString: 's',
      KmsKeyId: key,
    });
    const mayRead = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret };
    const mayDecrypt = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: key };
    const read = { SecretId: 'password' };

    await expect(aws.call(aws.role('a', mayRead), 'secretsmanager', 'GetSecretValue', read)).rejects.toThrow(
      'kms:Decrypt',
    );
    const reader = aws.role('b', mayRead, mayDecrypt);
    await aws.call(reader, 'secretsmanager', 'GetSecretValue', read);
    await aws.call(aws.root, 'secretsmanager', 'PutResourcePolicy', {
      SecretId: 'password',
      ResourcePolicy: policyOf({
        Effect: 'Deny',
        Principal: { AWS: roleArn('b') },
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
      }),
    });
    await expect(aws.call(reader, 'secretsmanager', 'GetSecretValue', read)).rejects.toThrow('explicit deny');
  });

  test('a secure string needs the permission on the parameter and, under a key of its own, on the key', async () => {
    const key = await createKey();
    const put = { Name: '/app/token', Type: 'SecureString', Value: 't', KeyId: key };
    await aws.call(aws.root, 'ssm', 'PutParameter', put);
    const Resource = `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/*`;
    const mayRead = { Effect: 'Allow', Action: 'ssm:GetParameter', Resource };
    const read = { Name: '/app/token', WithDecryption: true };

    const half = aws.role('half', mayRead);
    await aws.call(half, 'ssm', 'GetParameter', { Name: '/app/token' });
    await expect(aws.call(half, 'ssm', 'GetParameter', read)).rejects.toThrow('kms:Decrypt');
    const mayDecrypt = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: key };
    await aws.call(aws.role('whole', mayRead, mayDecrypt), 'ssm', 'GetParameter', read);
  });
});

describe('events', () => {
  test('an event needs PutEvents on its bus, with its source and detail type', async () => {
    const bus = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`;
    const publisher = aws.role('shop', {
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Resource: bus,
      Condition: { StringEquals: { 'events:source': 'shop' } },
    });
    const entry = (Source: string) => ({ Source, DetailType: 'OrderPlaced', Detail: '{}' });

    await aws.call(publisher, 'events', 'PutEvents', { Entries: [entry('shop')] });
    await expect(
      aws.call(publisher, 'events', 'PutEvents', { Entries: [entry('shop'), entry('bank')] }),
    ).rejects.toMatchObject({ code: 'AccessDeniedException', httpStatus: 400 });
  });

  test('handing a role to a rule takes iam:PassRole on it', async () => {
    await aws.call(aws.root, 'events', 'PutRule', { Name: 'r', EventPattern: '{"source":["shop"]}' });
    const mayPut = { Effect: 'Allow', Action: 'events:*', Resource: '*' };
    const Targets = [{ Id: '1', Arn: queueArn('orders'), RoleArn: roleArn('delivery') }];

    await expect(
      aws.call(aws.role('a', mayPut), 'events', 'PutTargets', { Rule: 'r', Targets }),
    ).rejects.toThrow('iam:PassRole');
    const mayPass = { Effect: 'Allow', Action: 'iam:PassRole', Resource: roleArn('delivery') };
    await aws.call(aws.role('b', mayPut, mayPass), 'events', 'PutTargets', { Rule: 'r', Targets });
  });
});

describe('a rule whose target has a role', () => {
  const deliver = async (policy: object, trusted = 'events.amazonaws.com') => {
    await createQueue();
    aws.iam.putRole({
      RoleName: 'delivery',
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: trusted }, Action: 'sts:AssumeRole' }],
      },
      Policies: { inline: { Version: '2012-10-17', Statement: [policy] } },
    });
    await aws.call(aws.root, 'events', 'PutRule', { Name: 'r', EventPattern: '{"source":["shop"]}' });
    const Targets = [{ Id: '1', Arn: queueArn('orders'), RoleArn: roleArn('delivery') }];
    await aws.call(aws.root, 'events', 'PutTargets', { Rule: 'r', Targets });
    const Entries = [{ Source: 'shop', DetailType: 'OrderPlaced', Detail: '{}' }];
    await aws.call(aws.root, 'events', 'PutEvents', { Entries });
    return aws.context.services.get('sqs').messages(queueArn('orders')).length;
  };

  test('delivers with what the role may do, the queue having no policy', async () => {
    expect(await deliver(maySend)).toBe(1);
  });

  test('does not deliver what the role may not send, and says whose policy lacks it', async () => {
    expect(await deliver({ ...maySend, Action: 'sqs:ReceiveMessage' })).toBe(0);
    expect(aws.denied[0]?.detail).toMatchObject({
      action: 'sqs:SendMessage',
      policy: 'a policy of the role delivery',
    });
  });

  test('does not deliver in a role that trusts another service', async () => {
    expect(await deliver(maySend, 'lambda.amazonaws.com')).toBe(0);
    expect(aws.denied[0]?.detail?.['action']).toBe('sts:AssumeRole');
  });
});

describe('sessions', () => {
  const assume = { RoleArn: roleArn('worker'), RoleSessionName: 'one' };

  test('the trust policy decides who may act in a role', async () => {
    const mayAssume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn('worker') };
    aws.role('worker');

    await aws.call(aws.root, 'sts', 'AssumeRole', assume);
    await aws.call(aws.role('a', mayAssume), 'sts', 'AssumeRole', assume);
    await expect(aws.call(aws.role('b'), 'sts', 'AssumeRole', assume)).rejects.toMatchObject({
      queryCode: 'AccessDenied',
      httpStatus: 403,
    });
    const onlyLambda = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };
    const PolicyDocument = policyOf(onlyLambda);
    await aws.call(aws.root, 'iam', 'UpdateAssumeRolePolicy', { RoleName: 'worker', PolicyDocument });
    await expect(aws.call(aws.root, 'sts', 'AssumeRole', assume)).rejects.toThrow('no resource-based policy');
  });

  test('a role that is not there cannot be assumed', async () => {
    await expect(aws.call(aws.root, 'sts', 'AssumeRole', assume)).rejects.toMatchObject({
      queryCode: 'AccessDenied',
    });
  });

  test('issued credentials act in the role, within the session policy, until they expire', async () => {
    await createQueue();
    aws.role('worker', maySend, { Effect: 'Allow', Action: 'sqs:PurgeQueue', Resource: '*' });
    const answer = await aws.call(aws.root, 'sts', 'AssumeRole', { ...assume, Policy: policyOf(maySend) });
    const { AccessKeyId, Expiration } = answer['Credentials'] as Record<string, string>;
    const caller = aws.context.credentials.callerOf(AccessKeyId!)!;

    expect(await aws.call(caller, 'sts', 'GetCallerIdentity')).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/one`,
      UserId: expect.stringMatching(/^AROA\w{17}:one$/),
    });
    expect(Expiration).toBe('2026-01-21T13:00:00.000Z');
    await aws.call(caller, 'sqs', 'SendMessage', send);
    await expect(aws.call(caller, 'sqs', 'PurgeQueue', { QueueUrl: url('orders') })).rejects.toThrow(
      'no session policy allows',
    );

    await aws.clock.advance(3_600_000);
    await expect(aws.call(caller, 'sqs', 'SendMessage', send)).rejects.toMatchObject({
      queryCode: 'ExpiredToken',
      message: 'The security token included in the request is expired',
    });
    await expect(aws.call(caller, 'sts', 'GetCallerIdentity')).rejects.toMatchObject({
      queryCode: 'ExpiredToken',
    });
  });

  test('a chained session lasts an hour at most', async () => {
    aws.role('worker');
    const mayAssume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
    const input = { ...assume, DurationSeconds: 3_601 };

    await expect(aws.call(aws.role('a', mayAssume), 'sts', 'AssumeRole', input)).rejects.toThrow(
      'role chaining',
    );
    await expect(aws.call(aws.root, 'sts', 'AssumeRole', input)).rejects.toThrow('MaxSessionDuration');
  });
});

describe('services that act in a role', () => {
  const mayAct = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' };
  const acting = actingRole(
    'events.amazonaws.com',
    roleArn('delivery'),
    'one',
    'arn:aws:events:us-east-1:0:rule/r',
  );
  const trust = (Principal: object, Condition?: object) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition && { Condition }) }],
  });
  const putRole = (AssumeRolePolicyDocument: object) =>
    aws.iam.putRole({
      RoleName: 'delivery',
      AssumeRolePolicyDocument,
      Policies: { inline: { Version: '2012-10-17', Statement: [mayAct] } },
    });

  test('need its trust, and are told what to add to it', async () => {
    await createQueue();
    putRole(trust({ Service: 'lambda.amazonaws.com' }));

    await expect(aws.call(acting, 'sqs', 'SendMessage', send)).rejects.toThrow('sts:AssumeRole');
    expect(aws.denied[0]?.detail).toMatchObject({
      policy: `the trust policy of the role ${roleArn('delivery')}`,
      statement: JSON.stringify({
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:us-east-1:0:rule/r' } },
      }),
    });

    putRole(trust({ Service: 'events.amazonaws.com' }));
    await aws.call(acting, 'sqs', 'SendMessage', send);
    const otherRule = { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:us-east-1:0:rule/other' } };
    putRole(trust({ Service: 'events.amazonaws.com' }, otherRule));
    await expect(aws.call(acting, 'sqs', 'SendMessage', send)).rejects.toThrow('sts:AssumeRole');
  });
});

describe('enforced-where-present', () => {
  beforeEach(() => {
    aws = harness('enforced-where-present');
  });
  const topic = () => aws.service('sns.amazonaws.com', topicArn('orders'));
  const deliver = () =>
    aws.context.services.get('sqs').deliverToQueue(queueArn('orders'), { body: 'm' }, topic());

  test('a queue without a policy takes what the services of its account deliver', async () => {
    await createQueue();

    expect(deliver()).toMatchObject({ delivered: true });
  });

  test('an attached policy is enforced all the same', async () => {
    await createQueue('orders', { Policy: policyOf({ ...maySend, Principal: { AWS: roleArn('worker') } }) });

    expect(deliver()).toMatchObject({ delivered: false, error: { queryCode: 'AccessDenied' } });
  });

  test('a resource of another account is not taken for its own', async () => {
    await createQueue();
    const foreign = aws.service('sns.amazonaws.com', 'arn:aws:sns:us-east-1:222222222222:orders');
    const result = aws.context.services.get('sqs').deliverToQueue(queueArn('orders'), { body: 'm' }, foreign);

    expect(result).toMatchObject({ delivered: false });
  });

  test('identities are enforced; a role on no record may do everything', async () => {
    await createQueue();
    await expect(aws.call(aws.role('nobody'), 'sqs', 'SendMessage', send)).rejects.toThrow('not authorized');

    const answer = await aws.call(aws.root, 'sts', 'AssumeRole', {
      RoleArn: roleArn('unheard-of'),
      RoleSessionName: 'one',
    });
    const { AccessKeyId } = answer['Credentials'] as Record<string, string>;
    await aws.call(aws.context.credentials.callerOf(AccessKeyId!)!, 'sqs', 'SendMessage', send);
  });
});
