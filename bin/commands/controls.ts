/** `waybill controls`: switches consumers and tenants off and on, forces breakers, and says how things are. */
import type { BreakerState } from '../../lambda/runtime/degradation/breaker-store.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { lambdaClient, operatorOf } from '../controls/clients.ts';
import type { Operator } from '../controls/clients.ts';
import { consumerNamed, controlledConsumers, tableOf } from '../controls/consumers.ts';
import type { ControlledConsumer } from '../controls/consumers.ts';
import {
  auditOf,
  breakerOf,
  forceBreaker,
  forgetParkedNotes,
  parkedOf,
  pauseConsumer,
  resumeConsumer,
  setSwitch,
  switchesOf,
  switchName,
} from '../controls/operations.ts';
import type { Target } from '../controls/operations.ts';
import { releaseTenant } from '../controls/release.ts';

export interface ControlsOptions {
  /** The name of the controls table. */
  readonly table?: string;
  readonly json?: boolean;
}

export interface ChangeOptions extends ControlsOptions, Target {
  readonly why: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface ResumeOptions extends ChangeOptions {
  /** Seconds. */
  readonly within: number;
  readonly forgetNotes?: boolean;
}

interface Scene {
  readonly operator: Operator;
  readonly table: string;
  readonly consumers: readonly ControlledConsumer[];
}

async function scene(options: ControlsOptions): Promise<Scene> {
  const lambda = await lambdaClient();
  const all = await controlledConsumers(lambda);
  const table = tableOf(all, options.table ?? process.env['WAYBILL_CONTROLS_TABLE']);
  return {
    table,
    operator: await operatorOf(table, lambda),
    consumers: all.filter((consumer) => consumer.table === table),
  };
}

/** Everything that is not as usual, and the state of each consumer. */
export async function list(options: ControlsOptions): Promise<void> {
  const { operator, table, consumers } = await scene(options);
  const names = [...new Set(consumers.flatMap(({ dependencies }) => dependencies))].toSorted();
  const [switches, breakers, parked] = await Promise.all([
    switchesOf(operator),
    Promise.all(names.map(async (name) => ({ name, ...(await breakerOf(operator, name)) }))),
    Promise.all(consumers.map(({ name }) => parkedOf(operator, name))),
  ]);
  const views = consumers.map(({ name, mappings }, index) => ({
    name,
    mappings: mappings.map(({ state }) => state),
    parked: parked[index]!.messages,
    oldestParkedAt: timeOf(parked[index]!.oldestAt),
  }));
  if (options.json === true) {
    print(JSON.stringify({ table, switches, breakers, consumers: views }, null, 2));
    return;
  }
  print(`table ${table}\n`);
  print(switches.length === 0 ? 'switches: all on' : 'switches');
  for (const { target, state, by, at, why } of switches) print(`  ${state} ${target}, ${at}, ${by}: ${why}`);
  print(breakers.length === 0 ? 'breakers: none' : 'breakers');
  for (const breaker of breakers) print(`  ${breaker.name}: ${describeBreaker(breaker)}`);
  print(consumers.length === 0 ? 'consumers: none' : 'consumers');
  for (const { name, mappings, parked: waiting, oldestParkedAt } of views) {
    const note = waiting === 0 ? '' : `, ${waiting} parked since ${oldestParkedAt}`;
    print(`  ${name}: ${mappings.join(', ') || 'no mapping'}${note}`);
  }
}

export async function audit(options: ControlsOptions): Promise<void> {
  const { operator } = await scene(options);
  const entries = await auditOf(operator);
  if (options.json === true) print(JSON.stringify(entries, null, 2));
  else for (const { target, by, at, why } of entries) print(`${at}  ${target}  ${by}: ${why}`);
}

export async function pause(options: ChangeOptions): Promise<void> {
  const { operator, consumers } = await scene(options);
  const { consumer, tenant } = checkedTarget(options);
  const affected = affectedConsumers(consumers, options);
  const effect =
    tenant === undefined
      ? `${consumer} stops within seconds, and its event source mapping is paused. Its messages wait in their queue.`
      : `Messages of ${tenant} are parked, in their order, by ${namesOf(affected)}. Those of other tenants go on.`;
  await change(options, operator, `pause ${switchName(options)}`, effect, async () => {
    if (tenant === undefined) await pauseConsumer(operator, affected[0]!, options.why);
    else await setSwitch(operator, options, 'paused', options.why);
    return {};
  });
}

export async function resume(options: ResumeOptions): Promise<void> {
  const { operator, consumers } = await scene(options);
  const { consumer, tenant } = checkedTarget(options);
  const affected = affectedConsumers(consumers, options);
  const waiting = await Promise.all(
    tenant === undefined ? [] : affected.map(({ name }) => parkedOf(operator, name, tenant)),
  );
  const parked = waiting.reduce((sum, { messages }) => sum + messages, 0);
  const effect =
    tenant === undefined
      ? `The event source mapping of ${consumer} is enabled; it goes on where it was.`
      : `${parked} parked messages of ${tenant} are handled by ${namesOf(affected)}, in their order, before newer ones${options.forgetNotes === true ? '. Notes of messages that do not come back are forgotten' : ''}.`;
  await change(options, operator, `resume ${switchName(options)}`, effect, async () => {
    if (tenant === undefined) {
      await resumeConsumer(operator, affected[0]!, options.why);
      return {};
    }
    if (options.forgetNotes === true) {
      for (const { name } of affected) await forgetParkedNotes(operator, name, tenant);
    }
    const release = await releaseTenant(operator, {
      target: { consumer, tenant },
      consumers: affected,
      why: options.why,
      within: 1_000 * options.within,
      onProgress: (released) => {
        if (options.json !== true && process.stderr.isTTY) process.stderr.write(`\rreleased ${released}`);
      },
    });
    if (!release.isOn) process.exitCode = EXIT.failed;
    return { ...release };
  });
}

export async function breaker(dependency: string, to: string, options: ChangeOptions): Promise<void> {
  if (to !== 'open' && to !== 'closed' && to !== 'auto') {
    throw new CommandError('WAYBILL_BREAKER_STATE_UNKNOWN', `a breaker cannot be '${to}'`, {
      fix: 'give open, closed or auto',
    });
  }
  const { operator } = await scene(options);
  const effect = {
    open: `${dependency} is not called any more by anybody, until the breaker is auto again. Messages that need it wait.`,
    closed: `${dependency} is called whatever fails, until the breaker is auto again.`,
    auto: `The breaker of ${dependency} is closed, and opens by itself when calls fail.`,
  }[to];
  await change(options, operator, `breaker#${dependency} ${to}`, effect, async () => {
    await forceBreaker(operator, dependency, to, options.why);
    return {};
  });
}

/** Says what will be, asks, does it, and says what was done by whom and why: the line that is in the audit too. */
async function change(
  { why, yes = false, dryRun = false, json = false }: ChangeOptions,
  operator: Operator,
  what: string,
  effect: string,
  act: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<void> {
  if (dryRun) {
    print(json ? JSON.stringify({ what, effect, dryRun }) : `would ${what}\n${effect}\nNothing was changed.`);
    return;
  }
  if (!yes) await confirm(what, effect);
  const result = await act();
  const line = { at: new Date(operator.clock.now()).toISOString(), who: operator.who, what, why, ...result };
  if (json) print(JSON.stringify(line));
  else {
    print(`${line.at}  ${what}  ${line.who}: ${why}`);
    if ('isOn' in result && result['isOn'] !== true) {
      print(
        `${String(result['left'])} messages are parked, or released and not yet handled: run the same command again`,
      );
    }
  }
}

function checkedTarget({ consumer, tenant }: Target): Target {
  if (consumer !== undefined || tenant !== undefined) return { consumer, tenant };
  throw new CommandError('WAYBILL_TARGET_MISSING', 'neither a consumer nor a tenant was given', {
    fix: 'give --consumer NAME, --tenant ID, or both',
  });
}

function affectedConsumers(
  consumers: readonly ControlledConsumer[],
  { consumer }: Target,
): readonly ControlledConsumer[] {
  return consumer === undefined ? consumers : [consumerNamed(consumers, consumer)];
}

function namesOf(consumers: readonly ControlledConsumer[]): string {
  return consumers.map(({ name }) => name).join(', ') || 'no consumer';
}

function describeBreaker({ state, openUntil, openings, forced }: BreakerState): string {
  if (forced !== undefined) return `forced ${forced}`;
  return state === 'closed'
    ? 'closed'
    : `open until ${timeOf(openUntil)}, then one probe (opened ${openings} times)`;
}

function timeOf(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '-' : new Date(milliseconds).toISOString();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
