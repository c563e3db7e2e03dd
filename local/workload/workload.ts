/** The sample workload: real webhooks and a trickle of commands, sent to the core system's own API. */
import { setTimeout as delay } from 'node:timers/promises';
import { apiClient, gitHubSignature, textField } from './api-client.ts';
import type { CallApi } from './api-client.ts';
import { commandTrickle } from './commands.ts';
import type { CommandReport, CommandTrickle } from './commands.ts';
import { deliveries } from './payloads.ts';
import type { Delivery, DeliveryOptions } from './payloads.ts';
import { startSink } from './sink.ts';
import type { SinkPoison, SinkReport } from './sink.ts';
import { operatorAuthorization, sampleTenantId, seedTenants } from './tenants.ts';
import type { SampleTenant } from './tenants.ts';

export interface WorkloadOptions {
  /** The core system's HTTP API, without a trailing slash. */
  readonly apiUrl: string;
  /** The value of the secret that signs the API's tokens. */
  readonly tokenSecret: string;
  /** @default 1 */
  readonly seed?: number;
  /** @default 5 */
  readonly tenants?: number;
  /** How many requests are on their way at once. @default 8 */
  readonly inFlight?: number;
  /** Probability that a tenant's receiver answers 503. @default 0 */
  readonly receiverFailureRate?: number;
  /**
   * Makes `webhook-delivery`, and nobody else, fail always for one kind of event of one tenant: the kind that comes
   * first from this seed, so that a short run has one too.
   * @default false
   */
  readonly poison?: boolean;
  /** How long to wait for the tenants to be provisioned, in milliseconds. @default 30000 */
  readonly provisioningTimeoutMs?: number;
  /** Stops what is being sent. @default - runs to its end */
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  /** Genuine webhooks to send; Infinity until the signal. */
  readonly events: number;
  /** @default - as fast as they are answered */
  readonly perSecond?: number;
}

export interface WorkloadReport {
  readonly webhooks: {
    readonly sent: number;
    readonly accepted: number;
    /** Answered as seen before. */
    readonly duplicates: number;
    /** Forged, and refused as they should be. */
    readonly forgedRefused: number;
    /** Answered with anything else than they should be. */
    readonly unexpected: Readonly<Record<string, number>>;
    readonly retries: number;
  };
  readonly commands: Readonly<CommandReport>;
  readonly receiver: SinkReport;
  readonly seconds: number;
}

export interface Workload {
  readonly tenants: readonly SampleTenant[];
  /** What fails always, and only in `webhook-delivery`. Null unless asked for. */
  readonly poison: SinkPoison | null;
  readonly run: (options: RunOptions) => Promise<WorkloadReport>;
  readonly receiverReport: () => SinkReport;
  /** Stops the tenants' receiver: do so after the queues are quiet. */
  readonly close: () => Promise<void>;
}

/** One command to this many webhooks. */
const WEBHOOKS_PER_COMMAND = 8;
/** Webhooks whose every action gives one event that tenants have delivered. */
const DELIVERED_EVENT_TYPES: Readonly<Record<string, string>> = {
  discussion: 'DiscussionChanged',
  issues: 'IssueChanged',
  pull_request: 'PullRequestChanged',
  release: 'ReleaseChanged',
};

/**
 * Starts the tenants' receiver and sets up the tenants through the API.
 * @throws when the API refuses the set-up, or the tenants are not provisioned in time
 */
export async function createWorkload(options: WorkloadOptions): Promise<Workload> {
  const seed = options.seed ?? 1;
  const tenantCount = options.tenants ?? 5;
  const poison = options.poison === true ? firstDelivered({ seed, tenants: tenantCount }) : null;
  const sink = await startSink({ seed, failureRate: options.receiverFailureRate ?? 0, poison });
  const call = apiClient(options.apiUrl, options.signal);
  try {
    const tenants = await seedTenants({
      call,
      tokenSecret: options.tokenSecret,
      tenants: tenantCount,
      sink,
      provisioningTimeoutMs: options.provisioningTimeoutMs ?? 30_000,
    });
    const operator = operatorAuthorization(options.tokenSecret);
    const source = deliveries({ seed, tenants: tenantCount });
    const commands = commandTrickle({ call, tenants, operator, seed });
    return {
      tenants,
      poison,
      receiverReport: sink.report,
      close: sink.close,
      run: async (run) => {
        const startedAt = Date.now();
        const webhooks = await sendAll({ call, tenants, source, commands, run, options });
        return {
          webhooks,
          commands: commands.report(),
          receiver: sink.report(),
          seconds: (Date.now() - startedAt) / 1000,
        };
      },
    };
  } catch (error) {
    await sink.close();
    throw error;
  }
}

function firstDelivered(options: DeliveryOptions): SinkPoison {
  const source = deliveries(options);
  for (;;) {
    const { tenant, payload } = source.next().value;
    const eventType = DELIVERED_EVENT_TYPES[payload.name];
    if (eventType !== undefined) return { tenantId: sampleTenantId(tenant), eventType };
  }
}

type WebhookCounts = {
  -readonly [Key in keyof WorkloadReport['webhooks']]: WorkloadReport['webhooks'][Key];
} & {
  unexpected: Record<string, number>;
};

async function sendAll(work: {
  readonly call: CallApi;
  readonly tenants: readonly SampleTenant[];
  readonly source: Generator<Delivery, never>;
  readonly commands: CommandTrickle;
  readonly run: RunOptions;
  readonly options: WorkloadOptions;
}): Promise<WorkloadReport['webhooks']> {
  const counts: WebhookCounts = {
    sent: 0,
    accepted: 0,
    duplicates: 0,
    forgedRefused: 0,
    unexpected: {},
    retries: 0,
  };
  const signal = work.options.signal;
  const inFlight = work.options.inFlight ?? 8;
  let genuine = 0;
  let commands: Promise<void> = Promise.resolve();
  // A repeated delivery waits for the one it repeats, else either could be the first.
  const pending = new Map<string, Promise<void>>();

  const worker = async (): Promise<void> => {
    const stopped = (): boolean => signal?.aborted === true;
    // Repetitions and forgeries follow the delivery they belong to, so the last genuine one ends it.
    while (!stopped() && genuine < work.run.events) {
      const delivery = work.source.next().value;
      if (delivery.kind === 'genuine') {
        genuine += 1;
        if (genuine % WEBHOOKS_PER_COMMAND === 0) {
          commands = commands.then(work.commands.next);
          // Its failure is seen where the trickle is awaited, at the end.
          commands.catch(() => {});
        }
      }
      const before = pending.get(delivery.deliveryId) ?? Promise.resolve();
      const sent = before.then(() => send(work.call, work.tenants, delivery, counts));
      pending.set(delivery.deliveryId, sent);
      await sent;
      if (pending.get(delivery.deliveryId) === sent) pending.delete(delivery.deliveryId);
      if (work.run.perSecond !== undefined) await pause(inFlight / work.run.perSecond, signal);
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, worker));
    await commands;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  return counts;
}

async function send(
  call: CallApi,
  tenants: readonly SampleTenant[],
  delivery: Delivery,
  counts: WebhookCounts,
): Promise<void> {
  const tenant = tenants[delivery.tenant]!;
  const { body, name } = delivery.payload;
  const secret = delivery.kind === 'forged' ? `not ${tenant.webhookSecret}` : tenant.webhookSecret;
  const answer = await call({
    method: 'POST',
    path: tenant.webhookPath,
    headers: {
      'content-type': 'application/json',
      'x-github-event': name,
      'x-github-delivery': delivery.deliveryId,
      'x-hub-signature-256': gitHubSignature(secret, body),
    },
    body,
  });
  counts.sent += 1;
  counts.retries += answer.retries;
  const status = answer.body?.['status'];
  // After a retry a first delivery may find itself stored already: its answer was lost, its effect was not.
  if (
    answer.status === 200 &&
    status === 'duplicate' &&
    (delivery.kind === 'repeated' || answer.retries > 0)
  ) {
    counts.duplicates += 1;
  } else if (answer.status === 200 && status === 'accepted' && delivery.kind === 'genuine') {
    counts.accepted += 1;
  } else if (answer.status === 401 && delivery.kind === 'forged') {
    counts.forgedRefused += 1;
  } else {
    const what = `${delivery.kind}: ${answer.status} ${textField(answer.body, 'code', 'no code')}`;
    counts.unexpected[what] = (counts.unexpected[what] ?? 0) + 1;
  }
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(seconds * 1000, undefined, signal === undefined ? {} : { signal });
}
