/**
 * Least privilege from both sides, for every role and every policy of a system in production: whatever single action is
 * taken away, something that is needed is refused; and nothing is granted that nothing needs.
 */
import { beforeAll, expect, test } from '@jest/globals';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly } from '../../../lib/assembly/index.ts';
import { excessOf } from '../../../lib/access/index.ts';
import { onlySystems } from '../../../lib/config/index.ts';
import type { SystemName } from '../../../lib/config/index.ts';
import { synthesize } from '../stacks/synthesize.ts';
import { describeRemoval, isNoticed, removalsOf } from './removals.ts';
import type { Removal } from './removals.ts';

/** The tests for one system. A file each: they run beside each other. */
export function testLeastPrivilege(system: SystemName, moreThan: Readonly<Record<string, number>>): void {
  let assembly: Assembly;
  let removals: readonly Removal[];

  beforeAll(() => {
    assembly = readAssembly(synthesize('prod', { systems: onlySystems([system]) }).directory);
    removals = removalsOf(assembly);
  });

  test('nothing is granted that nothing needs', () => {
    expect(excessOf(messagingOf(assembly))).toEqual([]);
  });

  test('no kind of policy is left out', () => {
    const typeOf = new Map(assembly.resources.map(({ logicalId, type }) => [logicalId, type]));
    const touched = new Set(removals.map(({ logicalId }) => logicalId));

    for (const [type, count] of Object.entries(moreThan)) {
      const found = removals.filter(({ logicalId }) => typeOf.get(logicalId) === type).length;
      expect({ type, enough: found > count }).toEqual({ type, enough: true });
    }
    expect(
      messagingOf(assembly).roles.filter(
        ({ policies }) => !policies.some(({ resource }) => touched.has(resource.logicalId)),
      ),
    ).toEqual([]);
  });

  test('without any one action something is refused', () => {
    const unnoticed = removals.filter((removal) => !isNoticed(assembly, removal)).map(describeRemoval);

    expect(unnoticed).toEqual([]);
  });
}
