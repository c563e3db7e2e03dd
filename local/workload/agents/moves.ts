/** Moves all agents from one transport to the next while events flow, one agent at a time, as an operator would. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { agentNames } from '../../../catalog/agents/index.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';
import { moveConsumer, parityReport, TRANSPORT_NAMES } from '../../../lambda/runtime/cutover/index.ts';
import type { ParityReport, TransportName } from '../../../lambda/runtime/cutover/index.ts';
import type { AgentMove, AgentParity } from './judge.ts';

export const TRANSPORTS: readonly TransportName[] = TRANSPORT_NAMES;
export type AgentsRoute = readonly TransportName[];

export interface PlannedMove {
  readonly agent: AgentName;
  readonly from: TransportName;
  readonly to: TransportName;
  /** Of everything that is fed: when this much was, the move begins. */
  readonly atShare: number;
}

export interface MoverOptions {
  /** On the schema of the agents. */
  readonly pool: Pool;
  /** Where all agents are live at first, and then one after the other. */
  readonly route: AgentsRoute;
  /** Lets an agent's queue be read, or holds it. */
  readonly switchQueue: (agent: AgentName, on: boolean) => Promise<void>;
  readonly signal: AbortSignal;
  readonly note?: ((text: string) => void) | undefined;
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
/** Refusals that pass by themselves: what is in work, or on its way. */
const PASSING: ReadonlySet<unknown> = new Set([
  'WAYBILL_TRANSPORT_MOVE_UNSAFE',
  'WAYBILL_TRANSPORT_MOVE_BLOCKED',
  'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN',
]);

/** One agent after the other, evenly over the feed; before the first and after the last move there is a share, too. */
export function plannedMoves(route: AgentsRoute): readonly PlannedMove[] {
  const legs = route.slice(1).map((to, index) => ({ from: route[index]!, to }));
  const moves = legs.flatMap((leg) => agentNames.map((agent) => ({ agent, ...leg })));
  return moves.map((move, index) => ({ ...move, atShare: (index + 2) / (moves.length + 4) }));
}

export function createMover(options: MoverOptions): Mover {
  const { route, signal } = options;
  const left = [...plannedMoves(route)];
  const made: AgentMove[] = [];
  let current: Promise<void> = Promise.resolve();
  const make = async (move: PlannedMove): Promise<void> => {
    made.push(await moveOne(options, move));
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

async function moveOne(options: MoverOptions, { agent, from, to }: PlannedMove): Promise<AgentMove> {
  const { pool, switchQueue, signal, note } = options;
  const startedAt = Date.now();
  const since = (): number => Date.now() - startedAt;
  for (;;) {
    try {
      await moveConsumer(pool, { consumer: agent, from, to });
      break;
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message: string };
      if (!PASSING.has(code) || since() > PATIENCE || signal.aborted) {
        return { agent, from, to, milliseconds: since(), refused: message };
      }
      await delay(RETRY);
    }
  }
  // Not before: what comes earlier is refused, and would only wait.
  if (to === 'sns-sqs') await switchQueue(agent, true);
  if (from === 'sns-sqs') await switchQueue(agent, false);
  note?.(`${agent} moved from ${from} to ${to}`);
  return { agent, from, to, milliseconds: since() };
}

/** Milliseconds until what is on its way to a shadow has to be there. */
const PARITY_PATIENCE = 60_000;

/** Of each agent on each transport that it moved to: what its shadow saw, once all has come or the time is up. */
export async function parityOf(
  pool: Pool,
  route: AgentsRoute,
  signal: AbortSignal,
): Promise<readonly AgentParity[]> {
  const watched = [...new Set(route.slice(1))].filter((transport) => transport !== 'postgres');
  const until = Date.now() + PARITY_PATIENCE;
  const reports: AgentParity[] = [];
  for (const transport of watched) {
    for (const agent of agentNames) {
      let report = await reportOf(pool, agent, transport);
      while (!report.isEqual && Date.now() < until && !signal.aborted) {
        await delay(RETRY);
        report = await reportOf(pool, agent, transport);
      }
      const { missing, extra, reordered, repeated, arrived, latency } = report;
      const differenceMs = latency.difference.p50;
      reports.push({ agent, transport, arrived, missing, extra, reordered, repeated, differenceMs });
    }
  }
  return reports;
}

function reportOf(pool: Pool, consumer: AgentName, transport: TransportName): Promise<ParityReport> {
  return parityReport(pool, { consumer, transport, settleSeconds: 0 });
}
