/** The commerce system on a real database in a schema of its own, with a Step Functions that only listens. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { commerceEvents } from '../../../catalog/commerce/index.ts';
import type { OrderPlaced, OrderSagaStep, orderSagaSteps } from '../../../catalog/commerce/index.ts';
import { commerceMigrations } from '../../../lambda/commerce/migrations/index.ts';
import { sagaInputOf } from '../../../lambda/commerce/saga/saga-input.ts';
import type { TaskAnswer, TaskCallbacks } from '../../../lambda/commerce/saga/step-functions.ts';
import { registerCustomer } from '../../../lambda/commerce/customers/customers.ts';
import { placeOrder } from '../../../lambda/commerce/orders/place-order.ts';
import type { OrderCommand } from '../../../lambda/commerce/orders/place-order.ts';
import type { Caller } from '../../../lambda/http/request.ts';
import { processOnce } from '../../../lambda/runtime/inbox/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { createPool, migrate } from '../../../lambda/runtime/postgres/index.ts';
import { databaseOf } from '../../../lambda/service/database.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import type { Envelope, EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Pool } from 'pg';
import { useDatabase } from '../../support/postgres.ts';

export const CALLER: Caller = { userId: 'usr_1', tenantId: 'tenant-1', role: 'admin' };

export interface Answer {
  readonly taskToken: string;
  readonly succeeded: boolean;
  /** Output of a success, error of a failure. */
  readonly value: unknown;
}

/** Remembers what it is answered; can be made to fail, or to say that nobody waits. */
export class StepFunctions implements TaskCallbacks {
  readonly answers: Answer[] = [];
  heartbeats = 0;
  /** Called before each answer: throw to lose it. */
  before: () => void = () => undefined;
  says: TaskAnswer = 'accepted';

  async succeed(taskToken: string, value: unknown): Promise<TaskAnswer> {
    return this.#take({ taskToken, succeeded: true, value });
  }

  async fail(taskToken: string, value: string): Promise<TaskAnswer> {
    return this.#take({ taskToken, succeeded: false, value });
  }

  async heartbeat(): Promise<TaskAnswer> {
    this.heartbeats += 1;
    return this.says;
  }

  #take(answer: Answer): TaskAnswer {
    this.before();
    this.answers.push(answer);
    return this.says;
  }

  get last(): Answer | undefined {
    return this.answers.at(-1);
  }
}

export interface CommerceUnderTest {
  readonly service: Service;
  readonly pool: Pool;
  readonly callbacks: StepFunctions;
  readonly rows: <Row = Record<string, unknown>>(text: string, ...values: unknown[]) => Promise<Row[]>;
  /** Types of the events in the outbox, in the order they were written. */
  readonly outbox: () => Promise<readonly string[]>;
  /** The events of one type in the outbox. */
  readonly written: <Event extends Envelope>(eventType: Event['eventType']) => Promise<Event[]>;
}

/** For a whole test file; every test begins with empty tables. */
export function useCommerce(): () => CommerceUnderTest {
  const database = useDatabase({ migrated: false });
  let made: CommerceUnderTest | undefined;
  beforeAll(async () => {
    made = await commerceOn(database().url);
  });
  beforeEach(async () => {
    const { rows, callbacks } = made!;
    const tables = await rows<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = 'commerce' and table_type = 'BASE TABLE'
          and table_name not in ('waybill_migration', 'event_outbox_lane', 'event_outbox_relay')`,
    );
    await rows(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    callbacks.answers.length = 0;
    callbacks.heartbeats = 0;
    callbacks.before = () => undefined;
    callbacks.says = 'accepted';
  });
  afterAll(async () => {
    await made?.pool.end();
  });
  return () => made!;
}

async function commerceOn(url: string): Promise<CommerceUnderTest> {
  const pool = await createPool({
    environment: { DATABASE_URL: url, WAYBILL_DATABASE_SCHEMA: 'commerce' },
    max: 10,
  });
  await migrate(pool, commerceMigrations);
  const { enqueue } = createOutbox({ contracts: commerceEvents });
  const rows: CommerceUnderTest['rows'] = async <Row>(text: string, ...values: unknown[]) =>
    (await pool.query(text, values)).rows as Row[];
  return {
    service: { database: databaseOf(pool), enqueue, processOnce, nudge: async () => undefined },
    pool,
    callbacks: new StepFunctions(),
    rows,
    outbox: async () =>
      (await rows<{ event_type: string }>('select event_type from event_outbox order by sequence')).map(
        ({ event_type }) => event_type,
      ),
    written: async <Event extends Envelope>(eventType: Event['eventType']) =>
      (
        await rows<{ event_data: Event }>(
          'select event_data from event_outbox where event_type = $1 order by sequence',
          eventType,
        )
      ).map(({ event_data }) => event_data),
  };
}

export async function aCustomer(commerce: CommerceUnderTest): Promise<string> {
  const { customerId } = await registerCustomer(commerce.service, CALLER, {
    name: 'Ada Lovelace',
    contact: { email: 'ada@example.com', phone: '+49 30 901820', webhookUrl: null },
    preferredChannel: 'email',
  });
  return customerId;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly event: EnvelopeOf<typeof OrderPlaced>;
  /** The command of a step as the state machine sends it: another token each time, the same eventId. */
  readonly command: <Step extends OrderSagaStep>(
    step: Step,
    more?: Readonly<Record<string, unknown>>,
  ) => EnvelopeOf<(typeof orderSagaSteps)[Step]>;
}

let tokens = 0;

export async function anOrder(
  commerce: CommerceUnderTest,
  command: Partial<OrderCommand> = {},
): Promise<PlacedOrder> {
  const customerId = command.customerId ?? (await aCustomer(commerce));
  const { orderId } = await placeOrder(commerce.service, CALLER, {
    customerId,
    items: [{ sku: 'mug-blue', quantity: 2 }],
    paymentMethod: 'card',
    shippingCountry: 'DE',
    ...command,
  });
  const events = await commerce.written<PlacedOrder['event']>('OrderPlaced');
  const event = events.find(({ data }) => data.orderId === orderId)!;
  const { commands } = sagaInputOf(event);
  return {
    orderId,
    customerId,
    event,
    command: (step, more = {}) => {
      const envelope = commands[step];
      tokens += 1;
      return {
        ...envelope,
        data: { ...envelope.data, taskToken: `token-${tokens}`, ...more },
      } as unknown as EnvelopeOf<(typeof orderSagaSteps)[typeof step]>;
    },
  };
}

/** A context that says nothing. */
export const CONTEXT = {
  receiveCount: 1,
  consumer: 'under-test',
  signal: new AbortController().signal,
  logger: {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    with: () => CONTEXT.logger,
  },
};
