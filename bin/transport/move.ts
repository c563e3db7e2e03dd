/** A consumer moved, with the event source mapping that belongs to it. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Pool } from 'pg';
import { mirrorsOf, moveConsumer } from '../../lambda/runtime/cutover/index.ts';
import type { MoveOptions, MoveReport, TransportName } from '../../lambda/runtime/cutover/index.ts';
import { mappingOf, mappingsOf, switchMapping } from './mappings.ts';

export interface MoveProps {
  readonly pool: Pool;
  /** Asked for only where one of the two is `sns-sqs`. */
  readonly lambda: () => Promise<Pick<LambdaClient, 'send'>>;
  readonly functionName: string | undefined;
  readonly options: MoveOptions & { readonly from: TransportName };
  /** Milliseconds for Lambda to switch a mapping. */
  readonly switchWithin: number;
}

/**
 * | | before the move | after it | it fails |
 * |---|---|---|---|
 * | from sns-sqs | disabled, and waited for: what was received is handled | | enabled again |
 * | to sns-sqs | found, so that it is not missing afterwards | enabled | run it again: a move that was made is not made twice |
 * | where it is live already, and not on sns-sqs | | disabled, where a deployment has enabled it | run it again |
 * | otherwise | | | |
 *
 * Readers of PostgreSQL and Redis follow by themselves within a second.
 */
export async function moveWithMapping(props: MoveProps): Promise<MoveReport> {
  const { pool, options, functionName, switchWithin } = props;
  const { consumer, from, to } = options;
  if (from === to && to !== 'sns-sqs') await holdMapping(props);
  if (from !== 'sns-sqs' && to !== 'sns-sqs') return moveConsumer(pool, options);
  const lambda = await props.lambda();
  const mapping = await mappingOf(lambda, consumer, functionName);
  if (to === 'sns-sqs') {
    const report = await moveConsumer(pool, options);
    await switchMapping(lambda, mapping, true, switchWithin);
    return report;
  }
  try {
    await switchMapping(lambda, mapping, false, switchWithin);
    return await moveConsumer(pool, options);
  } catch (error) {
    await switchMapping(lambda, mapping, true, 0).catch(() => undefined);
    throw error;
  }
}

/** Its queue is not read where it is not live. Without a mirror to queues there is none. */
async function holdMapping({
  pool,
  options,
  functionName,
  switchWithin,
  ...props
}: MoveProps): Promise<void> {
  if (!(await mirrorsOf(pool)).some(({ transport }) => transport === 'sns-sqs')) return;
  const lambda = await props.lambda();
  for (const mapping of await mappingsOf(lambda, new Set([options.consumer]))) {
    if (functionName === undefined || mapping.functionName === functionName) {
      await switchMapping(lambda, mapping, false, switchWithin);
    }
  }
}
