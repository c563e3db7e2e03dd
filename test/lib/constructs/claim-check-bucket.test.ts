/** ClaimCheckBucket: safe by default, least privilege per event, and a break wherever a permission is missing or too much. */
import { describe, expect, test } from '@jest/globals';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod/mini';
import { excessOf } from '../../../lib/access/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly, Json } from '../../../lib/assembly/index.ts';
import { AlertTopic, ClaimCheckBucket, EventFunction, EventQueue } from '../../../lib/constructs/index.ts';
import { MessagingKey, QueueConsumer } from '../../../lib/constructs/index.ts';
import { event } from '../../../lib/contracts/index.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { broken, changed } from '../proofs/support.ts';
import { codesOf, ENTRY, OrderPlaced, testApp, testStack } from './support.ts';

const ReportWritten = event('ReportWritten', {
  version: '1.0',
  source: 'reports',
  data: z.object({ text: z.string() }),
  examples: [{ text: 'long' }],
});

function application(withKey: boolean) {
  const app = testApp();
  const stack = new Stack(app, 'Test', { env: { account: '111122223333', region: 'eu-west-1' } });
  new AlertTopic(stack, 'Alerts');
  const claims = new ClaimCheckBucket(
    stack,
    'Claims',
    withKey ? { encryptionKey: new MessagingKey(stack, 'Key') } : {},
  );
  const queue = new EventQueue(stack, 'Reports', { publishes: [ReportWritten, OrderPlaced] });
  const publisher = new EventFunction(stack, 'Writer', { entry: ENTRY, publishesTo: [queue] });
  const consumer = new QueueConsumer(stack, 'Archive', { subscribesTo: [queue.events()], entry: ENTRY });
  claims.grants.store(publisher, [ReportWritten]);
  claims.grants.fetch(consumer, [ReportWritten]);
  claims.grants.storeBelow(consumer, 'results/');
  return { app, stack };
}

const assemblies = [false, true].map((withKey) => readAssembly(application(withKey).app.synth().directory));

interface Statement {
  readonly Action: string;
  readonly Resource: Json;
}

/** The assembly with another form of the statements that allow an action. */
function withStatement(
  of: Assembly,
  action: string,
  change: (statement: Statement) => Statement | undefined,
) {
  return ['Writer', 'Archive'].reduce(
    (current, role) =>
      changed(current, 'AWS::IAM::Policy', role, (properties) => {
        const document = properties['PolicyDocument'] as unknown as { Statement: Statement[] };
        const Statement = document.Statement.flatMap((one) => {
          const [hits, rest] = [[one.Action].flat(), [one.Action].flat().filter((other) => other !== action)];
          if (!hits.includes(action)) return one;
          const left = rest.length === 0 ? [] : [{ ...one, Action: rest as unknown as string }];
          return [...left, change({ ...one, Action: action }) ?? []].flat();
        });
        return { ...properties, PolicyDocument: { ...document, Statement } as unknown as Json };
      }),
    of,
  );
}

describe.each([
  ['with S3’s own key', assemblies[0]!],
  ['with a customer’s key', assemblies[1]!],
])('%s', (name, assembly) => {
  test('everything is proven, nothing is granted too much, no guard finds anything', () => {
    expect(broken(proveAssembly(assembly))).toEqual([]);
    expect(excessOf(messagingOf(assembly)).map(({ message }) => message)).toEqual([]);
    expect(checkAssembly(assembly).map(({ guard, finding }) => describeFinding(guard, finding))).toEqual([]);
  });

  const actions = ['s3:PutObject', 's3:GetObject', 's3:ListBucket'];
  const all = name.includes('customer') ? [...actions, 'kms:GenerateDataKey', 'kms:Decrypt'] : actions;
  test.each(all)('without %s a proof breaks', (action) => {
    const breaks = broken(proveAssembly(withStatement(assembly, action, () => undefined)));

    expect(breaks.join('\n')).toContain(action);
  });

  test.each(['s3:PutObject', 's3:GetObject'])('%s on the whole bucket is found', (action) => {
    const wide = withStatement(assembly, action, (statement) => ({
      ...statement,
      Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucketId(assembly), 'Arn'] }, '/*']] },
    }));

    expect(excessOf(messagingOf(wide)).map(({ kind, what }) => `${kind} ${what}`)).toContain(
      `tooWide ${action}`,
    );
    expect(broken(proveAssembly(wide)).join('\n')).toContain('WAYBILL_PROOF_PERMISSION_TOO_WIDE');
  });

  test('another action on it is found', () => {
    const more = withStatement(assembly, 's3:GetObject', (statement) => ({
      ...statement,
      Action: ['s3:GetObject', 's3:DeleteObject'] as unknown as string,
    }));

    expect(excessOf(messagingOf(more)).map(({ what }) => what)).toContain('s3:DeleteObject');
  });
});

function bucketId(assembly: Assembly): string {
  return assembly.ofType('AWS::S3::Bucket')[0]!.logicalId;
}

test('private, over TLS only, encrypted, kept, and cleared by itself', () => {
  const template = Template.fromStack(application(true).stack);
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    Properties: {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 90, Status: 'Enabled' })] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          Match.objectLike({
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: 'aws:kms' }),
          }),
        ],
      },
    },
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: Match.objectLike({
      Statement: [
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      ],
    }),
  });
});

test('the functions are told the bucket, and what they may do there', () => {
  const { stack } = application(false);
  const variablesOf = (prefix: string) => {
    const found = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function')).find(
      ([id]) => id.startsWith(prefix),
    );
    return (found![1] as { Properties: { Environment: { Variables: Record<string, unknown> } } }).Properties
      .Environment.Variables;
  };

  expect(variablesOf('Writer')).toMatchObject({
    WAYBILL_CLAIM_CHECK_BUCKET: { Ref: expect.stringMatching('^Claims') },
    WAYBILL_CLAIM_STORES: 'claims/*/ReportWritten/*',
  });
  expect(variablesOf('Archive')).toMatchObject({
    WAYBILL_CLAIM_FETCHES: 'claims/*/ReportWritten/*',
    WAYBILL_CLAIM_STORES: 'results/*',
  });
});

test.each([
  [28, ['WAYBILL_CLAIM_EXPIRATION_TOO_SHORT']],
  [29, []],
])('objects that are kept for %i days', (days, codes) => {
  const expiration = Duration.days(days);
  const removalPolicy = RemovalPolicy.DESTROY;

  expect(codesOf(() => new ClaimCheckBucket(testStack(), 'Claims', { expiration, removalPolicy }))).toEqual(
    codes,
  );
});
