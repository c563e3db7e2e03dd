/**
 * A step of the saga, as its worker runs it. What the step does, what it tells, and that it ran are one
 * transaction; the state machine is answered after the commit.
 *
 *     saga_step of the step   command of the step                       command that undoes it
 *     none                    run; 'done' or 'failed' with the result   nothing to undo; 'refused' stays as a tombstone
 *     done                    answered again with the stored result     undone
 *     failed                  answered again with the stored error      nothing to undo
 *     refused                 refused: STEP_REFUSED                     nothing to undo
 *
 * A worker that dies between commit and answer gets the command again, or the state machine sends it again with
 * another token: both end in the second line.
 */
import type { Envelope } from '../../../lib/contracts/index.ts';
import type { HandlerContext } from '../../runtime/index.ts';
import { rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Emit, Service, Transaction } from '../../service/unit-of-work.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { TaskCallbacks } from './step-functions.ts';

/** What a saga worker runs on. */
export interface SagaWorker {
  readonly service: Service;
  readonly callbacks: TaskCallbacks;
}

export type StepResult =
  | { readonly status: 'done'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly status: 'failed'; readonly code: string };

type StepCommand = Envelope<{ readonly orderId: string; readonly taskToken: string }>;
type StepContext = Pick<HandlerContext, 'logger'>;

export const done = (result: Readonly<Record<string, unknown>> = {}): StepResult => ({
  status: 'done',
  result,
});
export const failed = (code: string): StepResult => ({ status: 'failed', code });

/** The answer to a step that was undone before it ran. */
export const STEP_REFUSED = 'STEP_REFUSED';

export interface Step<Prepared> {
  readonly step: string;
  /**
   * What can't be part of the transaction, such as a call of a provider. Must be safe to repeat. Left out when the
   * step ran before.
   */
  readonly prepare: () => Promise<Prepared>;
  readonly work: (tx: Transaction, emit: Emit, prepared: Prepared) => Promise<StepResult>;
  /** Takes back what may have been prepared for a step that is then refused. Must be safe to repeat. */
  readonly takeBack?: () => Promise<void>;
}

/** @throws what the preparation, the database or Step Functions threw: the command comes again */
export async function runStep<Prepared>(
  { service, callbacks }: SagaWorker,
  command: StepCommand,
  context: StepContext,
  { step, prepare, work, takeBack }: Step<Prepared>,
): Promise<void> {
  const { orderId, taskToken } = command.data;
  const run = async (): Promise<StepResult> => {
    const prepared = await prepare();
    return unitOfWork(service, async (tx, emit) => {
      const before = await claimStep(tx, command, step);
      if (before !== undefined) return before;
      const ran = await work(tx, emit, prepared);
      await storeResult(tx, orderId, step, ran);
      return ran;
    });
  };
  const result = await withHeartbeat(callbacks, taskToken, async () => {
    const outcome = (await storedResult(service.database, orderId, step)) ?? (await run());
    if (isRefused(outcome)) await takeBack?.();
    return outcome;
  });
  await answer(callbacks, taskToken, result, context);
}

export interface Compensation {
  /** Its own name, by which a repeated command is recognised. */
  readonly compensation: string;
  /** The steps that it undoes. None of them runs any more. */
  readonly undoes: readonly string[];
  readonly work: (tx: Transaction, emit: Emit) => Promise<StepResult>;
  /** After the commit, and again with each repeated command: what is outside of the database. */
  readonly afterwards?: () => Promise<void>;
}

/** @throws what the database, Step Functions or `afterwards` threw: the command comes again */
export async function compensate(
  { service, callbacks }: SagaWorker,
  command: StepCommand,
  context: StepContext,
  { compensation, undoes, work, afterwards }: Compensation,
): Promise<void> {
  const { orderId, taskToken } = command.data;
  const result = await withHeartbeat(callbacks, taskToken, async () => {
    const outcome = await unitOfWork(service, async (tx, emit) => {
      const before = await claimStep(tx, command, compensation);
      if (before !== undefined) return before;
      for (const step of undoes) await refuseStep(tx, command, step);
      const ran = await work(tx, emit);
      await storeResult(tx, orderId, compensation, ran);
      return ran;
    });
    await afterwards?.();
    return outcome;
  });
  await answer(callbacks, taskToken, result, context);
}

async function answer(
  callbacks: TaskCallbacks,
  taskToken: string,
  result: StepResult,
  { logger }: StepContext,
): Promise<void> {
  const taken =
    result.status === 'done'
      ? await callbacks.succeed(taskToken, result.result)
      : await callbacks.fail(taskToken, result.code);
  if (taken === 'late') logger.info('nobody waits for this answer any more', { status: result.status });
}

interface StepRow {
  readonly status: 'running' | 'done' | 'failed' | 'refused';
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly code: string | null;
}

const SELECT_STEP = `select status, result, error_code as code from saga_step where order_id = $1 and step = $2`;

async function storedResult(
  database: Transaction,
  orderId: string,
  step: string,
): Promise<StepResult | undefined> {
  const [row] = await rowsOf<StepRow>(database, SELECT_STEP, [orderId, step]);
  return row === undefined ? undefined : resultOf(row);
}

/** Undefined: the step is this transaction's to run. A second command at the same moment waits here. */
async function claimStep(
  tx: Transaction,
  command: StepCommand,
  step: string,
): Promise<StepResult | undefined> {
  const { orderId } = command.data;
  const claimed = await rowsOf(
    tx,
    `insert into saga_step (order_id, step, status, command_id) values ($1, $2, 'running', $3)
     on conflict do nothing returning step`,
    [orderId, step, command.eventId],
  );
  return claimed.length > 0 ? undefined : storedResult(tx, orderId, step);
}

/** A tombstone where the step has not run. Waits for one that is just running. */
async function refuseStep(tx: Transaction, command: StepCommand, step: string): Promise<void> {
  await tx.query(
    `insert into saga_step (order_id, step, status, command_id) values ($1, $2, 'refused', $3)
     on conflict do nothing`,
    [command.data.orderId, step, command.eventId],
  );
}

async function storeResult(
  tx: Transaction,
  orderId: string,
  step: string,
  result: StepResult,
): Promise<void> {
  await tx.query(
    `update saga_step set status = $3, result = $4, error_code = $5, recorded_at = clock_timestamp()
      where order_id = $1 and step = $2`,
    [
      orderId,
      step,
      result.status,
      result.status === 'done' ? JSON.stringify(result.result) : null,
      result.status === 'failed' ? result.code : null,
    ],
  );
}

function resultOf({ status, result, code }: StepRow): StepResult {
  if (status === 'done') return done(result ?? {});
  return failed(status === 'refused' ? STEP_REFUSED : (code ?? STEP_REFUSED));
}

function isRefused(result: StepResult): boolean {
  return result.status === 'failed' && result.code === STEP_REFUSED;
}
