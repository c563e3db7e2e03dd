/** The agents' workload: people of several tenants who say what they think of products, and vote for what others said. */
import { setTimeout as delay } from 'node:timers/promises';
import { apiClient, bearerToken, textField } from '../api-client.ts';
import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import { sendPaced } from '../send-paced.ts';
import { badRequests } from './bad-input.ts';
import type { TakenEntry } from './judge.ts';
import { planFeedback } from './plan.ts';
import type { FeedbackMix, PlannedEntry, PlannedFeedback, PlannedVote } from './plan.ts';

export interface AgentsWorkloadOptions {
  /** The feedback API, without a trailing slash. */
  readonly apiUrl: () => string;
  /** The value of the secret that signs the API's tokens. */
  readonly tokenSecret: () => Promise<string>;
  readonly seed: number;
  readonly mix?: FeedbackMix;
  /** Requests on their way at once. @default 8 */
  readonly inFlight?: number;
  /** Stops what is being sent. */
  readonly signal?: AbortSignal;
}

export interface AgentsRun {
  /** Feedback and votes. Infinity until the signal. */
  readonly count: number;
  /** @default - as fast as they are answered */
  readonly perSecond?: number;
  /** Called before each entry is sent, with how many were. */
  readonly beforeEntry?: (sent: number) => Promise<void> | void;
}

export interface AgentsWorkload {
  run(options: AgentsRun): Promise<void>;
  /** Sends what has to be refused. */
  misbehave(): Promise<void>;
  /** What the API took. */
  taken(): readonly TakenEntry[];
  /** Answers that were not expected, by what they were. */
  unexpected(): Readonly<Record<string, number>>;
  /** Requests that were refused as they should be. */
  refused(): number;
}

interface Person {
  readonly tenantId: string;
  readonly userId: string;
}

const ROUND = 2_000;
/** Milliseconds between two looks for the answer to the feedback that a vote is for. */
const LOOK = 20;

export function createAgentsWorkload(options: AgentsWorkloadOptions): AgentsWorkload {
  const { seed, signal, inFlight = 8 } = options;
  const call = apiClient(options.apiUrl, signal);
  const isStopped = (): boolean => signal?.aborted === true;
  const taken: TakenEntry[] = [];
  /** By the index of the plan; null for feedback that the API did not take. */
  const ids = new Map<number, string | null>();
  const unexpected: Record<string, number> = {};
  let refused = 0;
  let sent = 0;

  const ask = async (who: Person, request: ApiRequest): Promise<ApiAnswer> =>
    call(async () => ({
      ...request,
      headers: {
        authorization: `Bearer ${bearerToken(await options.tokenSecret(), { ...who, role: 'member' })}`,
        ...request.headers,
      },
    }));
  const post = ({ tenantId, userId, idempotencyKey }: PlannedEntry, path: string, body: object) =>
    ask(
      { tenantId, userId },
      {
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(body),
      },
    );
  const note = (what: string, answer: ApiAnswer): void => {
    const key = `${what}: ${answer.status} ${textField(answer.body, 'code', 'no code')}`;
    unexpected[key] = (unexpected[key] ?? 0) + 1;
  };

  const say = async (entry: PlannedFeedback): Promise<void> => {
    const answer = await post(entry, '/feedback', entry.body);
    const feedbackId = textField(answer.body, 'feedbackId', '');
    if (!isTaken(answer) || feedbackId === '') {
      ids.set(entry.index, null);
      return note('POST /feedback', answer);
    }
    ids.set(entry.index, feedbackId);
    taken.push({ kind: 'feedback', tenantId: entry.tenantId, feedbackId });
    if (entry.kind !== 'repeated') return undefined;
    const again = await post(entry, '/feedback', entry.body);
    if (textField(again.body, 'feedbackId', '') !== feedbackId) note('POST again, another feedback', again);
    return undefined;
  };

  const vote = async (entry: PlannedVote): Promise<void> => {
    while (!ids.has(entry.feedback) && !isStopped()) await delay(LOOK);
    const feedbackId = ids.get(entry.feedback);
    if (feedbackId === undefined || feedbackId === null) return;
    const { tenantId, userId, weight } = entry;
    const answer = await post(entry, `/feedback/${feedbackId}/votes`, { weight });
    if (isTaken(answer)) taken.push({ kind: 'vote', tenantId, feedbackId, userId, weight });
    else note('POST /feedback/ID/votes', answer);
  };

  return {
    taken: () => taken,
    unexpected: () => unexpected,
    refused: () => refused,
    async run({ count, perSecond, beforeEntry }) {
      const first = sent;
      let round: readonly PlannedEntry[] = [];
      const planned = (place: number): PlannedEntry => {
        if (place % ROUND === 0) {
          const mix = options.mix === undefined ? {} : { mix: options.mix };
          const from = first + place;
          round = planFeedback({ seed, count: Math.min(ROUND, count - place), from, ...mix });
        }
        return round[place % ROUND]!;
      };
      await sendPaced({
        count,
        inFlight,
        perSecond,
        signal,
        before: beforeEntry,
        send(place) {
          const entry = planned(place);
          sent = first + place + 1;
          return entry.kind === 'vote' ? vote(entry) : say(entry);
        },
      });
    },
    async misbehave() {
      const feedback = taken.find(({ kind }) => kind === 'feedback');
      if (feedback === undefined) return;
      for (const bad of badRequests({ tokenSecret: await options.tokenSecret(), feedback })) {
        const answer = await call(bad);
        const isProblem = textField(answer.body, 'code', '').startsWith('WAYBILL_');
        if (answer.status === bad.status && (isProblem || bad.byGateway === true)) refused += 1;
        else note(`${bad.what}, which should be ${bad.status}`, answer);
      }
    },
  };
}

function isTaken({ status }: ApiAnswer): boolean {
  return status === 202;
}
