/** The bucket for the data of events that are too large to send (D12), and who may put and get which. See docs/claim-check.md. */
import { Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import { acknowledge } from './acknowledge.ts';
import type { SealingFunction } from './sealing-key.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface ClaimCheckBucketProps {
  /**
   * Encrypts the objects, for example a MessagingKey, with one data key for many of them (S3 Bucket Keys).
   * @default - S3's own key (SSE-S3)
   */
  readonly encryptionKey?: IKey;
  /**
   * How long an object is kept: longer than its message can come back, from a queue, its dead-letter queue and an
   * archive. 29 days or more, in whole days.
   * @default Duration.days(90)
   */
  readonly expiration?: Duration;
  /**
   * What happens to the bucket when it leaves the stack. A bucket with objects cannot be deleted.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * @example
 * const claims = new ClaimCheckBucket(this, 'Claims', { encryptionKey: key });
 * claims.grants.store(relay, [ReportWritten]);
 * claims.grants.fetch(archive, [ReportWritten]);
 */
export class ClaimCheckBucket extends Construct {
  readonly bucket: Bucket;
  readonly grants: ClaimCheckGrants;

  /** @throws ValidationError when objects would be gone before their messages */
  constructor(scope: Construct, id: string, props: ClaimCheckBucketProps = {}) {
    super(scope, id);
    validateProps(this, RULES, props);
    const { encryptionKey } = props;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      lifecycleRules: [
        {
          id: 'expire',
          expiration: props.expiration ?? DEFAULT_EXPIRATION,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'Functions of the application alone read and write it, each what its role names; data events of CloudTrail tell who did',
    );
    this.grants = new ClaimCheckGrants(this, this.bucket, encryptionKey);
  }
}

/** What a function may do with the objects, and the variable that says with which, for proofs and people. */
const GRANTS = {
  store: { action: 's3:PutObject', keyAction: 'kms:GenerateDataKey', variable: 'WAYBILL_CLAIM_STORES' },
  fetch: { action: 's3:GetObject', keyAction: 'kms:Decrypt', variable: 'WAYBILL_CLAIM_FETCHES' },
} as const;

export class ClaimCheckGrants {
  readonly #scope: Construct;
  readonly #bucket: Bucket;
  readonly #key: IKey | undefined;
  readonly #patterns = {
    store: new Map<LambdaFunction, Set<string>>(),
    fetch: new Map<LambdaFunction, Set<string>>(),
  };

  constructor(scope: Construct, bucket: Bucket, key: IKey | undefined) {
    this.#scope = scope;
    this.#bucket = bucket;
    this.#key = key;
  }

  /** `s3:PutObject` for the data of these events, of any tenant; with a key `kms:GenerateDataKey` by way of S3. */
  store(publisher: SealingFunction, events: readonly AnyEventContract[]): void {
    this.#grant('store', publisher, events.map(patternOf));
  }

  /**
   * `s3:GetObject` for the data of these events, of any tenant; with a key `kms:Decrypt` by way of S3. And
   * `s3:ListBucket`, without which S3 does not tell an object that is gone from one that may not be read.
   */
  fetch(consumer: SealingFunction, events: readonly AnyEventContract[]): void {
    this.#grant('fetch', consumer, events.map(patternOf));
  }

  /** As {@link store}, for objects of the application's own below a prefix such as `job-results/`. */
  storeBelow(writer: SealingFunction, prefix: string): void {
    this.#grant('store', writer, [`${prefix}*`]);
  }

  /** As {@link fetch}, for objects of the application's own below a prefix. */
  fetchBelow(reader: SealingFunction, prefix: string): void {
    this.#grant('fetch', reader, [`${prefix}*`]);
  }

  #grant(what: keyof typeof GRANTS, grantee: SealingFunction, patterns: readonly string[]): void {
    if (patterns.length === 0) return;
    const granted = this.#patterns[what];
    const known = granted.get(grantee.function);
    if (known !== undefined) {
      for (const pattern of patterns) known.add(pattern);
      return;
    }
    const all = new Set(patterns);
    granted.set(grantee.function, all);
    const sorted = (): string[] => [...all].sort();
    const { action, keyAction, variable } = GRANTS[what];
    const allow = (statement: PolicyStatement) => grantee.grantPrincipal.addToPrincipalPolicy(statement);
    const resources = Lazy.list({
      produce: () => sorted().map((pattern) => this.#bucket.arnForObjects(pattern)),
    });
    allow(new PolicyStatement({ actions: [action], resources }));
    if (what === 'fetch') {
      allow(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [this.#bucket.bucketArn] }));
    }
    if (this.#key !== undefined) {
      const via = `s3.${Stack.of(this.#scope).region}.amazonaws.com`;
      allow(
        new PolicyStatement({
          actions: [keyAction],
          resources: [this.#key.keyArn],
          conditions: { StringEquals: { 'kms:ViaService': via } },
        }),
      );
    }
    grantee.function.addEnvironment('WAYBILL_CLAIM_CHECK_BUCKET', this.#bucket.bucketName);
    grantee.function.addEnvironment(variable, Lazy.string({ produce: () => sorted().join(',') }));
  }
}

/** As `claimKey` of the runtime makes keys: the tenant is any. */
function patternOf({ name }: AnyEventContract): string {
  return `claims/*/${name}/*`;
}

const DEFAULT_EXPIRATION = Duration.days(90);
/** A queue and its dead-letter queue keep a message for 14 days each. */
const LEAST_EXPIRATION_DAYS = 29;

const RULES: readonly Rule<ClaimCheckBucketProps>[] = [
  ({ expiration }) => {
    const days = expiration?.toDays({ integral: false });
    if (days === undefined || (Number.isInteger(days) && days >= LEAST_EXPIRATION_DAYS)) return undefined;
    return {
      code: 'WAYBILL_CLAIM_EXPIRATION_TOO_SHORT',
      prop: 'expiration',
      received: `${days} days`,
      allowed: `whole days, at least ${LEAST_EXPIRATION_DAYS}: a queue and its dead-letter queue keep a message for 14 each`,
      fix: 'raise it above the longest redelivery, that of an archive too, or a message comes back without its data',
    };
  },
];
