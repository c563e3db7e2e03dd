import { Duration } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from '@jest/globals';
import { deadLetterRetention } from '../../../lib/guards/w10-dead-letter-retention.ts';
import { findingsOf, plainStack } from './support.ts';

function queues(source: number, deadLetter: number | undefined, fifo = false) {
  return plainStack((stack) => {
    const deadLetterQueue = new Queue(stack, 'Dead', {
      ...(deadLetter === undefined ? {} : { retentionPeriod: Duration.days(deadLetter) }),
      ...(fifo ? { fifo } : {}),
    });
    new Queue(stack, 'Source', {
      retentionPeriod: Duration.days(source),
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 },
      ...(fifo ? { fifo } : {}),
    });
  });
}

describe('W10 a dead-letter queue keeps messages longer than its source', () => {
  test.each([
    ['shorter', 10, 4],
    ['the same', 4, 4],
    ['the default of both, in plain CDK', 4, undefined],
  ])('%s: found', (_, source, deadLetter) => {
    expect(findingsOf(deadLetterRetention, queues(source, deadLetter))).toEqual([
      'Plain/Dead MessageRetentionPeriod',
    ]);
  });

  test('longer, the longest there is, and FIFO: nothing', () => {
    expect(findingsOf(deadLetterRetention, queues(4, 14))).toEqual([]);
    expect(findingsOf(deadLetterRetention, queues(14, 14))).toEqual([]);
    expect(findingsOf(deadLetterRetention, queues(4, 4, true))).toEqual([]);
  });
});
