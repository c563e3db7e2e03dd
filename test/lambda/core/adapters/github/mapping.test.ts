import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coreEvents } from '../../../../../catalog/index.ts';
import { mapWebhook } from '../../../../../lambda/core/adapters/github/mapping.ts';
import type { Mapping } from '../../../../../lambda/core/adapters/github/mapping.ts';
import { createEnvelope, orderingKeyOf } from '../../../../../lib/contracts/index.ts';

interface Examples {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}
const GITHUB = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Examples[];

/** GitHub events that mean nothing to us yet and are told as WebhookReceived. */
const WITHOUT_AN_EVENT_OF_THEIR_OWN = new Set(['marketplace_purchase', 'meta', 'ping', 'sponsorship']);

function map(name: string, payload: Readonly<Record<string, unknown>>): Mapping {
  return mapWebhook({ name, deliveryId: 'delivery-1', payload, payloadBytes: 100 });
}

function example(
  name: string,
  matches: (payload: Readonly<Record<string, unknown>>) => boolean = () => true,
) {
  const found = GITHUB.find((event) => event.name === name)?.examples.find(matches);
  if (found === undefined) throw new Error(`no example of ${name}`);
  return found;
}

describe('every example payload of GitHub', () => {
  test.each(GITHUB.map(({ name, examples }) => [name, examples] as const))(
    '%s is mapped',
    (name, examples) => {
      for (const payload of examples) {
        const { events: mapped, unmapped } = map(name, payload);

        expect(mapped.length).toBeGreaterThan(0);
        expect(unmapped === undefined).toBe(!WITHOUT_AN_EVENT_OF_THEIR_OWN.has(name));
        for (const { contract, data } of mapped) {
          expect(coreEvents).toContain(contract);
          expect(() => createEnvelope(contract, { tenantId: 'tenant-1', data })).not.toThrow();
        }
      }
    },
  );

  test('reaches every event that adapters publish', () => {
    const reached = new Set(
      GITHUB.flatMap(({ name, examples }) =>
        examples.flatMap((payload) => map(name, payload).events.map(({ contract }) => contract.name)),
      ),
    );

    expect([...reached].sort()).toEqual(
      coreEvents
        .filter(({ source }) => source === 'adapters')
        .map(({ name }) => name)
        .sort(),
    );
  });
});

describe('what a payload means', () => {
  test('a push says whether it is to the default branch, and how many commits', () => {
    const payload = {
      ...example('push'),
      ref: 'refs/heads/main',
      commits: [{}, {}],
      repository: { ...(example('push')['repository'] as object), default_branch: 'main' },
    };

    expect(map('push', payload).events).toEqual([
      expect.objectContaining({
        contract: expect.objectContaining({ name: 'CodePushed' }),
        data: expect.objectContaining({ toDefaultBranch: true, commitCount: 2 }),
      }),
    ]);
  });

  test('a pull request that was merged is merged, not just closed', () => {
    const closed = example('pull_request', ({ action }) => action === 'closed');
    const pullRequest = closed['pull_request'] as object;

    const merged = map('pull_request', {
      ...closed,
      pull_request: { ...pullRequest, merged_at: '2020-01-01T00:00:00Z' },
    });
    const refused = map('pull_request', { ...closed, pull_request: { ...pullRequest, merged_at: null } });

    expect(merged.events[0]?.data).toMatchObject({ state: 'merged' });
    expect(refused.events[0]?.data).toMatchObject({ state: 'closed' });
  });

  test('an installation tells of each of its repositories', () => {
    const created = example('installation', ({ action }) => action === 'created');
    const repositories = created['repositories'] as readonly object[];

    const names = map('installation', created).events.map(({ contract }) => contract.name);

    expect(names).toEqual(['InstallationChanged', ...repositories.map(() => 'RepositoryConnected')]);
  });

  test('events of one issue and its comments have the same subject', () => {
    const issue = { ...(example('issues')['issue'] as object), id: 7 };

    const changed = map('issues', { ...example('issues'), issue });
    const commented = map('issue_comment', { ...example('issue_comment'), issue });

    expect(changed.events[0]?.data).toMatchObject({ subject: 'issue:7' });
    expect(commented.events[0]?.data).toMatchObject({ subject: 'issue:7' });
  });
});

function issueAt(updatedAt: string, number = 1): Readonly<Record<string, unknown>> {
  const payload = example('issues');
  return { ...payload, issue: { ...(payload['issue'] as object), updated_at: updatedAt, number } };
}

describe('what is not understood is never lost', () => {
  test.each([
    ['an event we do not know', 'invented_by_github_tomorrow', { action: 'done' }, /no mapping/],
    ['a payload without what its event promises', 'issues', { action: 'opened' }, /issue\.id/],
    ['an empty payload', 'push', {}, /repository/],
    ['a field of another type', 'push', { repository: 'none' }, /repository/],
    [
      'an id that is too long for a group id',
      'status',
      { sha: 'x'.repeat(300), state: 'success', context: '' },
      /id/,
    ],
    ['a time that is none', 'issues', issueAt('yesterday'), /issue\.updated_at/],
    ['a number beyond counting', 'issues', issueAt('2020-01-01T00:00:00Z', 2 ** 40), /issue\.number/],
  ])('%s becomes WebhookReceived, with the reason', (_case, name, payload, reason) => {
    const { events: mapped, unmapped } = map(name, payload);

    expect(mapped.map(({ contract }) => contract.name)).toEqual(['WebhookReceived']);
    expect(mapped[0]?.data).toMatchObject({ webhookEvent: name, payloadBytes: 100 });
    expect(unmapped?.reason).toMatch(reason);
  });
});

test('whatever becomes of a field of a payload, the webhook is told, and what is told is valid', () => {
  const all = GITHUB.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      '',
      'a\0b',
      -1,
      1.5,
      2 ** 40,
      true,
      [],
      {},
      [null],
      'x'.repeat(300),
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.nat(), odd, ({ name, payload }, which, value) => {
      const paths = pathsOf(payload).filter((path) => path.at(-1)?.endsWith('_url') === false);
      const changed = withValue(payload, paths[which % paths.length]!, value);

      const { events: mapped } = map(name, changed);

      expect(mapped.length).toBeGreaterThan(0);
      for (const { contract, data } of mapped) {
        const envelope = createEnvelope(contract, { tenantId: 't'.repeat(64), data });
        // SQS: 1 to 128 letters, digits and punctuation of ASCII. PostgreSQL: no NUL.
        expect(orderingKeyOf(contract, envelope)).toMatch(/^[!-~]{1,128}$/);
        expect(JSON.stringify(envelope.data)).not.toContain('\\u0000');
      }
    }),
    { numRuns: 5000 },
  );
});

type Path = readonly string[];

/** Every field down to the third level, which is as deep as the mapping reads but for one. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null || path.length === 3)
    return path.length === 0 ? [] : [path];
  const deeper = Object.entries(value).flatMap(([key, field]) => pathsOf(field, [...path, key]));
  return path.length === 0 ? deeper : [path, ...deeper];
}

function withValue(
  payload: Readonly<Record<string, unknown>>,
  [key, ...rest]: Path,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const field = payload[key!] as Readonly<Record<string, unknown>>;
  return { ...payload, [key!]: rest.length === 0 ? value : withValue(field, rest, value) };
}
