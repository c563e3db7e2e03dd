/** The generation workload: users who order images and watch them in their tabs, and strangers who try the callback. */
import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { apiClient, bearerToken, textField } from '../api-client.ts';
import type { ApiAnswer } from '../api-client.ts';
import { planGenerations, planUsers, TABS_OF } from './plan.ts';
import type { GenerationFate, PlannedGeneration, PlannedUser } from './plan.ts';
import type { Probe } from './judge.ts';
import { createViewer } from './viewer.ts';
import type { Viewer } from './viewer.ts';

export interface GenerationWorkloadOptions {
  /** The generation system's HTTP API, without a trailing slash. */
  readonly apiUrl: () => string;
  /** The value of the secret that signs the API's tokens. */
  readonly tokenSecret: () => Promise<string>;
  /** The value of the secret that signs the provider's callbacks. */
  readonly callbackSecret: () => Promise<string>;
  readonly seed: number;
  /** @default 12 */
  readonly users?: number;
  /** @default 8 */
  readonly inFlight?: number;
  readonly signal?: AbortSignal;
}

export interface GenerationRun {
  /** Infinity until the signal. */
  readonly count: number;
  readonly perSecond?: number;
  /** Cuts every connection half way. */
  readonly cutAll: boolean;
}

export interface TakenGeneration {
  readonly generationId: string;
  readonly user: number;
  readonly fate: GenerationFate;
}

export interface GenerationWorkload {
  readonly users: readonly PlannedUser[];
  readonly viewers: readonly Viewer[];
  run(options: GenerationRun): Promise<void>;
  /** Generations that the API took, so far. */
  taken(): readonly TakenGeneration[];
  /** Answers that were not expected, by what they were. */
  unexpected(): Readonly<Record<string, number>>;
  /** Callbacks and requests that must have no effect: repeated, forged, old, foreign. */
  probe(): Promise<readonly Probe[]>;
  /** Everybody connects, and has seen what there is; or does not in time, which the judge tells. */
  settle(newestOf: (user: PlannedUser) => number, timeoutMs: number): Promise<void>;
  close(): void;
}

/** Generations that are planned at a time. */
const ROUND = 500;
/** Milliseconds between two looks at the viewers. */
const LOOK = 50;
/** Characters; the API takes 4,000. */
const LONG_PROMPT = 4_001;
/** Seconds. The API takes signatures that are younger than 300 s. */
const OLD = 400;

/** The status of a problem document; its negative where the answer is none. */
function problemOf({ status, body }: ApiAnswer): number {
  return body?.['status'] === status && typeof body['code'] === 'string' ? status : -status;
}

export function createGenerationWorkload(options: GenerationWorkloadOptions): GenerationWorkload {
  const { seed, signal, inFlight = 8 } = options;
  const users = planUsers(options.users ?? 12);
  const taken: TakenGeneration[] = [];
  const unexpected: Record<string, number> = {};
  const call = apiClient(options.apiUrl, signal);

  const asUser = async (
    { userId, tenantId }: PlannedUser,
    method: string,
    path: string,
    body?: object,
    idempotencyKey?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> =>
    call(async () => ({
      method,
      path,
      headers: {
        authorization: `Bearer ${bearerToken(await options.tokenSecret(), { userId, tenantId, role: 'member' })}`,
        'content-type': 'application/json',
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }));

  const unexpectedAnswer = (what: string, answer: ApiAnswer): void => {
    const key = `${what}: ${answer.status} ${textField(answer.body, 'code', 'no code')}`;
    unexpected[key] = (unexpected[key] ?? 0) + 1;
  };

  const viewers = users.flatMap((user, index) =>
    Array.from({ length: TABS_OF[user.habit] }, (_, tab) =>
      createViewer({
        name: `${user.userId} (${user.habit}, tab ${tab + 1})`,
        user: index,
        ticket: async () => {
          const { status, body } = await asUser(user, 'POST', '/tickets');
          if (status !== 201) throw Object.assign(new Error(`POST /tickets: ${status}`), { status });
          return { ticket: textField(body, 'ticket', ''), url: textField(body, 'url', '') };
        },
      }),
    ),
  );
  const viewersOf = (...habits: readonly string[]): readonly Viewer[] =>
    viewers.filter(({ user }) => habits.includes(users[user]!.habit));

  const order = async (planned: PlannedGeneration): Promise<void> => {
    const user = users[planned.user]!;
    const answer = await asUser(
      user,
      'POST',
      '/generations',
      { prompt: planned.prompt },
      planned.idempotencyKey,
    );
    const generationId = textField(answer.body, 'generationId', '');
    if (answer.status !== 202 || generationId === '') unexpectedAnswer('order', answer);
    else taken.push({ generationId, user: planned.user, fate: planned.fate });
  };

  /** A callback as the provider sends it, but for what is said. */
  const callBack = async (
    body: object,
    { id, secret, age = 0 }: { readonly id: string; readonly secret?: string; readonly age?: number },
  ): Promise<number> => {
    const text = JSON.stringify(body);
    const key = secret ?? (await options.callbackSecret());
    const answer = await call(async () => {
      const time = Math.floor(Date.now() / 1000) - age;
      const mark = createHmac('sha256', key).update(`${time}.${text}`).digest('hex');
      return {
        method: 'POST',
        path: '/callbacks/provider',
        headers: {
          'content-type': 'application/json',
          'x-provider-event-id': id,
          'x-provider-signature': `t=${time},v1=${mark}`,
        },
        body: text,
      };
    });
    return answer.status;
  };

  return {
    users,
    viewers,
    taken: () => taken,
    unexpected: () => unexpected,
    async run({ count, perSecond, cutAll }) {
      for (const viewer of viewersOf('steady', 'tabs', 'commuter')) viewer.connect();
      const stopped = (): boolean => signal?.aborted === true;
      let sent = 0;
      const send = async (planned: PlannedGeneration): Promise<void> => {
        if (stopped()) return;
        sent += 1;
        if (sent === Math.ceil(count / 4)) for (const viewer of viewersOf('commuter')) viewer.leave();
        if (sent === Math.ceil(count / 2) && cutAll) for (const viewer of viewers) viewer.cut();
        if (sent === Math.ceil((count * 3) / 4)) for (const viewer of viewersOf('commuter')) viewer.connect();
        await order(planned);
        if (perSecond === undefined) return;
        await delay((inFlight / perSecond) * 1000, undefined, signal === undefined ? {} : { signal });
      };
      try {
        for (let from = 0; from < count && !stopped(); from += ROUND) {
          const plan = planGenerations(seed, Math.min(ROUND, count - from), users.length, from).values();
          await Promise.all(
            Array.from({ length: inFlight }, async () => {
              for (const planned of plan) await send(planned);
            }),
          );
        }
      } catch (error) {
        if (!stopped()) throw error;
      }
    },
    async probe() {
      const known = taken.find(({ fate }) => fate === 'complete');
      if (known === undefined) return [];
      const { generationId } = known;
      const pending = { generationId, status: 'PENDING', coreModel: 'forged' };
      const failed = { ...pending, status: 'ERROR', error: { code: 'FORGED', message: 'forged' } };
      const stranger = users.find(({ userId }) => userId !== users[known.user]!.userId)!;
      const probes: readonly (readonly [string, number, () => Promise<number>])[] = [
        ['a callback that came before', 200, () => callBack(pending, { id: `${generationId}:PENDING` })],
        ['a late callback of a generation that has ended', 200, () => callBack(failed, { id: 'late-1' })],
        [
          'a forged callback',
          401,
          () => callBack(failed, { id: 'forged-1', secret: 'the secret of somebody else' }),
        ],
        ['an old callback', 401, () => callBack(failed, { id: 'old-1', age: OLD })],
        [
          'a callback of a generation that there is not',
          404,
          () => callBack({ ...failed, generationId: 'gen_unknown' }, { id: 'unknown-1' }),
        ],
        [
          "a stranger's look at a generation",
          404,
          async () => problemOf(await asUser(stranger, 'GET', `/generations/${generationId}`)),
        ],
        [
          'a token that has expired',
          401,
          async () => {
            const token = bearerToken(await options.tokenSecret(), { ...stranger, role: 'member' }, 0);
            const headers = { authorization: `Bearer ${token}` };
            return problemOf(await asUser(stranger, 'GET', '/generations', undefined, undefined, headers));
          },
        ],
        ['no token', 401, async () => problemOf(await call({ method: 'GET', path: '/generations' }))],
        ['a path that there is not', 404, async () => problemOf(await asUser(stranger, 'GET', '/nothing'))],
        [
          'a body that is no JSON by its content type',
          415,
          async () => {
            const headers = { 'content-type': 'text/plain' };
            return problemOf(await asUser(stranger, 'POST', '/generations', {}, undefined, headers));
          },
        ],
        [
          'a prompt that is too long',
          422,
          async () =>
            problemOf(await asUser(stranger, 'POST', '/generations', { prompt: 'x'.repeat(LONG_PROMPT) })),
        ],
      ];
      const answered: Probe[] = [];
      for (const [what, wanted, ask] of probes) answered.push({ what, wanted, answered: await ask() });
      return answered;
    },
    async settle(newestOf, timeoutMs) {
      for (const viewer of viewers) viewer.connect();
      const deadline = Date.now() + timeoutMs;
      const isBehind = (viewer: Viewer): boolean => viewer.cursor() < newestOf(users[viewer.user]!);
      const isStopped = (): boolean => signal?.aborted === true;
      while (Date.now() < deadline && !isStopped()) {
        if (!viewers.some(isBehind)) return;
        await delay(LOOK);
      }
    },
    close: () => {
      for (const viewer of viewers) viewer.leave();
    },
  };
}
