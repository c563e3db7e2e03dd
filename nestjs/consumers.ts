/** The consumers of a Nest application: started when it has booted, drained before it shuts down, and their status. */
import { inTransaction } from '../lambda/runtime/postgres/transaction.ts';
import { poll } from '../lambda/runtime/poll.ts';
import type { QueuePoller, StopReport } from '../lambda/runtime/poll.ts';
import { processOnce } from '../lambda/runtime/inbox/process-once.ts';
import type { EventPublisher, Handler } from '../lambda/runtime/types.ts';
import type { AnyEventContract } from '../lib/contracts/index.ts';
import { NestError } from './errors.ts';
import { assignHandlers, findHandlers } from './handlers.ts';
import type { HandlersByType, Provider } from './handlers.ts';
import type { WaybillConsumerOptions, WaybillModuleOptions } from './options.ts';

export interface ConsumerStatus {
  readonly consumer: string;
  readonly queueUrl: string;
  /** `failing`: the last receive calls failed, see `receiveFailures`. */
  readonly state: 'starting' | 'running' | 'failing' | 'stopping' | 'stopped';
  /** Receive calls that failed since the last one that did not. */
  readonly receiveFailures: number;
  /** Handlers that run now. */
  readonly running: number;
  /** Handlers that ended well, and that threw, since the start. */
  readonly handled: number;
  readonly failed: number;
}

export interface WaybillStatus {
  /** `up` while every consumer is running or there is none: what a health check answers. */
  readonly status: 'up' | 'down';
  readonly consumers: readonly ConsumerStatus[];
}

interface ResolvedConsumer extends WaybillConsumerOptions {
  readonly consumer: string;
  readonly queueUrl: string;
}

interface Running {
  readonly options: ResolvedConsumer;
  readonly handlers: HandlersByType;
  readonly counts: { running: number; handled: number; failed: number };
  poller?: QueuePoller;
  ending?: 'stopping' | 'stopped';
}

/** Receive calls that fail in a row before a consumer counts as failing: one may be chance. */
const FAILING_FROM = 3;

/** Inject it where a health check wants the status. */
export class WaybillConsumers {
  readonly #options: WaybillModuleOptions;
  readonly #publisher: EventPublisher | undefined;
  readonly #providers: () => readonly Provider[];
  #consumers: readonly Running[] = [];
  #stopped: Promise<readonly StopReport[]> | undefined;

  /** @internal Nest makes it. */
  constructor(
    options: WaybillModuleOptions,
    publisher: EventPublisher | undefined,
    providers: () => readonly Provider[],
  ) {
    this.#options = options;
    this.#publisher = publisher;
    this.#providers = providers;
  }

  /**
   * @internal Checks everything that can be wrong before any consumer starts.
   * @throws NestError
   */
  onModuleInit(): void {
    const consumers = resolvedConsumers(this.#options);
    const assigned = assignHandlers(
      consumers.map(({ consumer, contracts, inbox }) => ({
        name: consumer,
        contracts,
        hasInbox: inbox !== undefined,
      })),
      findHandlers(this.#providers()),
    );
    this.#consumers = consumers.map((options) => ({
      options,
      handlers: assigned.get(options.consumer)!,
      counts: { running: 0, handled: 0, failed: 0 },
    }));
  }

  /** @internal */
  onApplicationBootstrap(): void {
    for (const running of this.#consumers) running.poller = this.#start(running);
  }

  /** @internal Running handlers finish and are acknowledged; what has not started goes back to its queue (D17). */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  /** What the shutdown of the application does, for who wants it earlier. Calling it again waits for the same end. */
  async stop(): Promise<readonly StopReport[]> {
    this.#stopped ??= Promise.all(
      this.#consumers.map(async (running) => {
        running.ending = 'stopping';
        const report = await running.poller?.stop(this.#options.shutdown);
        running.ending = 'stopped';
        return report ?? { abandoned: 0 };
      }),
    );
    return this.#stopped;
  }

  /**
   * @example
   * // with @nestjs/terminus
   * const { status, consumers } = waybill.status();
   * return indicator.check('waybill')[status]({ consumers });
   */
  status(): WaybillStatus {
    const consumers = this.#consumers.map(statusOf);
    return { status: consumers.every(({ state }) => state === 'running') ? 'up' : 'down', consumers };
  }

  #start({ options, handlers, counts }: Running): QueuePoller {
    const handle = handlerOf(handlers, options);
    const counted: Handler<AnyEventContract> = async (event, context) => {
      counts.running += 1;
      try {
        await handle(event, context);
        counts.handled += 1;
      } catch (error) {
        counts.failed += 1;
        throw error;
      } finally {
        counts.running -= 1;
      }
    };
    const contracts = [...handlers.values()].map(({ contract }) => contract);
    const { publisher = this.#publisher, ...others } = options;
    return poll<readonly AnyEventContract[]>(contracts, counted, {
      ...others,
      ...(publisher !== undefined && { publisher }),
    });
  }
}

function handlerOf(handlers: HandlersByType, { inbox }: ResolvedConsumer): Handler<AnyEventContract> {
  if (inbox === undefined) {
    return async (event, context) => {
      await handlers.get(event.eventType)!.call(event, context);
    };
  }
  return (event, context) =>
    inTransaction(inbox, async (transaction) => {
      if (!(await processOnce(transaction, context.consumer, event.eventId))) return;
      await handlers.get(event.eventType)!.call(event, context, transaction);
    });
}

function statusOf({ options, poller, counts, ending }: Running): ConsumerStatus {
  const receiveFailures = poller?.receiveFailures() ?? 0;
  const state = ending ?? (poller === undefined ? 'starting' : undefined);
  return {
    consumer: options.consumer,
    queueUrl: options.queueUrl,
    state: state ?? (receiveFailures < FAILING_FROM ? 'running' : 'failing'),
    receiveFailures,
    ...counts,
  };
}

/**
 * The consumers with what they share. The environment names one queue and one consumer, so it serves only a
 * module that has one.
 *
 * @throws NestError WAYBILL_NEST_QUEUE_URL_MISSING, WAYBILL_NEST_CONSUMER_TWICE
 */
function resolvedConsumers(options: WaybillModuleOptions): readonly ResolvedConsumer[] {
  const { consumers, publishes: _, transport: __, publisher: ___, shutdown: ____, ...shared } = options;
  const given = consumers ?? [{}];
  const resolved = given.map((own, index): ResolvedConsumer => {
    const merged = { ...shared, ...own };
    const alone = given.length === 1;
    const consumer = merged.consumer ?? (alone ? process.env['WAYBILL_CONSUMER'] : undefined);
    const queueUrl = merged.queueUrl ?? (alone ? process.env['WAYBILL_QUEUE_URL'] : undefined);
    if (consumer === undefined || consumer === '' || queueUrl === undefined || queueUrl === '') {
      throw missingSetting(index, consumer, alone);
    }
    return { ...merged, consumer, queueUrl };
  });
  const names = resolved.map(({ consumer }) => consumer);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new NestError(
      'WAYBILL_NEST_CONSUMER_TWICE',
      `two consumers of WaybillModule are called '${twice}': the name is the key of the inbox and of the handlers, so give each its own`,
    );
  }
  return resolved;
}

function missingSetting(index: number, consumer: string | undefined, alone: boolean): NestError {
  const named = consumer === undefined || consumer === '' ? undefined : consumer;
  const which = named === undefined ? `consumers[${index}] of WaybillModule` : `consumer '${named}'`;
  const [option, variable] =
    named === undefined ? ['consumer', 'WAYBILL_CONSUMER'] : ['queueUrl', 'WAYBILL_QUEUE_URL'];
  const elsewhere = alone ? `, or set ${variable}` : '; variables are for a module with one consumer';
  return new NestError(
    'WAYBILL_NEST_QUEUE_URL_MISSING',
    `${which} has no \`${option}\`: give it to WaybillModule.forRoot()${elsewhere}`,
  );
}
