/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bundledInto, handlersIn } from '../../support/bundles.ts';

const handlers = handlersIn('lambda/handlers/agents');
let bundled: ReadonlyMap<string, string>;

beforeAll(async () => {
  bundled = await bundledInto(handlers);
});

describe('bundles', () => {
  test.each(handlers)('%s carries nothing of another system', (handler) => {
    expect(bundled.get(handler)).toContain(handler);
    expect(bundled.get(handler)).not.toMatch(/(catalog|lambda)\/(commerce|core|generation|jobs)\//);
  });

  test.each(handlers.filter((handler) => !/^(process|measure-events)/.test(basename(handler))))(
    '%s carries no Redis',
    (handler) => {
      expect(bundled.get(handler)).not.toMatch(/node_modules\/@redis\/|lambda\/runtime\/redis\//);
    },
  );
});
