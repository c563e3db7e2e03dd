/** What is in the bundles: no function carries what only another system, or another function, needs. */
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bundledInto, handlersIn } from '../../support/bundles.ts';

const handlers = handlersIn('lambda/handlers/generation');
let bundled: ReadonlyMap<string, string>;

beforeAll(async () => {
  bundled = await bundledInto(handlers);
});

describe('bundles', () => {
  test.each(handlers)('%s carries nothing of another system', (handler) => {
    expect(bundled.get(handler)).toContain(handler);
    expect(bundled.get(handler)).not.toMatch(/(catalog|lambda)\/(commerce|core|jobs)\//);
  });

  test.each(handlers.filter((handler) => /^(web-socket|tickets)/.test(basename(handler))))(
    '%s carries neither a database nor a client of the AWS SDK nor an event',
    (handler) => {
      expect(bundled.get(handler)).not.toMatch(/node_modules\/(pg|@aws-sdk|@smithy|zod)\/|catalog\//);
    },
  );
});
