/** The queues of an assembly, with the policies that are attached to them. */
import { queueArnOf } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { policiesByTarget } from './resource-policies.ts';
import type { AttachedPolicy } from './resource-policies.ts';
import { boolean, number, object, text, texts } from './property.ts';

export interface Queue extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly url: string;
  readonly name: string;
  readonly fifo: boolean;
  /** A key's id, ARN or alias; undefined without SSE-KMS. `alias/aws/sqs` is AWS's own key. */
  readonly kmsKeyId: string | undefined;
  readonly kmsDataKeyReusePeriodSeconds: number;
  /** SSE-SQS, which is on unless it is switched off or a KMS key is given. */
  readonly sqsManagedSse: boolean;
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly delaySeconds: number;
  readonly maximumMessageBytes: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly fifoThroughputLimit: 'perQueue' | 'perMessageGroupId';
  readonly redrive: Redrive | undefined;
  /** Undefined: every queue of the account and Region may use it as its dead-letter queue. */
  readonly redriveAllow: RedriveAllow | undefined;
  /** Of AWS::SQS::QueuePolicy and QueueInlinePolicy. CloudFormation lets the last of several win, and drops the others. */
  readonly policies: readonly AttachedPolicy[];
}

export interface Redrive {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export interface RedriveAllow {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns: readonly string[];
}

/** What SQS takes where the template is silent, AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html. */
const DEFAULTS = {
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 345_600,
  maximumMessageBytes: 1_048_576,
  kmsDataKeyReusePeriodSeconds: 300,
} as const;

export function queuesOf(assembly: Assembly): readonly Queue[] {
  const policies = policiesByTarget(
    assembly.ofType('AWS::SQS::QueuePolicy', 'AWS::SQS::QueueInlinePolicy'),
    ({ properties }) =>
      [...texts(properties['Queues']), ...texts(properties['Queue'])].map((url) => queueArnOf(url) ?? url),
  );
  return assembly.ofType('AWS::SQS::Queue').map((resource) => {
    const { properties, accountId, region, name, ref } = resource;
    const arn = resource.arn ?? '';
    const kmsKeyId = text(properties['KmsMasterKeyId']);
    const redrive = object(properties['RedrivePolicy']);
    const allow = object(properties['RedriveAllowPolicy']);
    return {
      resource,
      accountId,
      region,
      arn,
      url: ref,
      name,
      fifo: boolean(properties['FifoQueue']) ?? false,
      kmsKeyId,
      kmsDataKeyReusePeriodSeconds:
        number(properties['KmsDataKeyReusePeriodSeconds']) ?? DEFAULTS.kmsDataKeyReusePeriodSeconds,
      sqsManagedSse: kmsKeyId === undefined && (boolean(properties['SqsManagedSseEnabled']) ?? true),
      visibilityTimeoutSeconds: number(properties['VisibilityTimeout']) ?? DEFAULTS.visibilityTimeoutSeconds,
      retentionSeconds: number(properties['MessageRetentionPeriod']) ?? DEFAULTS.retentionSeconds,
      delaySeconds: number(properties['DelaySeconds']) ?? 0,
      maximumMessageBytes: number(properties['MaximumMessageSize']) ?? DEFAULTS.maximumMessageBytes,
      contentBasedDeduplication: boolean(properties['ContentBasedDeduplication']) ?? false,
      deduplicationScope: properties['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue',
      fifoThroughputLimit:
        properties['FifoThroughputLimit'] === 'perMessageGroupId' ? 'perMessageGroupId' : 'perQueue',
      redrive: redrive && {
        deadLetterTargetArn: text(redrive['deadLetterTargetArn']) ?? '',
        maxReceiveCount: number(redrive['maxReceiveCount']) ?? Number.NaN,
      },
      redriveAllow: allow && {
        redrivePermission: redrivePermission(allow['redrivePermission']),
        sourceQueueArns: texts(allow['sourceQueueArns']),
      },
      policies: policies.get(arn) ?? [],
    };
  });
}

function redrivePermission(value: unknown): RedriveAllow['redrivePermission'] {
  return value === 'denyAll' || value === 'byQueue' ? value : 'allowAll';
}
