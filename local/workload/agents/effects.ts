/** Final effects of the agents, and how those that were compare with those that should have been. */
import type { AgentName } from '../../../catalog/agents/index.ts';

export interface Effect {
  readonly agent: AgentName;
  /** What it is of, such as a feedback or a week of a tenant. */
  readonly key: string;
  readonly value: unknown;
}

export interface EffectsComparison {
  readonly agent: AgentName;
  readonly expected: number;
  readonly found: number;
  /** Keys that should have an effect, and have none. */
  readonly missing: readonly string[];
  /** Keys that have more effects than they should. */
  readonly doubled: readonly string[];
  /** Keys that should have none. */
  readonly extra: readonly string[];
  /** Keys whose effect is another one, with both. */
  readonly different: readonly DifferentEffect[];
}

export interface DifferentEffect {
  readonly key: string;
  readonly expected: string;
  readonly found: string;
}

export function compareEffects(
  agents: readonly AgentName[],
  expected: readonly Effect[],
  found: readonly Effect[],
): readonly EffectsComparison[] {
  return agents.map((agent) => {
    const isOurs = (effect: Effect): boolean => effect.agent === agent;
    const should = Map.groupBy(expected.filter(isOurs), ({ key }) => key);
    const were = Map.groupBy(found.filter(isOurs), ({ key }) => key);
    const keys = [...should.keys()];
    return {
      agent,
      expected: expected.filter(isOurs).length,
      found: found.filter(isOurs).length,
      missing: keys.filter((key) => (were.get(key)?.length ?? 0) < should.get(key)!.length),
      doubled: keys.filter((key) => (were.get(key)?.length ?? 0) > should.get(key)!.length),
      extra: [...were.keys()].filter((key) => !should.has(key)),
      different: keys.flatMap((key) => {
        const [wanted, has] = [textOf(should.get(key)!), textOf(were.get(key) ?? [])];
        const sameCount = should.get(key)!.length === were.get(key)?.length;
        return sameCount && wanted !== has ? [{ key, expected: wanted, found: has }] : [];
      }),
    };
  });
}

/** The same for the same values, whatever the order of their fields and of the effects of one key. */
function textOf(effects: readonly Effect[]): string {
  const texts = effects.map(({ value }) => JSON.stringify(sorted(value)));
  return texts.toSorted().join(', ');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(fields.map(([name, of]) => [name, sorted(of)]));
}
