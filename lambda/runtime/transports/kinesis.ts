/** Puts events on one Kinesis stream, in the order of each key. */
import { kinesisSender } from '../aws/kinesis.ts';
import type { KinesisSender, PutRecordsAnswer } from '../aws/kinesis.ts';
import type { EncodedMessage, Transport } from '../types.ts';
import { entryFailure } from './call-error.ts';
import type { EntryFailure } from './call-error.ts';
import { groupIdOf } from './group-id.ts';
import { KINESIS_LIMITS } from './limits.ts';
import { sendInBatches } from './send-in-batches.ts';
import type { SendTuning } from './send-in-batches.ts';

export interface KinesisTransportProps {
  /** For example `arn:aws:kinesis:eu-west-1:111122223333:stream/activity`. */
  readonly streamArn: string;
  /**
   * Bytes of a record with its key, where the stream's MaxRecordSizeInKiB was raised.
   * @default 1048576
   */
  readonly maximumRecordSize?: number;
  /** @default - signs its own requests, with the credentials of the environment */
  readonly client?: KinesisSender;
  readonly tuning?: SendTuning;
}

/**
 * The partition key is the ordering key, and the record is the envelope. Of a key one event at a time is under way,
 * because PutRecords can take a later record and refuse an earlier one. A stream knows no deduplication: a repeated
 * call can put an event twice, and its eventId tells.
 *
 * @example
 * const transport = kinesisTransport({ streamArn: process.env.STREAM_ARN });
 */
export function kinesisTransport(props: KinesisTransportProps): Transport {
  const client = props.client ?? kinesisSender(process.env);
  const entryBytes = props.maximumRecordSize ?? KINESIS_LIMITS.entryBytes;
  return {
    async send(messages) {
      if (messages.length === 0) return { failed: [] };
      const failed = await sendInBatches(messages, {
        limits: { ...KINESIS_LIMITS, entryBytes },
        sizeOf: (message) => Buffer.byteLength(message.body) + Buffer.byteLength(groupIdOf(message)),
        laneOf: groupIdOf,
        call: async (batch) => {
          const answer = await client.putRecords({
            StreamARN: props.streamArn,
            Records: batch.map(recordOf),
          });
          return batch.map((_, position) => resultOf(answer.Records?.[position]));
        },
        ...(props.tuning !== undefined && { tuning: props.tuning }),
      });
      return { failed };
    },
  };
}

const recordOf = (message: EncodedMessage) => ({
  Data: Buffer.from(message.body),
  PartitionKey: groupIdOf(message),
});

/** Codes of a failed record that a later try may clear. Source: Kinesis API, PutRecordsResultEntry. */
const TRANSIENT = new Set([
  'ProvisionedThroughputExceededException',
  'InternalFailure',
  'KMSThrottlingException',
]);

function resultOf(
  result: NonNullable<PutRecordsAnswer['Records']>[number] | undefined,
): EntryFailure | undefined {
  if (result?.SequenceNumber !== undefined && result.ErrorCode === undefined) return undefined;
  const code = result?.ErrorCode ?? 'WAYBILL_NO_ANSWER';
  const transient = TRANSIENT.has(code) || result?.ErrorCode === undefined;
  return entryFailure(code, result?.ErrorMessage ?? 'the service did not answer for the record', !transient);
}
