/** What is refused before a consumer starts, in a real Nest application context; decorators applied as functions. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AnyEventContract, Envelope } from '../../lib/contracts/index.ts';
import { OnEvent, WaybillConsumers, WaybillModule, WaybillPublisher } from '../../nestjs/index.ts';
import type { WaybillModuleOptions } from '../../nestjs/index.ts';
import { loadPeer } from '../../nestjs/peers.ts';
import {
  capturedLog,
  fakeClient,
  OrderCancelled,
  OrderPlaced,
  orderPlaced,
} from '../lambda/runtime/fixtures.ts';

let application: INestApplicationContext | undefined;

afterEach(async () => {
  await application?.close();
  application = undefined;
});

/** A provider class whose methods are marked as `@OnEvent()` on them would do. */
function provider(
  marks: Readonly<Record<string, readonly AnyEventContract[]>>,
  call: (...given: readonly unknown[]) => unknown = () => undefined,
  consumer?: string,
): Type {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest's providers and modules are classes
  class Handlers {}
  for (const [name, contracts] of Object.entries(marks)) {
    const value = (...given: readonly unknown[]): void => void call(...given);
    Object.defineProperty(Handlers.prototype, name, { value, configurable: true });
    for (const contract of contracts) {
      OnEvent(contract, consumer === undefined ? {} : { consumer })(Handlers.prototype, name, { value });
    }
  }
  return Handlers;
}

/** A queue that gives these bodies once, then waits. */
function queueOf(bodies: readonly string[] = []) {
  const waiting = [...bodies];
  return fakeClient(async (name, _input, _call, options) => {
    if (name !== 'ReceiveMessage') return undefined;
    if (waiting.length === 0) {
      await new Promise((_resolve, reject) => {
        const abort = (): void => reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
        if (options?.abortSignal?.aborted === true) abort();
        options?.abortSignal?.addEventListener('abort', abort);
      });
    }
    return {
      Messages: waiting
        .splice(0)
        .map((Body, index) => ({ MessageId: `m${index}`, ReceiptHandle: `r${index}`, Body, Attributes: {} })),
    };
  });
}

const base = { consumer: 'shipping', queueUrl: 'https://sqs.x/1/shipping', logger: capturedLog().logger };

async function boot(
  options: WaybillModuleOptions,
  ...providers: readonly Type[]
): Promise<INestApplicationContext> {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest's providers and modules are classes
  class Root {}
  application = await NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [WaybillModule.forRoot({ ...base, client: queueOf(), ...options })],
      providers: [...providers],
    },
    { logger: false, abortOnError: false },
  );
  return application;
}

describe('WaybillModule', () => {
  test.each([
    [
      'a declared contract without a handler',
      { contracts: [OrderPlaced, OrderCancelled] },
      [provider({ place: [OrderPlaced] })],
      /WAYBILL_NEST_HANDLER_MISSING: consumer 'shipping' declares OrderCancelled and has no handler/,
    ],
    ['no handler at all', {}, [], /WAYBILL_NEST_HANDLER_MISSING: consumer 'shipping' has no handler at all/],
    [
      'two handlers of one contract',
      {},
      [provider({ one: [OrderPlaced] }), provider({ two: [OrderPlaced] })],
      /WAYBILL_NEST_HANDLER_TWICE: consumer 'shipping': both Handlers.one and Handlers.two handle OrderPlaced/,
    ],
    [
      'a handler of an event that no consumer declares',
      { contracts: [OrderPlaced] },
      [provider({ place: [OrderPlaced], cancel: [OrderCancelled] })],
      /WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER: Handlers.cancel handles OrderCancelled, which no consumer/,
    ],
    [
      'a handler for a consumer that is not there',
      { consumers: [] },
      [provider({ place: [OrderPlaced] }, undefined, 'search')],
      /WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER: .* consumer 'search' of WaybillModule declares \(consumers: none\)/,
    ],
    [
      'no queue URL',
      { queueUrl: '' },
      [provider({ place: [OrderPlaced] })],
      /WAYBILL_NEST_QUEUE_URL_MISSING: consumer 'shipping' has no `queueUrl`: .* set WAYBILL_QUEUE_URL/,
    ],
    [
      'a consumer without a name',
      { consumer: '' },
      [provider({ place: [OrderPlaced] })],
      /WAYBILL_NEST_QUEUE_URL_MISSING: consumers\[0\] of WaybillModule has no `consumer`/,
    ],
    [
      'two consumers of one name',
      { consumers: [{ queueUrl: 'https://sqs.x/1/a' }, { queueUrl: 'https://sqs.x/1/b' }] },
      [provider({ place: [OrderPlaced] })],
      /WAYBILL_NEST_CONSUMER_TWICE: two consumers of WaybillModule are called 'shipping'/,
    ],
  ])('%s is refused', async (_name, options, providers, expected) => {
    await expect(boot(options, ...providers)).rejects.toThrow(expected);
  });

  test('a handler of a request-scoped provider is refused', async () => {
    const scoped = provider({ place: [OrderPlaced] });
    Injectable({ scope: Scope.REQUEST })(scoped);

    await expect(boot({}, scoped)).rejects.toThrow(/WAYBILL_NEST_HANDLER_SCOPED: Handlers.place/);
  });

  test('a handler that takes a transaction needs an inbox', async () => {
    class Ledger {
      book(_event: Envelope, _context: unknown, _transaction: unknown): void {}
    }
    OnEvent(OrderPlaced)(Ledger.prototype, 'book', { value: Ledger.prototype.book });

    await expect(boot({}, Ledger)).rejects.toThrow(/WAYBILL_NEST_INBOX_MISSING: Ledger.book/);
  });

  test('@OnEvent as a standard decorator marks the method too', async () => {
    const calls: string[] = [];
    class Shop {
      place({ eventId }: Envelope): void {
        calls.push(eventId);
      }
    }
    OnEvent(OrderPlaced)(Shop.prototype.place, { kind: 'method', name: 'place' } as never);
    const event = orderPlaced('o1');
    await boot({ client: queueOf([JSON.stringify(event)]) }, Shop);
    while (calls.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(calls).toEqual([event.eventId]);
  });

  test('@OnEvent on a property is refused', () => {
    expect(() => OnEvent(OrderPlaced)({}, 'place', {})).toThrow(/WAYBILL_NEST_HANDLER_NO_METHOD/);
  });

  test('each event goes to its handler, with the provider as `this`; the status counts', async () => {
    const placed: string[] = [];
    const place = provider({ place: [OrderPlaced] }, (event) => placed.push((event as Envelope).eventId));
    const cancel = provider({ cancel: [OrderCancelled] }, () => {
      throw new Error('never');
    });
    const events = [orderPlaced('o1'), orderPlaced('o2')];
    const client = queueOf(events.map((event) => JSON.stringify(event)));
    const running = await boot({ client }, place, cancel);
    const consumers = running.get(WaybillConsumers);
    while ((consumers.status().consumers[0]?.handled ?? 0) < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));

    expect(placed.toSorted()).toEqual(events.map(({ eventId }) => eventId).toSorted());
    expect(consumers.status()).toMatchObject({
      status: 'up',
      consumers: [{ consumer: 'shipping', state: 'running', handled: 2, failed: 0, receiveFailures: 0 }],
    });
    await running.close();
    application = undefined;
    expect(consumers.status()).toMatchObject({ status: 'down', consumers: [{ state: 'stopped' }] });
  });

  test('receives that fail turn the status down', async () => {
    const client = fakeClient((name) => {
      if (name === 'ReceiveMessage') throw new Error('no network');
      return undefined;
    });
    const running = await boot({ client, random: () => 0 }, provider({ place: [OrderPlaced] }));
    const status = () => running.get(WaybillConsumers).status();
    while (status().consumers[0]!.receiveFailures < 3) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(status()).toMatchObject({ status: 'down', consumers: [{ state: 'failing' }] });
  });

  test('two queues with the same event: each has the handler that names it', async () => {
    const calls: string[] = [];
    const ship = provider({ ship: [OrderPlaced] }, () => calls.push('ship'), 'shipping');
    const index = provider({ index: [OrderPlaced] }, () => calls.push('index'), 'search');
    const consumers = ['shipping', 'search'].map((consumer) => ({
      consumer,
      queueUrl: `https://sqs.x/1/${consumer}`,
      client: queueOf([JSON.stringify(orderPlaced('o1'))]),
      contracts: [OrderPlaced],
    }));
    await boot({ consumers }, ship, index);
    while (calls.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(calls.toSorted()).toEqual(['index', 'ship']);
  });

  test('D9 with an inbox the handler runs in its transaction, and an event that was handled is passed over', async () => {
    const statements: string[] = [];
    const noted = new Set<unknown>();
    const inbox = {
      connect: async () => ({
        async query(text: string, values: readonly unknown[] = []) {
          statements.push(text.split(' ')[0]!);
          const isNew = text.startsWith('insert') && !noted.has(values[1]);
          if (isNew) noted.add(values[1]);
          return { rows: isNew ? [{}] : [] };
        },
        on: () => undefined,
        off: () => undefined,
        release: () => undefined,
      }),
    } as never;
    const transactions: unknown[] = [];
    const place = provider({ place: [OrderPlaced] }, (_event, _context, transaction) =>
      transactions.push(transaction),
    );
    const body = JSON.stringify(orderPlaced('o1'));
    const running = await boot({ inbox, client: queueOf([body, body]) }, place);
    while (running.get(WaybillConsumers).status().consumers[0]!.handled < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));

    expect(transactions).toEqual([expect.objectContaining({ release: expect.any(Function) })]);
    expect(statements.filter((word) => word === 'commit')).toHaveLength(2);
  });

  test('an application that only publishes has no consumer; a publisher without events says what to do', async () => {
    const running = await boot({ consumers: [] });

    expect(running.get(WaybillConsumers).status()).toEqual({ status: 'up', consumers: [] });
    await expect(
      running.get(WaybillPublisher).publish(OrderPlaced, {
        tenantId: 'acme',
        data: { orderId: 'o1', customerId: 'c1' },
      }),
    ).rejects.toThrow('give WaybillModule.forRoot() `publishes: [OrderPlaced]`');
  });

  test('a peer that is not installed is named, with how to get it', async () => {
    const missing = Object.assign(
      new Error("Cannot find package '@nestjs/websockets' imported from /app/x.js"),
      { code: 'ERR_MODULE_NOT_FOUND' },
    );

    await expect(loadPeer('WaybillNotificationsModule', () => Promise.reject(missing))).rejects.toThrow(
      "WAYBILL_NEST_PEER_MISSING: WaybillNotificationsModule needs the package '@nestjs/websockets', which is not installed: npm install @nestjs/websockets",
    );
    await expect(loadPeer('x', () => Promise.reject(new Error('other')))).rejects.toThrow('other');
  });
});
