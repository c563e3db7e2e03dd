/** What people send in tests, and the check of what the agents left against a model that never saw them. */
import { expect } from '@jest/globals';
import { agentConsumes, agentNames } from '../../../catalog/agents/index.ts';
import { compareEffects } from '../../../local/workload/agents/effects.ts';
import { measureAgents } from '../../../local/workload/agents/measure.ts';
import { expectedEffects } from '../../../local/workload/agents/model.ts';
import { eventually } from '../../support/waiting.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';

const TEXTS = [
  'Export crashes every time since the update',
  'export crashes every time since update',
  'My password leaked, this is terrible and unacceptable',
  'Thanks, I love it, works great',
  'Loading the report takes minutes, extremely slow',
  'Would you add an option to import invoices',
  'I was charged twice on my invoice, wrong amount',
];

export interface PeopleProps {
  readonly feedbacks: number;
  readonly products: number;
  /** The number of the first feedback. @default 0 */
  readonly from?: number;
}

/** Feedback on several products, some of it voted for. */
export async function people(system: AgentsUnderTest, { feedbacks, products, from = 0 }: PeopleProps) {
  for (let number = from; number < from + feedbacks; number += 1) {
    const id = `f${number}`;
    await system.give(id, TEXTS[number % TEXTS.length]!, `product-${number % products}`);
    if (number % 3 === 0) await system.vote(id, 1 + (number % 5), 'usr_a');
    if (number % 6 === 0) await system.vote(id, -1, 'usr_b');
  }
}

/** Waits until every agent has handled all, and then compares effects, and the order of each agent and key. */
export async function expectEffectsOfModel(system: AgentsUnderTest): Promise<void> {
  await eventually(async () => {
    // Before the record: what is appended meanwhile is then seen to be missing.
    const handled = await system.rows('select agent, count(*)::int as events from handled group by agent');
    const record = await system.recorded();
    const wanted = agentNames.map((agent) => {
      const types = new Set<string>(agentConsumes[agent].map(({ name }) => name));
      return { agent, events: record.filter(({ eventType }) => types.has(eventType)).length };
    });
    expect(handled).toEqual(expect.arrayContaining(wanted));
  }, 100);
  const measured = await measureAgents({ query: (text, values) => system.pool.query(text, [...values]) });
  const expected = expectedEffects(measured.record, { tenantsWithEndpoint: new Set() });
  const differences = compareEffects(agentNames, expected, measured.effects).filter(
    ({ missing, doubled, extra, different }) =>
      missing.length + doubled.length + extra.length + different.length > 0,
  );
  expect(differences).toEqual([]);

  expect(
    await system.rows('select agent, event_id from handled group by agent, event_id having count(*) > 1'),
  ).toEqual([]);
  const reordered = await system.rows(
    `select agent, ordering_key from (
       select h.agent, h.ordering_key, e.position,
         lag(e.position) over (partition by h.agent, h.ordering_key order by h.sequence) as before
       from handled h join event_store e using (event_id)
     ) as ordered where before > position`,
  );
  expect(reordered).toEqual([]);
}
