/** What somebody pastes must mean their own account, also where no stack says which that is. */
import { describe, expect, test } from '@jest/globals';
import { accessOf, deliveriesOf, pasteable } from '../../../lib/access/index.ts';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Messaging, SourceStack, Template } from '../../../lib/assembly/index.ts';
import { importedSink } from '../../../lib/guards/w04-imported-sink.ts';
import { deliveryFindings } from '../../../lib/guards/delivery-findings.ts';
import { breakOf } from '../../../lib/proofs/check-access.ts';

const UNPLACED = { isPlaced: false };

describe('a statement as text', () => {
  test.each([
    [{ 'aws:SourceAccount': '123456789012' }, '{"aws:SourceAccount":"${AWS::AccountId}"} with Fn::Sub'],
    [
      { Resource: ['arn:aws:sqs:us-east-1:123456789012:Shop-Queue', 'arn:aws:iam::123456789012:role/A'] },
      '{"Resource":["arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:Shop-Queue","arn:aws:iam::${AWS::AccountId}:role/A"]} with Fn::Sub',
    ],
    // Given by somebody: another account, a Region in which it is, and what only looks like the account.
    [
      { Resource: 'arn:aws:sns:us-east-1:111111111111:A' },
      '{"Resource":"arn:aws:sns:us-east-1:111111111111:A"}',
    ],
    [{ Resource: 'arn:aws:s3:::logs-1234567890123' }, '{"Resource":"arn:aws:s3:::logs-1234567890123"}'],
  ])('of a stack that says neither account nor Region: %j', (statement, text) => {
    expect(pasteable(statement, UNPLACED)).toBe(text);
  });

  test('of a stack that says them, or of no stack, it stays', () => {
    const statement = { Resource: 'arn:aws:sqs:us-east-1:123456789012:Shop-Queue' };

    expect(pasteable(statement, { isPlaced: true })).toBe(JSON.stringify(statement));
    expect(pasteable(statement, undefined)).toBe(JSON.stringify(statement));
  });
});

/** A topic that delivers into an encrypted queue which nobody lets it into, and into one from elsewhere. */
function shop(place: Pick<SourceStack, 'account' | 'region'>): Messaging {
  const Resources = {
    Topic: { Type: 'AWS::SNS::Topic' },
    Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [] } } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { KmsMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } } },
    Ours: subscription({ 'Fn::GetAtt': ['Queue', 'Arn'] }),
    Theirs: subscription({ 'Fn::Sub': 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:theirs' }),
  };
  return messagingOf(
    assemblyOf([{ stackName: 'Shop', ...place, template: { Resources } as unknown as Template }]),
  );
}

function subscription(Endpoint: object): object {
  return {
    Type: 'AWS::SNS::Subscription',
    Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'sqs', Endpoint },
  };
}

/** The fixes of everything that renders a statement. */
function fixesOf(messaging: Messaging): Readonly<Record<string, string>> {
  const breaks = deliveriesOf(messaging)
    .flatMap((delivery) => accessOf(messaging, delivery))
    .flatMap(breakOf)
    .filter(({ code }) => code === 'WAYBILL_PROOF_PERMISSION_MISSING');
  const all = (found: readonly { readonly fix: string }[]) => found.map(({ fix }) => fix).join('\n');
  return {
    imported: all(importedSink.check(messaging)),
    hop: all(deliveryFindings(messaging, 'W23')),
    key: all(deliveryFindings(messaging, 'W2')),
    proofs: all(breaks),
  };
}

test.each(['imported', 'hop', 'key', 'proofs'])('no account that we made up is in a fix: %s', (what) => {
  const fix = fixesOf(shop({}))[what];

  expect(fix).toContain('${AWS::AccountId}');
  expect(fix).not.toContain('123456789012');
});

test.each(['imported', 'hop', 'key', 'proofs'])('the account that a stack names is in a fix: %s', (what) => {
  const fix = fixesOf(shop({ account: '123456789012', region: 'us-east-1' }))[what];

  expect(fix).toContain('123456789012');
  expect(fix).not.toContain('${AWS::');
});
