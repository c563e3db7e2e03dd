/** The generation system, end to end: from its synthesized templates, in the embedded AWS, on a real PostgreSQL, watched by the browser client. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { runOnce } from '../../local/run/once.ts';
import type { JudgedRun } from '../../local/run/once.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { generationSystem, pushTableOf } from '../../local/run/systems/generation.ts';
import { tally } from '../../local/run/tally.ts';
import { bearerToken } from '../../local/workload/api-client.ts';
import { planUsers } from '../../local/workload/generation/plan.ts';
import { consumersOfRun } from '../../local/run/consumers.ts';

const GENERATIONS = 30;
const TIMEOUT_MS = 640_000;

let run: LocalRun;
let judged: JudgedRun;

beforeAll(async () => {
  run = await startLocalRun({
    directory: process.cwd(),
    environment: 'local',
    systems: ['generation'],
    port: 0,
    seed: 1,
  });
  const consumers = consumersOfRun(run);
  judged = (await runOnce(run, generationSystem, {
    counts: tally([run.aws.context], consumers),
    seed: 1,
    // With it every connection is cut half way.
    chaos: true,
    count: GENERATIONS,
    signal: new AbortController().signal,
  }))!;
}, TIMEOUT_MS);
afterAll(() => run?.stop(), TIMEOUT_MS);

interface Report {
  readonly generations: Readonly<Record<string, number>>;
  readonly notifications: Readonly<Record<string, number>>;
  readonly clients: Readonly<Record<string, number>>;
  readonly lost: number;
}

describe('with the faults of AWS, and every connection cut half way', () => {
  test('each generation ends once, and each tab was shown every notification of its user, once and in order', () => {
    expect(judged.failures).toEqual([]);
    const { generations, notifications, lost } = judged.report as Report;
    expect(generations).toMatchObject({ taken: GENERATIONS, complete: 28, failed: 2, pending: 0 });
    expect(notifications).toMatchObject({ told: 2 * GENERATIONS, stored: 2 * GENERATIONS, missed: 0 });
    expect(lost).toBe(0);
  });

  test('the clients came back, most of them several times', () => {
    const { clients } = judged.report as Report;
    expect(clients['connections']).toBeGreaterThan(clients['tabs']!);
  });

  test('who is erased is forgotten by the database, and by what pushes', async () => {
    const [user] = planUsers(1);
    const { userId, tenantId } = user!;
    const kept = async (): Promise<readonly string[]> => {
      const items = await pushTableOf(run);
      const own = items.filter(({ pk }) => JSON.stringify(pk).includes(`${tenantId}#${userId}"`));
      return own.map((item) => JSON.stringify(item['sk']));
    };
    expect((await kept()).length).toBeGreaterThan(1);

    const token = bearerToken(await run.secretValue('TokenSecret'), { userId, tenantId, role: 'member' });
    const answer = await fetch(`${run.apiUrl}/users/${userId}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    });

    expect(answer.status).toBe(204);
    // Faults go on: what a crash cuts off comes again after a visibility timeout, to which the clock jumps.
    const quiet = await waitForQuiet(run, consumersOfRun(run), {
      timeoutMs: generationSystem.quietTimeoutMs,
      activity: () => generationSystem.activity(run),
    });
    expect(quiet).toEqual({ quiet: true, waitingFor: [] });
    expect(await kept()).toEqual(['{"S":"COUNTER"}']);
    const { rows } = await run.database.query(
      'select prompt from generation.generation where tenant_id = $1 and user_id = $2',
      [tenantId, userId],
    );
    expect(rows).toEqual([]);
  });

  test('poison is dead-lettered with its reason, at each consumer of a topic', () => {
    expect(judged.deadLetters.map(({ consumer, reason }) => `${consumer} ${reason}`).toSorted()).toEqual([
      'error-notifications WAYBILL_ENVELOPE_NOT_JSON',
      'generation-notifier WAYBILL_ENVELOPE_NOT_JSON',
    ]);
  });
});
