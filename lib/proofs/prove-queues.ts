/** Claims of queues, whatever they are for: encrypted, and as fast as their kind allows. */
import type { Messaging, Queue } from '../assembly/index.ts';
import type { Break, Proof } from './proof.ts';

export function proveQueues({ queues }: Messaging): readonly Proof[] {
  return queues.map((queue) => ({
    kind: 'isolation',
    claim: `${queue.resource.constructPath} is encrypted${queue.fifo ? ', with a lane for each group' : ''}`,
    steps: [queue.kmsKeyId ?? (queue.sqsManagedSse ? 'SSE-SQS' : 'not encrypted')],
    breaks: [...encryptionBreaks(queue), ...throughputBreaks(queue), ...rangeBreaks(queue)],
  }));
}

function encryptionBreaks({ resource, kmsKeyId, sqsManagedSse }: Queue): readonly Break[] {
  if (kmsKeyId !== undefined || sqsManagedSse) return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: resource.constructPath,
      message: 'its messages are not encrypted at rest',
      fix: 'leave SqsManagedSseEnabled out, or give a KMS key',
    },
  ];
}

/** A FIFO queue is as fast as its topic only with a lane per group; SQS takes one of the two settings only with the other. */
function throughputBreaks({
  fifo,
  resource,
  deduplicationScope,
  fifoThroughputLimit,
}: Queue): readonly Break[] {
  if (!fifo || (deduplicationScope === 'messageGroup' && fifoThroughputLimit === 'perMessageGroupId'))
    return [];
  return [
    {
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: resource.constructPath,
      message: `all its groups share one throughput limit (DeduplicationScope ${deduplicationScope}, FifoThroughputLimit ${fifoThroughputLimit})`,
      fix: 'set DeduplicationScope to messageGroup and FifoThroughputLimit to perMessageGroupId',
    },
  ];
}

/** What SQS takes, AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html. */
const RANGES = {
  visibilityTimeoutSeconds: { property: 'VisibilityTimeout', min: 0, max: 43_200 },
  retentionSeconds: { property: 'MessageRetentionPeriod', min: 60, max: 1_209_600 },
} as const;

function rangeBreaks(queue: Queue): readonly Break[] {
  return (['visibilityTimeoutSeconds', 'retentionSeconds'] as const).flatMap((name) => {
    const { property, min, max } = RANGES[name];
    const value = queue[name];
    if (value >= min && value <= max) return [];
    return [
      {
        code: 'WAYBILL_PROOF_SETTING_DIFFERS',
        resource: queue.resource.constructPath,
        message: `${property} is ${value} seconds, and SQS takes ${min} to ${max}`,
        fix: `give ${min} to ${max} seconds`,
      },
    ];
  });
}
