/** Moves a system from one region to another that stands by: the steps of docs/runbooks/region-failover.md. */
import { openOrders, planFailover, requeue } from './outbox.ts';
import type { FailoverDatabase, FailoverPlan, OutboxFailoverOptions } from './outbox.ts';
import type { RegionControl } from './region-control.ts';

export interface FailoverProps extends OutboxFailoverOptions {
  /** The database that both regions write to; after a failover of its own. */
  readonly database: FailoverDatabase;
  readonly from: RegionControl;
  readonly to: RegionControl;
  /**
   * Only says what would be done.
   * @default false
   */
  readonly dryRun?: boolean;
  /** Called with a line for each step. */
  readonly say?: (line: string) => void;
}

export interface FailoverOutcome extends FailoverPlan {
  /** Whether the region that is left could be told to stop. If not, it must be, as soon as it answers. */
  readonly fenced: boolean;
}

/**
 * | step | why then |
 * |---|---|
 * | stop the relay of the region that is left, and its sagas, if it answers | two relays share the outbox: what either publishes reaches its own region alone |
 * | put the events back, and open orders | before somebody publishes there |
 * | switch the rules of replicas on | their consumers wait for events |
 * | start the relay of the other region | now everything follows |
 * | let sagas go on there that an earlier move ended | on the way back their names are taken, and they would not start |
 *
 * Safe to repeat, also after it broke off half way.
 */
export async function failOver(props: FailoverProps): Promise<FailoverOutcome> {
  const { database, from, to, dryRun = false, say = () => {} } = props;
  const plan = await planFailover(database, props);
  const since = plan.since.toISOString();
  if (dryRun) {
    say(`would stop the relay in ${from.region}, and end the sagas that run there, if it answers`);
    say(`would publish ${plan.events} events again, from ${since} on`);
    say(`would begin the sagas of ${plan.orders} open orders again`);
    say(`would switch on what stands by in ${to.region}, and start its relay`);
    return { ...plan, fenced: false };
  }
  const fenced = await fence(from, say);
  const done = await requeue(database, props, plan);
  say(`${done.events} events are to be published again, from ${since} on; ${done.orders} sagas begin again`);
  say(`${to.region}: ${await to.switchReplicas(true)} rules of replicas are on`);
  say(`${to.region}: the relay runs (${await to.switchRelay(true)} triggers)`);
  const redriven = await to.redriveExecutions(await openOrders(database, props));
  if (redriven > 0) say(`${to.region}: ${redriven} sagas go on that were ended there before`);
  return { ...done, fenced };
}

/**
 * Makes a region stop that another one has taken over from: as soon as it answers, and at the latest before anything is
 * changed in it.
 *
 * @returns false when it does not answer
 */
export async function fence(left: RegionControl, say: (line: string) => void = () => {}): Promise<boolean> {
  try {
    say(`${left.region}: the relay is stopped (${await left.switchRelay(false)} triggers)`);
    await left.switchReplicas(false);
    say(`${left.region}: ${await left.stopExecutions()} sagas that ran are ended`);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`${left.region} does not answer (${reason}): run "waybill region fence" as soon as it does`);
    return false;
  }
}
