/** The commerce system in the local run: orders, sagas, streams and brokers, judged by ledger and effects. */
import type { LocalRun } from '../local-run.ts';
import { injectChaos } from '../chaos.ts';
import { consumersOfMalformed, publishMalformed } from '../malformed.ts';
import { pendingInOutbox } from '../quiet.ts';
import { rehearsalOf } from '../rehearsal.ts';
import {
  commerceFailures,
  commerceReport,
  COMMERCE_SCHEMA,
  commerceSummary,
  createCommerceWorkload,
  measureCommerce,
  measureSagas,
  publishLatencyOfHigh,
  tellStockCounts,
  uncounted,
} from '../../workload/commerce/index.ts';
import type { CommerceOutcome, OrderMix } from '../../workload/commerce/index.ts';
import { queueHops, watchQueue } from '../queue-times.ts';
import type { Feed, FeedOptions, RunnableSystem } from './system.ts';

const CONSUMER_OF_HIGH_PRIORITY = 'priority-response';
const RELAY = 'Relay';
const TOKEN_SECRET = 'Token';
/** Shelves that the old warehouse system counts in one run. */
const STOCK_COUNTS = 20;
/** `waybill-local-commerce`, `waybill-local-commerceconsumers3` and so on. */
const isOfCommerce = (stackName: string): boolean => stackName.includes('-commerce');

export const commerceSystem: RunnableSystem = {
  name: 'commerce',
  unit: 'orders',
  defaultCount: 200,
  feedRate: 12,
  watchedRate: 2,
  quietTimeoutMs: 300_000,
  standbyRegion: 'us-west-2',
  hasBrokers: true,
  banner: (run) => [
    ...run.brokers.describe(),
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
    // Those of a region that was left wait for hours for answers that its database does not take.
    const sagas = run.aws.services.states.busy();
    const left = await uncounted(run.database, run.topology);
    return {
      running: [],
      reading: left.map(({ consumer, events }) => `${consumer}: ${events} records`),
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
  const { seed, chaos, signal, customers, mix, note } = options;
  const workload = await createCommerceWorkload({
    apiUrl: () => run.apiUrl,
    tokenSecret: () => run.secretValue(TOKEN_SECRET),
    seed,
    signal,
    ...(customers !== undefined && { customers }),
    ...(mix !== undefined && { mix }),
  });
  const rehearsal = chaos
    ? rehearsalOf(run, { schema: COMMERCE_SCHEMA, isOurs: isOfCommerce, ...(note && { say: note }) })
    : undefined;
  // Of two regions, each has a queue of its own.
  const priority = chaos ? undefined : watchQueue(run, CONSUMER_OF_HIGH_PRIORITY);
  let begunAgain = 0;
  let told = 0;
  return {
    run: async ({ count, perSecond }) => {
      if (chaos) await publishMalformed(run);
      const broker = run.deployed.find('AWS::AmazonMQ::Broker')[0]?.physicalId;
      // Of a region that is lost, its broker is lost too: a chaos run has none told.
      if (broker !== undefined && !chaos) {
        told += await tellStockCounts(run.aws.context, broker, { seed, counts: STOCK_COUNTS });
      }
      const moves: Promise<unknown>[] = [];
      await workload.run({
        orders: count,
        perSecond,
        beforeOrder: async (sent) => {
          // The first region dies half way. It comes back when all orders are placed, and takes over again while sagas run.
          if (sent !== Math.ceil(count / 2) || rehearsal === undefined) return;
          moves.push(rehearsal.loseRegion().then(({ orders }) => (begunAgain += orders)));
        },
      });
      await Promise.all(moves);
      if (rehearsal === undefined) return;
      await rehearsal.recoverRegion();
      begunAgain += (await rehearsal.failBack()).orders;
    },
    judge: async (observed) => {
      const { bookFailures, legacyCounts, ...measured } = await measureCommerce(run.database, run.topology);
      const outcome: CommerceOutcome = {
        ...observed,
        ...measured,
        placed: workload.placed(),
        saga: measureSagas([
          run.aws.context,
          ...run.regions.map(({ region }) => region.aws.context).filter((one) => one !== run.aws.context),
        ]),
        legacyCounts: { told, taken: legacyCounts },
        hops: priority && {
          publish: await publishLatencyOfHigh(run.database),
          ...queueHops(priority.times()),
        },
        regionLost: rehearsal !== undefined,
        region: run.aws.context.region,
        begunAgain,
        unexpectedAnswers: workload.unexpected(),
        poisoned: chaos ? consumersOfMalformed(run.topology) : [],
      };
      return {
        report: commerceReport(outcome),
        summary: commerceSummary(outcome),
        failures: [...commerceFailures(outcome), ...bookFailures],
      };
    },
    close: async () => priority?.stop(),
  };
}
