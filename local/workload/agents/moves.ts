/** Moves all agents from one transport to the next while events flow, one agent at a time, by the commands of the runbook. */
import { setTimeout as delay } from 'node:timers/promises';
import { agentNames } from '../../../catalog/agents/index.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';
import { TRANSPORT_NAMES } from '../../../lambda/runtime/cutover/index.ts';
import type { ParityReport, TransportName } from '../../../lambda/runtime/cutover/index.ts';
import type { AgentMove, AgentParity, AgentStatus } from './judge.ts';
import { codeOf, STREAM_ARGUMENTS } from './operator.ts';
import type { CommandAnswer, Operator } from './operator.ts';

export const TRANSPORTS: readonly TransportName[] = TRANSPORT_NAMES;
export type AgentsRoute = readonly TransportName[];

export interface PlannedMove {
  readonly agent: AgentName;
  readonly from: TransportName;
  readonly to: TransportName;
  /** By `rollback`: to where its last move came from. */
  readonly isBack: boolean;
  /** Of everything that is fed: when this much was, the move begins. */
  readonly atShare: number;
}

export interface MoverOptions {
  readonly operator: Operator;
  /** Where all agents are live at first, and then one after the other. */
  readonly route: AgentsRoute;
  /**
   * Called when a move begins. Answers after how many milliseconds its command is killed with `kill -9`; undefined lets it
   * run. The move then goes on as the runbook says.
   * @default - none is killed
   */
  readonly onMove?: ((move: PlannedMove) => number | undefined) | undefined;
  /** How far an agent is: it is watched at work where it is, as the runbook says, before it moves on. */
  readonly progress: (agent: AgentName) => Promise<AgentWork>;
  readonly signal: AbortSignal;
  readonly note?: ((text: string) => void) | undefined;
}

export interface AgentWork {
  /** Effects so far. */
  readonly handled: number;
  /** Events that it still has to handle. */
  readonly waiting: number;
}

export interface Mover {
  /**
   * Begins what is due. Resolves when no more than the move that was begun last goes on, so that the feed does not run
   * away from the moves.
   */
  reached(share: number): Promise<void>;
  /** Resolves when all moves that were begun are over. */
  finish(): Promise<void>;
  moves(): readonly AgentMove[];
}

/** Milliseconds until a move that was refused is tried again, and until it is given up. */
const RETRY = 500;
const PATIENCE = 90_000;
/** Refusals that pass by themselves: what is in work, on its way, or not started yet. */
const PASSING: ReadonlySet<unknown> = new Set([
  'WAYBILL_TRANSPORT_MOVE_UNSAFE',
  'WAYBILL_TRANSPORT_MOVE_BLOCKED',
  'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN',
  'WAYBILL_TRANSPORT_SWITCH_SLOW',
]);
const WHY = 'the route of this run';

/** One agent after the other, evenly over the feed; before the first and after the last move there is a share, too. */
export function plannedMoves(route: AgentsRoute): readonly PlannedMove[] {
  const legs = route
    .slice(1)
    .map((to, index) => ({ from: route[index]!, to, isBack: index > 0 && route[index - 1] === to }));
  const moves = legs.flatMap((leg) => agentNames.map((agent) => ({ agent, ...leg })));
  return moves.map((move, index) => ({ ...move, atShare: (index + 2) / (moves.length + 4) }));
}

export function createMover(options: MoverOptions): Mover {
  const { route, signal } = options;
  const left = [...plannedMoves(route)];
  const made: AgentMove[] = [];
  const handledAt = new Map<AgentName, number>();
  let current: Promise<void> = Promise.resolve();
  const make = async (move: PlannedMove): Promise<void> => {
    await atWork(options, move.agent, handledAt.get(move.agent) ?? 0);
    made.push(await moveOne(options, move));
    handledAt.set(move.agent, (await options.progress(move.agent)).handled);
  };
  return {
    moves: () => made,
    finish: () => current,
    async reached(share) {
      while (left[0] !== undefined && left[0].atShare <= share && !signal.aborted) {
        const move = left.shift()!;
        await current;
        current = make(move);
        // Awaited by the next one, or by finish().
        current.catch(() => {});
      }
    },
  };
}

/** Resolves when it has had an effect since its last move, has nothing to do, or does not come to it in time. */
async function atWork(
  { progress, signal }: MoverOptions,
  agent: AgentName,
  handledBefore: number,
): Promise<void> {
  const until = Date.now() + PATIENCE;
  while (Date.now() < until && !signal.aborted) {
    const { handled, waiting } = await progress(agent);
    if (handled > handledBefore || waiting === 0) return;
    await delay(RETRY);
  }
}

/**
 * | the command | next |
 * |---|---|
 * | made it | over |
 * | is refused for what passes | the same command again |
 * | was killed | `status`, then the same command; a rollback that was made is not run again, as it would go forth once more: `move` ends what is left of it |
 */
async function moveOne(options: MoverOptions, move: PlannedMove): Promise<AgentMove> {
  const { operator, signal, note, onMove } = options;
  const { agent, from, to, isBack } = move;
  const startedAt = Date.now();
  const since = (): number => Date.now() - startedAt;
  const command = isBack ? 'rollback' : 'move';
  const told = { agent, from, to, command } as const;
  let killAfter = onMove?.(move);
  let cutOff = 0;
  let isThere = false;
  for (;;) {
    const answer = await operator(commandOf(move, isThere), killAfter);
    if (answer.ok) {
      const { leftGivenUp = 0 } = answer.json as { readonly leftGivenUp?: number };
      note?.(`${agent} ${isBack ? 'rolled back' : 'moved'} from ${from} to ${to}`);
      return { ...told, milliseconds: since(), cutOff, leftGivenUp };
    }
    const isPassing = answer.isCutOff || PASSING.has(codeOf(answer));
    if (!isPassing || since() > PATIENCE || signal.aborted) {
      return { ...told, milliseconds: since(), cutOff, leftGivenUp: 0, refused: answer.stderr };
    }
    if (answer.isCutOff) {
      cutOff += 1;
      killAfter = undefined;
      note?.(`the command that moves ${agent} to ${to} was killed`);
      isThere = (await statusOf(operator, agent)).some(({ liveOn }) => liveOn === to);
    } else await delay(RETRY);
  }
}

function commandOf({ agent, from, to, isBack }: PlannedMove, isThere: boolean): readonly string[] {
  const way = isBack && !isThere ? ['rollback', agent] : ['move', agent, '--to', to];
  return [...way, '--why', WHY, '--yes', ...(from === 'redis' ? STREAM_ARGUMENTS : [])];
}

/** Where agents are, as `waybill transport status` says it. @param agent - all of them unless given */
export async function statusOf(operator: Operator, agent?: AgentName): Promise<readonly AgentStatus[]> {
  const answer = await operator(['status', ...(agent === undefined ? [] : [agent])]);
  const { consumers } = (answer.json ?? { consumers: [] }) as {
    readonly consumers: readonly {
      readonly consumer: string;
      readonly liveOn: string;
      readonly moves: readonly unknown[];
    }[];
  };
  return consumers.map(({ consumer, liveOn, moves }) => ({ agent: consumer, liveOn, moves: moves.length }));
}

/** Milliseconds without anything that came to a shadow, until nothing more is waited for. */
const PARITY_PATIENCE = 60_000;

/** Of each agent on each transport that it moved to: what its shadow saw, once all has come or nothing more does. */
export async function parityOf(
  operator: Operator,
  route: AgentsRoute,
  signal: AbortSignal,
): Promise<readonly AgentParity[]> {
  const watched = [...new Set(route.slice(1))].filter((transport) => transport !== 'postgres');
  const reports: AgentParity[] = [];
  let until = Date.now() + PARITY_PATIENCE;
  for (const transport of watched) {
    for (const agent of agentNames) {
      let arrived = -1;
      for (;;) {
        const answer = await operator(['parity', agent, '--on', transport, '--settle', '0']);
        const report = parityIn(answer, agent, transport);
        // On a busy machine the commands alone take longer than this.
        if (answer.ok || ('arrived' in report && report.arrived > arrived)) {
          until = Date.now() + PARITY_PATIENCE;
        }
        if (answer.ok || Date.now() > until || signal.aborted) {
          reports.push(report);
          break;
        }
        arrived = 'arrived' in report ? report.arrived : arrived;
        await delay(RETRY);
      }
    }
  }
  return reports;
}

/** What a shadow's report says; without one nothing is known of what came. */
function parityIn({ json, stderr }: CommandAnswer, agent: AgentName, transport: TransportName): AgentParity {
  if (json === undefined) return { agent, transport, unknown: stderr };
  const { missing, extra, reordered, repeated, arrived, latency } = json as ParityReport;
  const differenceMs = latency.difference.p50;
  return { agent, transport, arrived, missing, extra, reordered, repeated, differenceMs };
}
