/** Buckets and what is configured for them. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { malformedXml } from './errors.ts';
import { requiredText } from './input.ts';
import { METRICS } from './metrics.ts';
import type { Bucket } from './model.ts';
import type { Action } from './objects.ts';
import type { Store } from './store.ts';
import { children, childText, type XmlTree } from './xml.ts';

/** A configuration that is one XML document of a bucket. */
export interface ConfigurationKind {
  /** The sub-resource of the URL: `?lifecycle`. */
  readonly subresource: string;
  /** What actions are called after it: `GetBucketEncryption`. */
  readonly name: string;
  /** The document's root element. */
  readonly root: string;
  /** IAM's word for it, when it is not `name`. */
  readonly permission?: string;
  /** What a bucket has that was given none; without it, `absent`. */
  readonly standard?: XmlTree;
  /** The code and message when there is none. */
  readonly absent?: readonly [code: string, message: string];
  /** False when there is no call that takes it away. */
  readonly removable?: false;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html and the pages beside it. */
export const CONFIGURATIONS: readonly ConfigurationKind[] = [
  {
    subresource: 'encryption',
    name: 'BucketEncryption',
    root: 'ServerSideEncryptionConfiguration',
    permission: 'EncryptionConfiguration',
    standard: {
      Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: 'false' },
    },
  },
  {
    subresource: 'lifecycle',
    name: 'BucketLifecycleConfiguration',
    root: 'LifecycleConfiguration',
    permission: 'LifecycleConfiguration',
    absent: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  },
  {
    subresource: 'publicAccessBlock',
    name: 'PublicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    permission: 'BucketPublicAccessBlock',
    standard: {
      BlockPublicAcls: 'true',
      IgnorePublicAcls: 'true',
      BlockPublicPolicy: 'true',
      RestrictPublicBuckets: 'true',
    },
    absent: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
  },
  {
    subresource: 'ownershipControls',
    name: 'BucketOwnershipControls',
    root: 'OwnershipControls',
    standard: { Rule: { ObjectOwnership: 'BucketOwnerEnforced' } },
    absent: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  },
  {
    subresource: 'tagging',
    name: 'BucketTagging',
    root: 'Tagging',
    absent: ['NoSuchTagSet', 'The TagSet does not exist'],
  },
  {
    subresource: 'notification',
    name: 'BucketNotificationConfiguration',
    root: 'NotificationConfiguration',
    permission: 'BucketNotification',
    standard: {},
    removable: false,
  },
  {
    subresource: 'versioning',
    name: 'BucketVersioning',
    root: 'VersioningConfiguration',
    standard: {},
    removable: false,
  },
];

/** Configurations that nothing here acts on. Asking for one answers as for a bucket that has none. */
export const ABSENT_CONFIGURATIONS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  cors: ['NoSuchCORSConfiguration', 'The CORS configuration does not exist'],
  website: ['NoSuchWebsiteConfiguration', 'The specified bucket does not have a website configuration'],
  replication: ['ReplicationConfigurationNotFoundError', 'The replication configuration was not found'],
  'object-lock': [
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ],
};

const REMOVED = '';
const US_EAST_1 = 'us-east-1';
const CONFLICT = 409;
const NOT_FOUND = 404;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME = /^(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const FORBIDDEN_IN_NAMES = /\.\.|^\d+\.\d+\.\d+\.\d+$|-s3alias$|--ol-s3$/;

/** What else happens when a configuration changes. */
export interface ConfigurationHooks {
  /** What it throws keeps the configuration as it was. */
  before(bucket: Bucket, kind: string, tree: XmlTree): Promise<void>;
  after(kind: string): void;
}

export function bucketActions(
  context: AwsContext,
  store: Store,
  hooks: ConfigurationHooks,
): Readonly<Record<string, Action>> {
  const bucketOf = (input: Input): Bucket => store.existing(requiredText(input, 'Bucket'));
  const actions: Record<string, Action> = {
    CreateBucket(input) {
      const name = requiredText(input, 'Bucket');
      if (!BUCKET_NAME.test(name) || FORBIDDEN_IN_NAMES.test(name)) {
        throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.');
      }
      const location = childText(input['CreateBucketConfiguration'] as XmlTree, 'LocationConstraint');
      if ((location ?? US_EAST_1) !== context.region) {
        throw new AwsError(
          'IllegalLocationConstraintException',
          `The ${location ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
        );
      }
      if (store.buckets.has(name)) {
        // Only the oldest region answers a repeated request as if it were the first.
        if (context.region === US_EAST_1) return { Location: `/${name}` };
        throw new AwsError(
          'BucketAlreadyOwnedByYou',
          'Your previous request to create the named bucket succeeded and you already own it.',
          CONFLICT,
        );
      }
      store.addBucket(name);
      return { Location: `/${name}` };
    },
    HeadBucket(input) {
      bucketOf(input);
      return { BucketRegion: context.region };
    },
    GetBucketLocation(input) {
      bucketOf(input);
      return { LocationConstraint: context.region === US_EAST_1 ? undefined : context.region };
    },
    DeleteBucket(input) {
      const bucket = bucketOf(input);
      if (bucket.objects.size > 0) {
        const hint = bucket.versioning === undefined ? '' : '. You must delete all versions in the bucket.';
        throw new AwsError('BucketNotEmpty', `The bucket you tried to delete is not empty${hint}`, CONFLICT);
      }
      store.removeBucket(bucket);
      return {};
    },
    GetBucketPolicy(input) {
      const { policy } = bucketOf(input);
      if (policy === undefined) {
        throw new AwsError('NoSuchBucketPolicy', 'The bucket policy does not exist', NOT_FOUND);
      }
      return { Policy: policy };
    },
    PutBucketPolicy(input) {
      const bucket = bucketOf(input);
      const policy = requiredText(input, 'Policy');
      if (!isPolicy(policy)) {
        throw new AwsError('MalformedPolicy', "Policies must be valid JSON and the first byte must be '{'");
      }
      bucket.policy = policy;
      store.saveBucket(bucket);
      return {};
    },
    DeleteBucketPolicy(input) {
      const bucket = bucketOf(input);
      bucket.policy = undefined;
      store.saveBucket(bucket);
      return {};
    },
  };

  /** No call of the API: how a template says which metrics configurations a bucket has. */
  actions['PutBucketMetrics'] = (input) => {
    const bucket = bucketOf(input);
    const ids = (input['Ids'] ?? []) as readonly string[];
    bucket.configurations.set(METRICS, { MetricsConfiguration: ids.map((Id) => ({ Id })) });
    store.saveBucket(bucket);
    return {};
  };

  for (const kind of CONFIGURATIONS) {
    const { subresource, name, standard, absent } = kind;
    actions[`Get${name}`] = (input) => {
      const stored = bucketOf(input).configurations.get(subresource);
      const tree = stored === REMOVED ? undefined : (stored ?? standard);
      if (tree === undefined) throw new AwsError(...(absent ?? ['NoSuchConfiguration', '']), NOT_FOUND);
      return { Configuration: tree };
    };
    actions[`Put${name}`] = async (input) => {
      const bucket = bucketOf(input);
      const given = (input['Configuration'] ?? {}) as XmlTree;
      const tree = given === '' ? {} : given;
      check(subresource, tree);
      await hooks.before(bucket, subresource, tree);
      bucket.configurations.set(subresource, tree);
      if (subresource === 'versioning') bucket.versioning = statusOf(tree);
      store.saveBucket(bucket);
      hooks.after(subresource);
      return {};
    };
    if (kind.removable === false) continue;
    actions[`Delete${name.replace('LifecycleConfiguration', 'Lifecycle')}`] = (input) => {
      const bucket = bucketOf(input);
      if (absent === undefined) bucket.configurations.delete(subresource);
      else bucket.configurations.set(subresource, REMOVED);
      store.saveBucket(bucket);
      hooks.after(subresource);
      return {};
    };
  }
  return actions;
}

function check(subresource: string, tree: XmlTree): void {
  if (subresource === 'versioning') statusOf(tree);
  if (subresource === 'lifecycle') {
    const rules = children(tree, 'Rule');
    const known = rules.every((rule) => /^(Enabled|Disabled)$/.test(childText(rule, 'Status') ?? ''));
    if (rules.length === 0 || !known) throw malformedXml();
  }
}

function statusOf(tree: XmlTree): Bucket['versioning'] {
  const status = childText(tree, 'Status');
  if (status === 'Enabled' || status === 'Suspended') return status;
  throw new AwsError('IllegalVersioningConfigurationException', 'The Versioning element must be specified');
}

function isPolicy(text: string): boolean {
  try {
    const policy: unknown = JSON.parse(text);
    return typeof policy === 'object' && policy !== null && 'Statement' in policy;
  } catch {
    return false;
  }
}
