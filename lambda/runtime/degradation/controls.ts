/** The controls of a function: kill switches, circuit breakers, bulkheads and load shedding, as one option of `consume` and `poll`. */
import { dynamoDbClient } from '../aws/dynamodb.ts';
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import { systemClock } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import type { MessageToAdmit, Verdict } from '../consumer/admission.ts';
import { receiveCountOf } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import { RuntimeError } from '../errors.ts';
import { createLogger, describeError } from '../logger.ts';
import type { Logger } from '../logger.ts';
import { isFifo } from '../transports/group-id.ts';
import type { SqsRecord } from '../types.ts';
import { createBulkhead } from './bulkhead.ts';
import type { BulkheadProps } from './bulkhead.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Controls, ControlsProps, Dependency, DependencyProps } from './controls-options.ts';
import { UnavailableError } from './errors.ts';
import { addToCount } from './handling-counts.ts';
import { createLoadShedder } from './load-shedder.ts';
import type { LoadShedder, WorkPriority } from './load-shedder.ts';
import { countMetric } from './metric.ts';
import { forgetParked, groupOf, hasParked, park, releasedKeyOf } from './parking.ts';
import { cachedSwitches, isConsumerPaused, tenantState } from './switches.ts';
import type { Cached } from './cached.ts';
import type { Switches } from './switches.ts';

const DEFAULT_STATE_AGE = 2_000;
const DEFAULT_LONGEST_POSTPONEMENT = 21_600;
/** Seconds until a message comes back whose consumer is off. Its mapping is paused too: few come at all. */
const PAUSED_SECONDS = 120;
/** Seconds until a message comes back that could not be parked. */
const UNPARKED_SECONDS = 10;
/** Share that is added by chance to each wait, so that what waits does not come back at one moment. */
const SPREAD = 0.2;

/**
 * @example
 * const controls = createControls();
 * const gateway = controls.dependency('payment-gateway', { maxConcurrent: 20 });
 * export const handler = consume(ReservePayment, async (event, { signal }) => {
 *   await gateway.call((signal) => reserve(event.data, { signal }), signal);
 * }, { controls });
 */
export function createControls(props: ControlsProps = {}): Controls {
  return new FunctionControls(props);
}

class FunctionControls implements Controls {
  readonly #props: ControlsProps;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #required: CircuitBreaker[] = [];
  readonly #shedder: LoadShedder | undefined;
  /** What is in work, and what ends its place. */
  readonly #inWork = new WeakMap<SqsRecord, () => void>();
  readonly #begun = new WeakSet<SqsRecord>();
  // Made at first use, so that a module with a handler can be imported without its environment.
  #table: DynamoDbClient | undefined;
  #switches: Cached<Switches> | undefined;

  constructor(props: ControlsProps) {
    this.#props = props;
    this.#clock = props.clock ?? systemClock;
    this.#random = props.random ?? Math.random;
    this.#logger = props.logger ?? createLogger();
    const { shedding } = props;
    this.#shedder =
      shedding &&
      createLoadShedder({
        name: 'the consumer',
        clock: this.#clock,
        ...(shedding.maxAgeSeconds !== undefined && { maxAgeSeconds: shedding.maxAgeSeconds }),
        ...(shedding.maxConcurrent !== undefined && { maxConcurrent: shedding.maxConcurrent }),
      });
  }

  dependency(name: string, props: DependencyProps = {}): Dependency {
    const { maxConcurrent, maxQueued, maxWaitSeconds, required = true, ...breakerProps } = props;
    checkDeclared(name);
    const breaker = createCircuitBreaker({
      ...breakerProps,
      dependency: name,
      client: { call: (action, input) => this.#client().call(action, input) },
      maxStateAge: this.#props.maxStateAge ?? DEFAULT_STATE_AGE,
      logger: this.#logger,
      clock: this.#clock,
      random: this.#random,
    });
    if (required) this.#required.push(breaker);
    if (maxConcurrent === undefined) return { breaker, call: (fn, signal) => breaker.call(fn, signal) };
    const limits: BulkheadProps = {
      dependency: name,
      maxConcurrent,
      clock: this.#clock,
      ...(maxQueued !== undefined && { maxQueued }),
      ...(maxWaitSeconds !== undefined && { maxWaitSeconds }),
    };
    const bulkhead = createBulkhead(limits);
    return { breaker, call: (fn, signal) => bulkhead.call(() => breaker.call(fn, signal), signal) };
  }

  /** In this order: the consumer, its tenant, what it needs, what is more important. */
  async admit(message: MessageToAdmit): Promise<Verdict> {
    const { record, consumer, logger } = message;
    const switches = await this.#readSwitches();
    if (isConsumerPaused(switches, consumer)) return this.#postponed(PAUSED_SECONDS, 'CONSUMER_PAUSED');
    // What was released is handled whatever the switch says now: parked again, it would be behind what followed it.
    const isReleased = releasedKeyOf(record) !== undefined;
    const kept = isReleased ? undefined : await this.#keptOfTenant(message, switches);
    if (kept !== undefined) return kept;
    const waits = await Promise.all(this.#required.map((breaker) => breaker.closedIn()));
    const wait = Math.max(0, ...waits);
    if (wait > 0) return this.#postponed(wait / 1_000, 'BREAKER_OPEN');
    const shed = isReleased ? undefined : this.#shed(message);
    if (shed !== undefined) {
      countMetric(logger, 'LoadShed', { consumer });
      return shed;
    }
    return this.#begin(message);
  }

  async settled(
    record: SqsRecord,
    outcome: Parameters<typeof isAcknowledged>[0],
    consumer: string,
  ): Promise<boolean> {
    this.#inWork.get(record)?.();
    try {
      if (this.#begun.has(record)) {
        await addToCount(this.#client(), consumer, record, 'unended', -1, this.#clock.now());
      }
      const key = releasedKeyOf(record);
      if (key !== undefined && isAcknowledged(outcome)) await forgetParked(this.#client(), consumer, key);
      return true;
    } catch (error) {
      this.#logger.warn('the end of a message could not be noted', { detail: describeError(error) });
      return false;
    }
  }

  async countFailure(record: SqsRecord, consumer: string): Promise<number | undefined> {
    if (!this.#hasTable()) return receiveCountOf(record);
    try {
      return await addToCount(this.#client(), consumer, record, 'failures', 1, this.#clock.now());
    } catch (error) {
      this.#logger.warn('a failure could not be counted; the message is tried again', {
        detail: describeError(error),
      });
      return undefined;
    }
  }

  async holdReceives(consumer: string, cause: 'any' | 'switch' = 'any'): Promise<number> {
    const age = this.#props.maxStateAge ?? DEFAULT_STATE_AGE;
    if (isConsumerPaused(await this.#readSwitches(), consumer)) return age;
    if (cause === 'switch') return 0;
    const waits = await Promise.all(this.#required.map((breaker) => breaker.closedIn()));
    return Math.max(0, ...waits);
  }

  async #keptOfTenant(message: MessageToAdmit, switches: Switches): Promise<Verdict | undefined> {
    const { event, record, consumer, logger } = message;
    const state = tenantState(switches, consumer, event.tenantId);
    if (state === undefined) return undefined;
    const queueUrl = this.#props.parkingQueueUrl ?? process.env['WAYBILL_PARKING_QUEUE_URL'];
    if (queueUrl === undefined || queueUrl === '') {
      return state === 'paused' ? this.#postponed(PAUSED_SECONDS, 'TENANT_PAUSED') : undefined;
    }
    try {
      const table = this.#client();
      // A standard queue has no order that parked messages would have to keep.
      const isBehindParked =
        state === 'draining' &&
        isFifo(queueUrl) &&
        (await hasParked(table, consumer, event.tenantId, groupOf(record)));
      if (state === 'draining' && !isBehindParked) return undefined;
      const { client } = this.#props;
      await park({ table, queueUrl, consumer, client }, record, event.tenantId, this.#clock.now());
      countMetric(logger, 'MessagesParked', { consumer });
      return { kind: 'parked', reason: state === 'paused' ? 'TENANT_PAUSED' : 'BEHIND_PARKED' };
    } catch (error) {
      logger.error('message not parked; it comes back', { detail: describeError(error) });
      return this.#postponed(UNPARKED_SECONDS, 'NOT_PARKED');
    }
  }

  #shed({ event, contract, record }: MessageToAdmit): Verdict | undefined {
    const { shedding } = this.#props;
    if (this.#shedder === undefined || shedding === undefined) return undefined;
    const sentAt = Number(record.attributes.SentTimestamp ?? this.#clock.now());
    const age = (this.#clock.now() - sentAt) / 1_000;
    const isOldEnough = age > (shedding.longestPostponement ?? DEFAULT_LONGEST_POSTPONEMENT);
    const priority: WorkPriority = isOldEnough
      ? 'high'
      : shedding.lowPriority?.includes(event.eventType)
        ? 'low'
        : (contract?.priority ?? 'normal');
    try {
      // What was postponed for too long is taken, and is no sign that important work is late.
      this.#inWork.set(record, this.#shedder.take(priority, isOldEnough ? 0 : age));
      return undefined;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return this.#postponed(error.retryAfterSeconds, 'LOAD_SHED');
    }
  }

  /**
   * SQS alone would move a message only at its thousandth receive, so one whose handling ends the process each time
   * is found here: from its maxReceiveCount on, a note says that its handling has begun.
   */
  async #begin({ record, consumer, maxReceiveCount, logger }: MessageToAdmit): Promise<Verdict> {
    if (maxReceiveCount === undefined || receiveCountOf(record) <= maxReceiveCount || !this.#hasTable()) {
      return { kind: 'handle' };
    }
    try {
      const unended = await addToCount(this.#client(), consumer, record, 'unended', 1, this.#clock.now());
      if (unended > maxReceiveCount) {
        this.#inWork.get(record)?.();
        const detail = `its handling has not ended ${unended - 1} times`;
        return { kind: 'dead-letter', letter: { reason: 'RECEIVES_EXHAUSTED', detail } };
      }
      this.#begun.add(record);
    } catch (error) {
      logger.warn('the beginning of a message could not be noted', { detail: describeError(error) });
    }
    return { kind: 'handle' };
  }

  #postponed(seconds: number, reason: string): Verdict {
    return { kind: 'postpone', seconds: seconds * (1 + SPREAD * this.#random()), reason };
  }

  #readSwitches(): Promise<Switches> {
    this.#switches ??= cachedSwitches(this.#client(), {
      maxAge: this.#props.maxStateAge ?? DEFAULT_STATE_AGE,
      clock: this.#clock,
      onFailure: (error) => {
        this.#logger.warn('controls table not reached; the last known switches count', {
          detail: describeError(error),
        });
        countMetric(this.#logger, 'ControlsUnreadable', { part: 'switches' });
      },
    });
    return this.#switches.get();
  }

  #hasTable(): boolean {
    return this.#client() !== WITHOUT_TABLE;
  }

  #client(): DynamoDbClient {
    const name = this.#props.table ?? process.env['WAYBILL_CONTROLS_TABLE'];
    this.#table ??=
      this.#props.tableClient ?? (name === undefined || name === '' ? WITHOUT_TABLE : dynamoDbClient(name));
    return this.#table;
  }
}

/** Where the constructs say what may be called, the role may write the state of these breakers alone. */
function checkDeclared(name: string): void {
  const declared = process.env['WAYBILL_DEPENDENCIES']?.split(',');
  if (declared === undefined || declared.includes(name)) return;
  throw new RuntimeError(
    'WAYBILL_OPTION_INVALID',
    `dependency '${name}' is not among those of the construct (${declared.join(', ')}): add it to \`dependencies\``,
  );
}

/** As if every table were empty. */
const WITHOUT_TABLE: DynamoDbClient = { call: () => Promise.resolve({}) };
