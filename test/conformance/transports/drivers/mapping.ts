/** Event source mappings as Lambda has them, of a handler in this process. */
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import type { SqsBatchResponse } from '../../../../lambda/runtime/types.ts';
import { readBatchResponse, startSqsPoller } from '../../../../local/aws/polling/index.ts';
import type { BatchOutcome } from '../../../../local/aws/polling/index.ts';
import type { AwsUnderTest, Queue } from './embedded-aws.ts';

/** Milliseconds until the next batch is fetched beside one that runs. */
const SCALE_OUT = 5;

export interface Mapping {
  /** Waits for the batches in work. */
  close(): Promise<void>;
  /** As if the instances of the function were gone: what is in work has failed, and what it answers later counts no more. */
  crash(): Promise<void>;
}

/** What is invoked, and may be gone. */
export function mortal(): {
  readonly isDead: () => boolean;
  die(): void;
  invoke<Answer>(call: () => Promise<Answer>): Promise<Answer>;
} {
  const death = new AbortController();
  const died = new Promise<never>((_resolve, reject) =>
    death.signal.addEventListener('abort', () => reject(new Error('the instance of the function is gone'))),
  );
  died.catch(() => undefined);
  return {
    isDead: () => death.signal.aborted,
    die: () => death.abort(),
    invoke: (call) => (death.signal.aborted ? died : Promise.race([call(), died])),
  };
}

/** The answer of a function with ReportBatchItemFailures, or its error, as the mapping takes it. */
export async function outcomeOf(
  invoked: Promise<SqsBatchResponse>,
  identifiers: readonly string[],
): Promise<BatchOutcome> {
  try {
    const answer = JSON.stringify(await invoked);
    const outcome = readBatchResponse(answer, identifiers);
    return outcome.kind === 'failed' ? outcome : { ...outcome, answer };
  } catch (error) {
    return { kind: 'failed', reason: String(error) };
  }
}

export function mapQueue({ aws }: AwsUnderTest, { arn }: Queue, handler: SqsHandler): Mapping {
  const instances = mortal();
  const poller = startSqsPoller(aws.context, {
    queueArn: arn,
    batchSize: 10,
    batchingWindowSeconds: 0,
    limits: {},
    caller: { accountId: aws.context.accountId, arn: `arn:aws:iam::${aws.context.accountId}:root` },
    matches: () => true,
    deliver: (Records) =>
      outcomeOf(
        instances.invoke(() => handler({ Records })),
        Records.map(({ messageId }) => messageId),
      ),
    count: () => undefined,
    service: 'lambda',
    scaleOutDelay: () => SCALE_OUT,
  });
  return {
    close: () => poller.close(),
    async crash() {
      // No retries of its own: whoever reads next goes on.
      const closed = poller.close();
      instances.die();
      await closed;
    },
  };
}
