/** Produce and InitProducerId. */
import type { Broker } from '../broker.ts';
import { codeOf, KafkaError } from '../errors.ts';
import type {
  InitProducerIdRequest,
  InitProducerIdResponse,
  ProduceRequest,
  ProduceResponse,
} from '../messages/records.ts';
import { readBatches } from '../storage/record-batch.ts';

type PartitionRequest = ProduceRequest['topics'][number]['partitions'][number];
type PartitionResponse = ProduceResponse['topics'][number]['partitions'][number];

export function produce(broker: Broker, { acks, topics, transactionalId }: ProduceRequest): ProduceResponse {
  const append = (topic: string, { index, records }: PartitionRequest): PartitionResponse => {
    const answer = { index, recordErrors: [], errorMessage: null };
    try {
      if (acks < -1 || acks > 1) throw new KafkaError('INVALID_REQUIRED_ACKS', `acks ${acks}`);
      if (transactionalId !== null) throw noTransactions();
      const log = broker.topics.partition(topic, index);
      const batches = Buffer.isBuffer(records) ? readBatches(records) : [];
      if (batches.length === 0) throw new KafkaError('INVALID_RECORD', 'there are no records');
      const { baseOffset, logAppendTime } = log.append(batches, broker.now());
      return {
        ...answer,
        errorCode: 0,
        baseOffset,
        logAppendTimeMs: logAppendTime,
        logStartOffset: log.startOffset(),
      };
    } catch (thrown) {
      const errorCode = codeOf(thrown);
      const errorMessage = thrown instanceof Error ? thrown.message : null;
      return { ...answer, errorCode, errorMessage, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
    }
  };
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => append(name, partition)),
    })),
  };
}

/**
 * Without a transactional id every request gets a new id, whatever former id it names: two producers with one id would
 * take each other's batches for repetitions.
 */
export function initProducerId(
  broker: Broker,
  { transactionalId }: InitProducerIdRequest,
): InitProducerIdResponse {
  if (transactionalId !== null) {
    return { throttleTimeMs: 0, errorCode: noTransactions().code, producerId: -1, producerEpoch: -1 };
  }
  return { throttleTimeMs: 0, errorCode: 0, producerId: broker.nextProducerId(), producerEpoch: 0 };
}

function noTransactions(): KafkaError {
  return new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'there are no transactions here');
}
