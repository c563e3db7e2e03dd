/** The generation system in the local run: images that users order and watch, judged by rows, events, notes and tabs. */
import { rootCaller } from '../../aws/index.ts';
import {
  ageSilentGenerations,
  createGenerationWorkload,
  generationFailures,
  generationReport,
  GENERATION_SCHEMA,
  generationSummary,
  keyOf,
  measureGenerations,
  notesOf,
  pendingGenerations,
} from '../../workload/generation/index.ts';
import type { GenerationOutcome, TableItem } from '../../workload/generation/index.ts';
import { bearerToken } from '../../workload/api-client.ts';
import { planUsers } from '../../workload/generation/plan.ts';
import { injectChaos } from '../chaos.ts';
import { startLivePage } from '../live-page.ts';
import type { LocalRun } from '../local-run.ts';
import { consumersOfMalformed, publishMalformed } from '../malformed.ts';
import { pendingInOutbox } from '../quiet.ts';
import type { Feed, FeedOptions, RunnableSystem } from './system.ts';

const RELAY = 'Relay';
const NOTIFIER = 'Notifier';
const TOKEN_SECRET = 'TokenSecret';
const CALLBACK_SECRET = 'CallbackSecret';
const PUSH_TABLE = 'PushTable';
/** Milliseconds that everybody has to come back and to see what there is. A cut client waits up to 30 s before it tries. */
const SETTLE_TIMEOUT = 120_000;

export const generationSystem: RunnableSystem = {
  name: 'generation',
  unit: 'generations',
  defaultCount: 200,
  feedRate: 8,
  watchedRate: 1,
  quietTimeoutMs: 300_000,
  hasBrokers: false,
  banner: (run) => [['WebSocket', webSocketUrlOf(run)]],
  openPage: async (run) => {
    const secret = await run.secretValue(TOKEN_SECRET);
    const { userId, tenantId } = planUsers(1)[0]!;
    return startLivePage({
      generationUrl: () => run.apiUrl,
      token: () => bearerToken(secret, { userId, tenantId, role: 'member' }),
    });
  },
  injectChaos: (run) => {
    injectChaos(run, RELAY);
    for (const { region } of run.regions) {
      const { lambda } = region.aws.services;
      const notifier = lambda.listFunctions().find(({ functionName }) => functionName.includes(NOTIFIER));
      if (notifier !== undefined)
        lambda.faults.set(notifier.functionName, {
          crashBefore: 0.02,
          crashDuring: 0.12,
          loseResponse: 0.05,
        });
    }
  },
  activity: async (run) => {
    await ageSilentGenerations(run.database);
    const pending = await pendingGenerations(run.database);
    return {
      running: [],
      waiting: [
        ...(await pendingInOutbox(run, GENERATION_SCHEMA)),
        ...(pending > 0 ? [`${pending} generations that have not ended`] : []),
      ],
    };
  },
  createFeed: (run, options) => createGenerationFeed(run, options),
};

export interface GenerationFeedOptions extends FeedOptions {
  /** @default 12 */
  readonly users?: number;
}

export async function createGenerationFeed(run: LocalRun, options: GenerationFeedOptions): Promise<Feed> {
  const { seed, chaos, signal, users } = options;
  const workload = createGenerationWorkload({
    apiUrl: () => run.apiUrl,
    tokenSecret: () => run.secretValue(TOKEN_SECRET),
    callbackSecret: () => run.secretValue(CALLBACK_SECRET),
    seed,
    signal,
    ...(users !== undefined && { users }),
  });
  return {
    run: async ({ count, perSecond }) => {
      if (chaos) await publishMalformed(run);
      await workload.run({ count, perSecond, cutAll: chaos });
    },
    judge: async (observed) => {
      const probes = await workload.probe();
      const notes = notesOf(await pushTableOf(run));
      await workload.settle((user) => notes.get(keyOf(user))?.length ?? 0, SETTLE_TIMEOUT);
      const outcome: GenerationOutcome = {
        ...observed,
        ...(await measureGenerations(run.database, run.topology, await pushTableOf(run))),
        users: workload.users,
        taken: workload.taken(),
        viewers: workload.viewers,
        probes,
        unexpectedAnswers: workload.unexpected(),
        poisoned: chaos ? consumersOfMalformed(run.topology) : [],
      };
      return {
        report: generationReport(outcome),
        summary: generationSummary(outcome),
        failures: generationFailures(outcome),
      };
    },
    close: async () => workload.close(),
  };
}

/** Every item, as it is. */
export async function pushTableOf(run: LocalRun): Promise<readonly TableItem[]> {
  const table = run.deployed
    .find('AWS::DynamoDB::Table')
    .concat(run.deployed.find('AWS::DynamoDB::GlobalTable'))
    .find(({ logicalId }) => logicalId.includes(PUSH_TABLE));
  const items: TableItem[] = [];
  let from: unknown;
  do {
    const page = (await run.aws.services.dynamodb.handle(
      'Scan',
      {
        TableName: table?.physicalId,
        ConsistentRead: true,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      },
      rootCaller(run.aws.context),
    )) as { readonly Items?: readonly TableItem[]; readonly LastEvaluatedKey?: unknown };
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

/** Where browsers connect, as the stack says. */
export function webSocketUrlOf({ deployed }: Pick<LocalRun, 'deployed'>): string {
  const urls = deployed.stacks.flatMap(({ outputs }) => outputs['WebSocketUrl'] ?? []);
  return typeof urls[0] === 'string' ? urls[0] : 'none';
}
