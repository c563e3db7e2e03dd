import { describe, expect, test } from '@jest/globals';
import { events, services } from '../../catalog/index.ts';
import { createEnvelope, orderingKeyOf, valueAt } from '../../lib/contracts/index.ts';

describe('the catalogue', () => {
  test('has each event once, and each from a declared service', () => {
    const names = events.map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(new Set(events.map(({ source }) => source))).toEqual(
      new Set(services.map(({ source }) => source)),
    );
  });

  test.each(events.map((contract) => [contract.name, contract] as const))(
    '%s: described, with examples that pass its schema and a group id that fits',
    (_name, contract) => {
      expect(contract.description).toMatch(/\.$/);
      expect(contract.examples.length).toBeGreaterThan(0);
      for (const data of contract.examples as readonly object[]) {
        const envelope = createEnvelope(contract, { tenantId: 't'.repeat(64), data: data as never });

        // SendMessage: MessageGroupId has at most 128 characters.
        expect(orderingKeyOf(contract, envelope).length).toBeLessThanOrEqual(128);
        for (const path of contract.pii) expect(valueAt(envelope.data, path)).toBeDefined();
      }
    },
  );
});
