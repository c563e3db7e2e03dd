/** Every guard over our own application, in every environment: nothing, and not because nothing was looked at. */
import { describe, expect, test } from '@jest/globals';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import { ENVIRONMENT_NAMES } from '../../../lib/config/index.ts';
import { failingHops } from '../../../lib/guards/failing-hops.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { synthesize } from '../stacks/synthesize.ts';

describe('our own application', () => {
  test.each(ENVIRONMENT_NAMES)('%s: no guard finds anything', (environment) => {
    const assembly = readAssembly(synthesize(environment).directory);
    const messaging = messagingOf(assembly);

    const found = checkAssembly(assembly).map(({ guard, finding }) => describeFinding(guard, finding));

    expect(found).toEqual([]);
    expect(messaging.queues.length).toBeGreaterThan(20);
    expect(failingHops(messaging).length).toBeGreaterThan(20);
    expect(messaging.alarms.length).toBeGreaterThan(20);
  });
});
