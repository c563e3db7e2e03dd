/** The core system in the local run: real webhooks and a trickle of commands, judged by outbox and effects. */
import { createWorkload, measure } from '../../workload/index.ts';
import type { WorkloadReport } from '../../workload/index.ts';
import { injectChaos } from '../chaos.ts';
import { pendingInOutbox } from '../quiet.ts';
import { failuresOf, reportOf } from '../report.ts';
import type { Outcome, Report } from '../report.ts';
import type { Feed, RunnableSystem } from './system.ts';

/** Share of webhook deliveries that the tenants' receivers refuse in a chaos run. */
const RECEIVER_FAILURE_RATE = 0.05;
const RELAY = 'Relay';
const TOKEN_SECRET = 'Token';
const POISONED_CONSUMER = 'webhook-delivery';

export const coreSystem: RunnableSystem = {
  name: 'core',
  unit: 'events',
  defaultCount: 500,
  feedRate: 40,
  watchedRate: 8,
  quietTimeoutMs: 120_000,
  hasBrokers: false,
  banner: () => [],
  injectChaos: (run) => injectChaos(run, RELAY),
  activity: async (run) => ({ running: [], waiting: await pendingInOutbox(run) }),
  createFeed: async (run, { seed, chaos, signal }): Promise<Feed> => {
    const workload = await createWorkload({
      apiUrl: run.apiUrl,
      tokenSecret: await run.secretValue(TOKEN_SECRET),
      seed,
      poison: chaos,
      receiverFailureRate: chaos ? RECEIVER_FAILURE_RATE : 0,
      signal,
    });
    let fed: WorkloadReport | undefined;
    return {
      run: async ({ count, perSecond }) => {
        fed = await workload.run({ events: count, perSecond });
      },
      judge: async (observed) => {
        const outcome: Outcome = {
          ...observed,
          measured: await measure(run.database, run.topology),
          unexpectedAnswers: fed?.webhooks.unexpected ?? {},
          poisoned: chaos ? [POISONED_CONSUMER] : [],
        };
        const report = reportOf(outcome);
        return { report, summary: summaryOf(report), failures: failuresOf(outcome) };
      },
      close: () => workload.close(),
    };
  },
};

function summaryOf({ published, retried, deadLettered, lost, latencyMs, seconds }: Report): string {
  const latency =
    latencyMs === null ? '' : `, commit to handler p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`;
  return `${published} published, ${retried} retried, ${deadLettered} dead-lettered, ${lost} lost, ${seconds.toFixed(1)} s${latency}`;
}
