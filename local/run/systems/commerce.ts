/** The commerce system in the local run: orders, sagas, streams and brokers, judged by ledger and effects. */
import type { LocalRun } from '../local-run.ts';
import { injectChaos } from '../chaos.ts';
import { consumersOfMalformed, publishMalformed } from '../malformed.ts';
import { pendingInOutbox } from '../quiet.ts';
import {
  commerceFailures,
  commerceReport,
  COMMERCE_SCHEMA,
  commerceSummary,
  createCommerceWorkload,
  measureCommerce,
  measureSagas,
} from '../../workload/commerce/index.ts';
import type { CommerceOutcome, OrderMix } from '../../workload/commerce/index.ts';
import type { Feed, FeedOptions, RunnableSystem } from './system.ts';

const RELAY = 'Relay';
const TOKEN_SECRET = 'Token';

export const commerceSystem: RunnableSystem = {
  name: 'commerce',
  unit: 'orders',
  defaultCount: 200,
  feedRate: 12,
  watchedRate: 2,
  quietTimeoutMs: 300_000,
  banner: (run) => [
    [
      'saga',
      run.aws.services.states
        .machines()
        .map(({ name }) => name)
        .join(', ') || 'none',
    ],
  ],
  injectChaos: (run) => injectChaos(run, RELAY),
  activity: async (run) => {
    const sagas = run.aws.services.states.busy();
    return {
      running: [],
      waiting: [
        ...(await pendingInOutbox(run, COMMERCE_SCHEMA)),
        ...(sagas > 0 ? [`${sagas} sagas that run`] : []),
      ],
    };
  },
  createFeed: (run, options) => createCommerceFeed(run, options),
};

export interface CommerceFeedOptions extends FeedOptions {
  /** @default 50 */
  readonly customers?: number;
  /** @default - 5 % payment failures, 2 % fraud, 3 % shortages */
  readonly mix?: OrderMix;
}

export async function createCommerceFeed(run: LocalRun, options: CommerceFeedOptions): Promise<Feed> {
  const { seed, chaos, signal, customers, mix } = options;
  const workload = await createCommerceWorkload({
    apiUrl: () => run.apiUrl,
    tokenSecret: () => run.secretValue(TOKEN_SECRET),
    seed,
    signal,
    ...(customers !== undefined && { customers }),
    ...(mix !== undefined && { mix }),
  });
  return {
    run: async ({ count, perSecond }) => {
      const poisoned = chaos ? publishMalformed(run) : undefined;
      await workload.run({ orders: count, ...(Number.isFinite(perSecond) && { perSecond }) });
      await poisoned;
    },
    judge: async (observed) => {
      const { bookFailures, legacyCounts, ...measured } = await measureCommerce(run.database, run.topology);
      const outcome: CommerceOutcome = {
        ...observed,
        ...measured,
        placed: workload.placed(),
        saga: measureSagas([run.aws.context]),
        legacyCounts: { told: legacyCounts, taken: legacyCounts },
        unexpectedAnswers: workload.unexpected(),
        poisoned: chaos ? consumersOfMalformed(run.topology) : [],
      };
      return {
        report: commerceReport(outcome),
        summary: commerceSummary(outcome),
        failures: [...commerceFailures(outcome), ...bookFailures],
      };
    },
    close: async () => {},
  };
}
