/** What the sagas of a run did, from the histories of their executions. */
import type { AwsContext } from '../../aws/index.ts';

export interface SagaMeasure {
  /** Executions of the region that works, by their status, in lower case: `succeeded`, `running` and so on. */
  readonly executions: Readonly<Record<string, number>>;
  /** The same of regions that were left, whose commands have no effect any more. */
  readonly executionsElsewhere: Readonly<Record<string, number>>;
  /** Orders with a saga that ended as it should, in whatever region. */
  readonly ended: number;
  readonly steps: Readonly<Record<string, StepMeasure>>;
  /** Compensating steps that ran. */
  readonly compensations: number;
  /** Commands sent beyond the first of a step. */
  readonly retries: number;
}

export interface StepMeasure {
  readonly run: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Sent again. */
  readonly retried: number;
}

const COMPENSATIONS: ReadonlySet<string> = new Set(['CancelShipping', 'ReleaseInventory', 'RefundPayment']);

interface Counts {
  run: number;
  succeeded: number;
  failed: number;
  sent: number;
}

/** @param contexts of the region that works, then of each other one that ran sagas; an order's may have run in more than one. */
export function measureSagas(contexts: readonly AwsContext[], machineName = /saga/i): SagaMeasure {
  const executions: Record<string, number> = {};
  const executionsElsewhere: Record<string, number> = {};
  const ended = new Set<string>();
  const steps = new Map<string, Counts>();
  for (const [index, context] of contexts.entries()) {
    const counted = index === 0 ? executions : executionsElsewhere;
    const states = context.services.get('states');
    for (const { arn } of states.machines().filter(({ name }) => machineName.test(name))) {
      for (const execution of states.executions(arn)) {
        const status = execution.status.toLowerCase();
        counted[status] = (counted[status] ?? 0) + 1;
        if (status === 'succeeded') ended.add(execution.name);
        countSteps(states.history(execution.arn), steps);
      }
    }
  }
  const measured = Object.fromEntries(
    [...steps].map(([name, { run, succeeded, failed, sent }]) => [
      name,
      { run, succeeded, failed, retried: Math.max(0, sent - run) },
    ]),
  );
  const all = Object.entries(measured);
  return {
    executions,
    executionsElsewhere,
    ended: ended.size,
    steps: measured,
    compensations: all.reduce((sum, [name, { run }]) => sum + (COMPENSATIONS.has(name) ? run : 0), 0),
    retries: all.reduce((sum, [, { retried }]) => sum + retried, 0),
  };
}

interface HistoryEvent {
  readonly type: string;
  readonly stateEnteredEventDetails?: { readonly name?: string } | undefined;
}

function countSteps(history: readonly object[], steps: Map<string, Counts>): void {
  let current: Counts | undefined;
  for (const event of history as readonly HistoryEvent[]) {
    if (event.type === 'TaskStateEntered') {
      const name = event.stateEnteredEventDetails?.name ?? 'unnamed';
      current = steps.get(name) ?? { run: 0, succeeded: 0, failed: 0, sent: 0 };
      steps.set(name, current);
      current.run += 1;
    }
    if (current === undefined) continue;
    if (event.type === 'TaskScheduled') current.sent += 1;
    if (event.type === 'TaskSucceeded') current.succeeded += 1;
    if (event.type === 'TaskFailed' || event.type === 'TaskTimedOut') current.failed += 1;
  }
}
