/** How far the agents are, cheaply: for the wait until all is done, and for who watches. */
import { agentConsumes, agentNames } from '../../../catalog/agents/index.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';
import type { QueryDatabase } from '../measure.ts';
import { AGENTS_SCHEMA } from './measure.ts';

export interface AgentsProgress {
  /** Events in the record. */
  readonly recorded: number;
  /** Effects so far, of all agents. */
  readonly handled: number;
  /** Of each agent. */
  readonly agents: readonly {
    readonly agent: AgentName;
    /** Where it is live. */
    readonly transport: string;
    readonly handled: number;
    readonly waiting: number;
    /** Given up by PostgreSQL; queues and Redis keep their own. */
    readonly deadLetters: number;
  }[];
  /** Agents that still have something to do. */
  readonly pending: readonly {
    readonly agent: AgentName;
    /** Where it is live. */
    readonly transport: string;
    readonly events: number;
  }[];
}

interface CountRow {
  readonly name: string;
  readonly count: number;
}

export async function progressOf(database: QueryDatabase): Promise<AgentsProgress> {
  const { rows } = await database.query(
    `select
       (select coalesce(json_agg(json_build_object('name', event_type, 'count', count)), '[]') from
         (select event_type, count(*)::int from ${AGENTS_SCHEMA}.event_store group by 1) r) as recorded,
       (select coalesce(json_agg(json_build_object('name', agent, 'count', count)), '[]') from
         (select agent, count(*)::int from ${AGENTS_SCHEMA}.handled group by 1) h) as handled,
       (select coalesce(json_agg(json_build_object('name', consumer, 'count', count)), '[]') from
         (select consumer, count(*)::int from ${AGENTS_SCHEMA}.event_dead_letter
           where redriven_at is null group by 1) d) as given_up,
       (select coalesce(json_object_agg(consumer, live_on), '{}') from ${AGENTS_SCHEMA}.consumer_transport) as live`,
    [],
  );
  const [found] = rows as [
    {
      readonly recorded: readonly CountRow[];
      readonly handled: readonly CountRow[];
      readonly given_up: readonly CountRow[];
      readonly live: Readonly<Record<string, string>>;
    },
  ];
  const countOf = (all: readonly CountRow[], wanted: string): number =>
    all.find(({ name }) => name === wanted)?.count ?? 0;
  const agents = agentNames.map((agent) => {
    const types = agentConsumes[agent].map(({ name }) => name);
    const due = types.reduce((sum, name) => sum + countOf(found.recorded, name), 0);
    const handled = countOf(found.handled, agent);
    return {
      agent,
      transport: found.live[agent] ?? 'none',
      handled,
      waiting: Math.max(0, due - handled),
      deadLetters: countOf(found.given_up, agent),
    };
  });
  const sumOf = (rows: readonly CountRow[]): number => rows.reduce((sum, { count }) => sum + count, 0);
  return {
    recorded: sumOf(found.recorded),
    handled: sumOf(found.handled),
    agents,
    pending: agents
      .filter(({ waiting }) => waiting > 0)
      .map(({ agent, transport, waiting }) => ({ agent, transport, events: waiting })),
  };
}
