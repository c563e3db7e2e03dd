/**
 * What an idempotent producer wrote to one partition, so that a repeated batch is not written twice.
 *
 *   epoch of the batch | sequence                              | result
 *   -------------------+---------------------------------------+------------------------------
 *   older than known   | any                                   | INVALID_PRODUCER_EPOCH
 *   newer than known   | 0                                     | written
 *   newer than known   | any other                             | OUT_OF_ORDER_SEQUENCE_NUMBER
 *   the known one      | that of one of the last five batches  | not written, its offset answered
 *   the known one      | follows the last                      | written
 *   the known one      | any other                             | OUT_OF_ORDER_SEQUENCE_NUMBER
 *   producer not known | any                                   | written
 *
 * https://kafka.apache.org/documentation/#semantics
 */
import { KafkaError } from '../errors.ts';
import type { RecordBatch } from './record-batch.ts';

/** Batches a producer may have under way (`max.in.flight.requests.per.connection` of an idempotent one). */
const REMEMBERED_BATCHES = 5;
const SEQUENCE_NUMBERS = 2 ** 31;

interface WrittenBatch {
  readonly first: number;
  readonly last: number;
  readonly baseOffset: number;
}

interface ProducerState {
  epoch: number;
  batches: WrittenBatch[];
}

export interface ProducerSequences {
  /** The base offset that the batch has already; undefined when it is to be written. */
  check(batch: RecordBatch): number | undefined;
  written(batch: RecordBatch, baseOffset: number): void;
}

export function createProducerSequences(): ProducerSequences {
  const producers = new Map<number, ProducerState>();
  const lastOf = ({ baseSequence, recordCount }: RecordBatch): number =>
    (baseSequence + recordCount - 1) % SEQUENCE_NUMBERS;

  return {
    check(batch) {
      const { producerId, producerEpoch, baseSequence } = batch;
      const known = producerId < 0 ? undefined : producers.get(producerId);
      if (!known) return undefined;
      if (producerEpoch < known.epoch) {
        throw new KafkaError('INVALID_PRODUCER_EPOCH', `epoch ${producerEpoch} is older than ${known.epoch}`);
      }
      if (producerEpoch > known.epoch) {
        if (baseSequence === 0) return undefined;
        throw outOfOrder(baseSequence, 0);
      }
      const twin = known.batches.find(({ first, last }) => first === baseSequence && last === lastOf(batch));
      if (twin) return twin.baseOffset;
      const expected = ((known.batches.at(-1)?.last ?? -1) + 1) % SEQUENCE_NUMBERS;
      if (baseSequence !== expected) throw outOfOrder(baseSequence, expected);
      return undefined;
    },
    written(batch, baseOffset) {
      const { producerId, producerEpoch, baseSequence } = batch;
      if (producerId < 0) return;
      let known = producers.get(producerId);
      if (known?.epoch !== producerEpoch) {
        known = { epoch: producerEpoch, batches: [] };
        producers.set(producerId, known);
      }
      known.batches.push({ first: baseSequence, last: lastOf(batch), baseOffset });
      if (known.batches.length > REMEMBERED_BATCHES) known.batches.shift();
    },
  };
}

function outOfOrder(received: number, expected: number): KafkaError {
  return new KafkaError(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `sequence number ${received} came where ${expected} was expected`,
  );
}
