/** What Waybill's runtime does with a claim check bucket, by the variables that the constructs set (D12). */
import type { Assembly, LambdaFunction, Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { Actor } from './actor.ts';
import type { Permission } from './permission.ts';

const BUCKET = 'WAYBILL_CLAIM_CHECK_BUCKET';

/** The buckets of the assembly that some function is told to keep large data in. */
export function claimBuckets(
  assembly: Assembly,
  functions: readonly Pick<LambdaFunction, 'environment'>[],
): readonly Resource[] {
  const names = new Set(functions.map(({ environment }) => environment[BUCKET]));
  return assembly.ofType('AWS::S3::Bucket').filter(({ ref }) => names.has(ref));
}

/**
 * | variable | actions | on |
 * |---|---|---|
 * | WAYBILL_CLAIM_STORES | s3:PutObject | each of its patterns |
 * | | kms:GenerateDataKey, by way of S3 | the key of the bucket |
 * | WAYBILL_CLAIM_FETCHES | s3:GetObject | each of its patterns |
 * | | s3:ListBucket, or S3 does not tell what is gone from what is forbidden | the bucket |
 * | | kms:Decrypt, by way of S3 | the key of the bucket |
 */
export function ofClaimChecks(
  messaging: Messaging,
  actor: Actor,
  environment: Readonly<Record<string, string>>,
): readonly Permission[] {
  const [bucket] =
    environment[BUCKET] === undefined ? [] : claimBuckets(messaging.assembly, [{ environment }]);
  if (bucket?.arn === undefined) return [];
  const { arn, region } = bucket;
  const key = messaging.key(keyIdOf(bucket));
  const uses = (variable: string, action: string, keyAction: string): Permission[] => {
    const patterns = (environment[variable] ?? '').split(',').filter((pattern) => pattern !== '');
    if (patterns.length === 0) return [];
    const keys = { 'kms:ViaService': `s3.${region}.amazonaws.com` };
    return [
      ...patterns.map((pattern) => ({ actor, action, resourceArn: `${arn}/${pattern}` })),
      ...(key === undefined ? [] : [{ actor, action: keyAction, resourceArn: key.arn, keys }]),
    ];
  };
  const fetches = uses('WAYBILL_CLAIM_FETCHES', 's3:GetObject', 'kms:Decrypt');
  return [
    ...uses('WAYBILL_CLAIM_STORES', 's3:PutObject', 'kms:GenerateDataKey'),
    ...fetches,
    ...(fetches.length === 0 ? [] : [{ actor, action: 's3:ListBucket', resourceArn: arn }]),
  ];
}

function keyIdOf({ properties }: Resource): unknown {
  const encryption = properties['BucketEncryption'];
  const rules = isRecord(encryption) ? encryption['ServerSideEncryptionConfiguration'] : undefined;
  const [rule] = Array.isArray(rules) ? rules.filter(isRecord) : [];
  const by = rule?.['ServerSideEncryptionByDefault'];
  return isRecord(by) ? by['KMSMasterKeyID'] : undefined;
}
