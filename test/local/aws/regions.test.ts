/** Several regions of one account: what reaches the other one, and what an outage does. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SQSClient, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { manualClock, rootCaller } from '../../../local/aws/index.ts';
import type { ManualClock, Region } from '../../../local/aws/index.ts';
import { startEmbeddedRegions } from '../../../local/aws/start-regions.ts';
import type { EmbeddedRegions } from '../../../local/aws/start-regions.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

let clock: ManualClock;
let regions: EmbeddedRegions;
let east: Region;
let west: Region;

beforeEach(async () => {
  clock = manualClock();
  regions = await startEmbeddedRegions({ regions: [EAST, WEST], clock });
  [east, west] = [regions.region(EAST), regions.region(WEST)];
});
afterEach(() => regions.close());

const call = (
  { aws: { context } }: Region,
  service: string,
  action: string,
  input: Record<string, unknown>,
) =>
  context.services
    .all()
    .find(({ name }) => name === service)!
    .handle(action, input, rootCaller(context)) as Promise<Record<string, unknown>>;

const queueIn = async (region: Region, name: string): Promise<string> => {
  await call(region, 'sqs', 'CreateQueue', { QueueName: name });
  return `arn:aws:sqs:${region.name}:000000000000:${name}`;
};
const bodiesIn = (region: Region, queueArn: string): string[] =>
  region.aws.services.sqs.messages(queueArn).map(({ body }) => body);

describe('calls', () => {
  test('a call that is signed for another region reaches that one', async () => {
    const arn = await queueIn(west, 'orders');
    const client = new SQSClient({
      endpoint: east.aws.endpointUrl,
      region: WEST,
      credentials,
      maxAttempts: 1,
    });

    await client.send(
      new SendMessageCommand({
        QueueUrl: `${west.aws.endpointUrl}/000000000000/orders`,
        MessageBody: 'over there',
      }),
    );

    expect(bodiesIn(west, arn)).toEqual(['over there']);
  });

  test('roles and access keys are the account’s, in both', async () => {
    east.aws.services.iam.putRole({
      RoleName: 'reader',
      AssumeRolePolicyDocument: {
        Statement: {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'lambda.amazonaws.com' },
        },
      },
    });

    expect(west.aws.services.iam.findRole('reader')?.arn).toBe('arn:aws:iam::000000000000:role/reader');
    expect(west.aws.context.credentials).toBe(east.aws.context.credentials);
  });
});

describe('EventBridge', () => {
  const forwardEverything = async (): Promise<string> => {
    const queueArn = await queueIn(west, 'replica');
    await call(east, 'events', 'CreateEventBus', { Name: 'shop' });
    await call(west, 'events', 'CreateEventBus', { Name: 'shop' });
    await call(east, 'events', 'PutRule', {
      Name: 'forward',
      EventBusName: 'shop',
      EventPattern: '{"source":[{"prefix":""}]}',
    });
    await call(east, 'events', 'PutTargets', {
      Rule: 'forward',
      EventBusName: 'shop',
      Targets: [{ Id: 'Replica', Arn: `arn:aws:events:${WEST}:000000000000:event-bus/shop` }],
    });
    await call(west, 'events', 'PutRule', {
      Name: 'take',
      EventBusName: 'shop',
      EventPattern: '{"source":["shop"]}',
    });
    await call(west, 'events', 'PutTargets', {
      Rule: 'take',
      EventBusName: 'shop',
      Targets: [{ Id: 'Queue', Arn: queueArn, InputPath: '$.detail' }],
    });
    return queueArn;
  };
  const put = (detail: object) =>
    call(east, 'events', 'PutEvents', {
      Entries: [
        { EventBusName: 'shop', Source: 'shop', DetailType: 'OrderPlaced', Detail: JSON.stringify(detail) },
      ],
    });

  test('a rule forwards to the bus of the other region, and not to its own of the same name', async () => {
    const queueArn = await forwardEverything();

    await put({ n: 1 });

    expect(bodiesIn(west, queueArn).map((body) => JSON.parse(body) as unknown)).toEqual([{ n: 1 }]);
  });

  test('what is forwarded to a region that is down arrives once it is back', async () => {
    const queueArn = await forwardEverything();
    await west.fail();
    await put({ n: 1 });
    await clock.advance(60_000);
    expect(bodiesIn(west, queueArn)).toEqual([]);

    await west.recover();
    await clock.advance(600_000);

    expect(bodiesIn(west, queueArn)).toEqual(['{"n":1}']);
  });
});

describe('replicated secrets', () => {
  test('have the name, the suffix and each value of the first, in the other region', async () => {
    const { ARN } = await call(east, 'secretsmanager', 'CreateSecret', {
      Name: 'database',
      SecretString: 'one',
      AddReplicaRegions: [{ Region: WEST }],
    });
    const arn = String(ARN).replace(EAST, WEST);
    const there = () => call(west, 'secretsmanager', 'GetSecretValue', { SecretId: arn });
    expect(await there()).toMatchObject({ ARN: arn, Name: 'database', SecretString: 'one' });

    await call(east, 'secretsmanager', 'PutSecretValue', { SecretId: 'database', SecretString: 'two' });
    await east.fail();

    expect(await there()).toMatchObject({ SecretString: 'two' });
  });

  test('without replicas a secret stays where it is', async () => {
    await call(east, 'secretsmanager', 'CreateSecret', { Name: 'own', SecretString: 'one' });
    await expect(call(west, 'secretsmanager', 'GetSecretValue', { SecretId: 'own' })).rejects.toThrow(
      "can't find",
    );
  });
});

describe('an outage', () => {
  test('refuses connections, freezes what is held, and ends with everything still there', async () => {
    const arn = await queueIn(east, 'orders');
    const client = new SQSClient({
      endpoint: east.aws.endpointUrl,
      region: EAST,
      credentials,
      maxAttempts: 1,
    });
    const QueueUrl = `${east.aws.endpointUrl}/000000000000/orders`;
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept', DelaySeconds: 30 }));

    await east.fail();
    await expect(client.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toThrow(/ECONNRE|socket/);
    await clock.advance(60_000);
    const whileDown = bodiesIn(east, arn);
    await east.recover();
    const answer = await client.send(new ReceiveMessageCommand({ QueueUrl }));

    expect(whileDown).toEqual(['kept']);
    expect(answer.Messages?.map(({ Body }) => Body)).toEqual(['kept']);
  });

  test('is the outage of that region alone', async () => {
    await east.fail();

    const arn = await queueIn(west, 'orders');

    expect(arn).toContain(WEST);
    expect({ east: east.isUp, west: west.isUp }).toEqual({ east: false, west: true });
  });

  test('calls that are signed for the region that is down are not answered by the other one', async () => {
    const client = new SQSClient({
      endpoint: west.aws.endpointUrl,
      region: EAST,
      credentials,
      maxAttempts: 1,
    });
    await east.fail();

    await expect(
      client.send(
        new SendMessageCommand({ QueueUrl: `${east.aws.endpointUrl}/000000000000/q`, MessageBody: 'x' }),
      ),
    ).rejects.toThrow();
  });
});

describe('replicas of a table', () => {
  const clientOf = ({ aws, name }: Region) =>
    new DynamoDBClient({ endpoint: aws.endpointUrl, region: name, credentials, maxAttempts: 1 });
  const write = (region: Region, state: string) =>
    clientOf(region).send(
      new PutItemCommand({ TableName: 'circuits', Item: { id: { S: 'a' }, state: { S: state } } }),
    );
  const read = async (region: Region): Promise<string | undefined> => {
    const key = { id: { S: 'a' } };
    const { Item } = await clientOf(region).send(new GetItemCommand({ TableName: 'circuits', Key: key }));
    return Item?.['state']?.S;
  };
  beforeEach(async () => {
    await call(east, 'dynamodb', 'CreateTable', {
      TableName: 'circuits',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    });
    await write(east, 'before');
    await call(east, 'dynamodb', 'UpdateTable', {
      TableName: 'circuits',
      ReplicaUpdates: [{ Create: { RegionName: WEST } }],
    });
    await clock.advance(1000);
  });

  test('begin with what is there, and follow a moment later in both directions', async () => {
    expect(await read(west)).toBe('before');

    await write(west, 'from the west');
    expect(await read(east)).toBe('before');
    await clock.advance(1000);

    expect(await read(east)).toBe('from the west');
  });

  test('the last writer wins, in both regions, whichever way they meet', async () => {
    await write(east, 'first');
    await clock.advance(1);
    await write(west, 'second');
    await clock.advance(1000);

    expect([await read(east), await read(west)]).toEqual(['second', 'second']);
  });

  test('what was written while the other region was down follows when it is back', async () => {
    await east.fail();
    await write(west, 'meanwhile');
    await clock.advance(5000);

    await east.recover();
    await clock.advance(5000);

    expect(await read(east)).toBe('meanwhile');
  });
});

describe('multi-Region keys', () => {
  test('a replica opens what its primary sealed, after a rotation and while the primary region is down', async () => {
    const made = await call(east, 'kms', 'CreateKey', { MultiRegion: true });
    const { KeyId, Arn } = made['KeyMetadata'] as { KeyId: string; Arn: string };
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    await call(east, 'kms', 'ReplicateKey', { KeyId, ReplicaRegion: WEST });
    const encrypt = async (region: Region, text: string): Promise<unknown> =>
      (await call(region, 'kms', 'Encrypt', { KeyId, Plaintext: Buffer.from(text).toString('base64') }))[
        'CiphertextBlob'
      ];
    const decrypt = async (region: Region, blob: unknown): Promise<string> => {
      const { Plaintext } = await call(region, 'kms', 'Decrypt', { CiphertextBlob: blob, KeyId });
      return Buffer.from(Plaintext as string, 'base64').toString();
    };

    const before = await encrypt(east, 'before');
    await call(east, 'kms', 'RotateKeyOnDemand', { KeyId });
    const after = await encrypt(east, 'after');
    expect(await decrypt(west, after)).toBe('after');
    await east.fail();
    expect(await decrypt(west, before)).toBe('before');
    const there = await encrypt(west, 'there');
    await east.recover();
    expect(await decrypt(east, there)).toBe('there');
    const described = await call(west, 'kms', 'DescribeKey', { KeyId });
    expect(described['KeyMetadata']).toMatchObject({
      MultiRegion: true,
      MultiRegionConfiguration: { MultiRegionKeyType: 'REPLICA', PrimaryKey: { Arn } },
    });
  });

  test('a key of one region has no replicas', async () => {
    const made = await call(east, 'kms', 'CreateKey', {});
    const { KeyId } = made['KeyMetadata'] as { KeyId: string };
    await expect(call(east, 'kms', 'ReplicateKey', { KeyId, ReplicaRegion: WEST })).rejects.toThrow(
      /not a multi-Region/,
    );
  });
});
