/** Who asks for which job, and what is to become of it: decided by the seed before anything is sent. */
import { seededRandom } from '../random.ts';
import type { Random } from '../random.ts';
import { sampleTenantId } from '../tenants.ts';

/**
 * | fate | how it is provoked | ends as |
 * |---|---|---|
 * | `answered` | - | succeeded |
 * | `large` | `#large`: an answer that no message holds | succeeded |
 * | `retried` | `#fail-once` | succeeded, at the second attempt |
 * | `repeated` | sent twice with one idempotency key | succeeded, once |
 * | `failing` | `#fail` | failed |
 * | `poison` | `#poison`: an answer that is none | failed, and a dead letter |
 * | `cancelled` | `#slow`, and a DELETE soon after | cancelled |
 */
export const JOB_FATES = [
  'answered',
  'large',
  'retried',
  'repeated',
  'failing',
  'poison',
  'cancelled',
] as const;
export type JobFate = (typeof JOB_FATES)[number];

export const STATUS_OF_FATE: Readonly<Record<JobFate, 'succeeded' | 'failed' | 'cancelled'>> = {
  answered: 'succeeded',
  large: 'succeeded',
  retried: 'succeeded',
  repeated: 'succeeded',
  failing: 'failed',
  poison: 'failed',
  cancelled: 'cancelled',
};

export type JobMix = Readonly<Record<Exclude<JobFate, 'answered'>, number>>;

/** Shares of all jobs. */
export const DEFAULT_MIX: JobMix = {
  large: 0.02,
  retried: 0.05,
  repeated: 0.05,
  failing: 0.03,
  poison: 0.01,
  cancelled: 0.06,
};

export interface PlannedJob {
  readonly index: number;
  readonly tenantId: string;
  readonly userId: string;
  readonly fate: JobFate;
  readonly idempotencyKey: string;
  readonly body: {
    readonly model: 'echo-small' | 'echo-large';
    readonly prompt: string;
    readonly parameters?: { readonly maxTokens?: number; readonly temperature?: number };
  };
}

export interface PlanOptions {
  readonly seed: number;
  readonly jobs: number;
  /** Of the first job, where a plan is made in rounds. @default 0 */
  readonly from?: number;
  /** @default DEFAULT_MIX */
  readonly mix?: JobMix;
}

/** This tenant asks for most of the jobs; the others should not have to wait for it. */
export const NOISY_TENANT = sampleTenantId(0);
const NOISY_SHARE = 0.6;
const QUIET_TENANTS = 4;
const USERS = 2;

const WORDS = ['parcel', 'harbour', 'letter', 'ship', 'stamp', 'crate', 'storm', 'lantern', 'ledger', 'gull'];
const WORD_OF_FATE: Readonly<Partial<Record<JobFate, string>>> = {
  large: '#large',
  retried: '#fail-once',
  failing: '#fail',
  poison: '#poison',
  cancelled: '#slow',
};

export function planJobs({ seed, jobs, from = 0, mix = DEFAULT_MIX }: PlanOptions): readonly PlannedJob[] {
  const random = seededRandom(seed);
  return dealFates(jobs, mix, random).map((fate, index) => {
    const tenant = random.next() < NOISY_SHARE ? 0 : 1 + random.whole(QUIET_TENANTS);
    return {
      index: from + index,
      tenantId: sampleTenantId(tenant),
      userId: `usr_${1 + random.whole(USERS)}`,
      fate,
      idempotencyKey: `job-${seed}-${from + index}`,
      body: bodyOf(fate, random),
    };
  });
}

function bodyOf(fate: JobFate, random: Random): PlannedJob['body'] {
  const story = Array.from({ length: 4 + random.whole(20) }, () => WORDS[random.whole(WORDS.length)]);
  const word = WORD_OF_FATE[fate];
  const prompt = ['Tell', 'of', 'a', ...story, ...(word === undefined ? [] : [word])].join(' ');
  // What is to be cancelled has to last until then.
  const model = fate === 'cancelled' || random.next() < 0.3 ? 'echo-large' : 'echo-small';
  return random.next() < 0.3
    ? { model, prompt, parameters: { maxTokens: 8 + random.whole(64), temperature: 0.2 } }
    : { model, prompt };
}

/** Of each fate that has a share at least one, so that a small run has them all. */
function dealFates(jobs: number, mix: JobMix, random: Random): readonly JobFate[] {
  const special = Object.entries(mix).flatMap(([fate, share]) => {
    const least = share > 0 && jobs >= 10 ? 1 : 0;
    return Array.from({ length: Math.max(least, Math.round(share * jobs)) }, () => fate as JobFate);
  });
  const fates = Array.from({ length: jobs }, (_, index) => special[index] ?? 'answered');
  for (let last = fates.length - 1; last > 0; last -= 1) {
    const other = random.whole(last + 1);
    [fates[last], fates[other]] = [fates[other]!, fates[last]!];
  }
  return fates;
}
