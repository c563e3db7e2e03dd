/** Our own application is proven in every environment, and an empty one would not pass. */
import { expect, test } from '@jest/globals';
import { readAssembly } from '../../../lib/assembly/index.ts';
import { ENVIRONMENT_NAMES } from '../../../lib/config/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { broken, countsOf } from './support.ts';
import { synthesize } from '../stacks/synthesize.ts';

test.each(ENVIRONMENT_NAMES)(
  '%s: everything is proven',
  (environment) => {
    const assembly = readAssembly(synthesize(environment).directory);

    const proofs = proveAssembly(assembly);

    expect(broken(proofs)).toEqual([]);
    const counts = countsOf(proofs);
    expect(counts.publish).toBeGreaterThanOrEqual(10);
    expect(counts.delivery).toBeGreaterThanOrEqual(45);
    expect(counts.isolation).toBeGreaterThanOrEqual(90);
    expect(counts.privilege).toBeGreaterThanOrEqual(15);
    expect(counts.alarm).toBeGreaterThanOrEqual(100);
    // Every edge that carries messages has a claim of its own.
    for (const kind of ['publishes', 'subscribes', 'routes', 'archives', 'deadLetters'] as const) {
      const edges = assembly.topology?.edges.filter((edge) => edge.kind === kind) ?? [];
      expect({ kind, edges: edges.length }).not.toEqual({ kind, edges: 0 });
    }
    const steps = proofs.filter(({ kind }) => kind === 'delivery').flatMap((proof) => proof.steps);
    expect(steps.length).toBeGreaterThan(25);
  },
  120_000,
);
