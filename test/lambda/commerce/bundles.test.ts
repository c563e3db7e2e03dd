/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bundledInto, handlersIn } from '../../support/bundles.ts';

const handlers = handlersIn('lambda/handlers/commerce');
const coreHandlers = ['lambda/handlers/audit-trail.ts', 'lambda/handlers/core-api.ts'];
let bundled: ReadonlyMap<string, string>;

beforeAll(async () => {
  bundled = await bundledInto([...handlers, ...coreHandlers]);
});

describe('bundles', () => {
  test.each(handlers)('%s can be bundled', (handler) => {
    expect(bundled.get(handler)).toContain(handler);
    expect(bundled.get(handler)).not.toMatch(/catalog\/(core-api|adapters|control-plane)|lambda\/core\//);
  });

  test.each(coreHandlers)('%s, of the core system, carries no event of commerce', (handler) => {
    expect(bundled.get(handler)).toContain(handler);
    expect(bundled.get(handler)).not.toMatch(/catalog\/commerce|lambda\/commerce/);
  });

  test.each(['order-history', 'inventory-worker', 'commerce-api', 'storefront-availability'])(
    '%s neither publishes nor reads a stream, and carries no client of one',
    (name) => {
      const inputs = bundled.get(`lambda/handlers/commerce/${name}.ts`);

      expect(inputs).toBeDefined();
      expect(inputs).not.toMatch(/platformatic|amqplib|client-(sns|eventbridge|sfn|kinesis)/);
    },
  );
});
