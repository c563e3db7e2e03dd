/** What `WaybillModule.forRoot()` takes. */
import type { ModuleMetadata } from '@nestjs/common';
import type { Pool } from 'pg';
import type { AnyEventContract } from '../lib/contracts/index.ts';
import type { PollOptions, StopOptions } from '../lambda/runtime/poll.ts';
import type { EventPublisher, Transport } from '../lambda/runtime/types.ts';

/** One queue that is read. */
export interface WaybillConsumerOptions extends PollOptions {
  /**
   * The events the queue holds. Each must have exactly one handler.
   * @default - the events that have a handler
   */
  readonly contracts?: readonly AnyEventContract[];
  /**
   * Makes each handler's effect happen once (D9): the handler runs inside a transaction of this pool that also
   * notes the event, and is given the transaction as its third argument. Needs the table `event_inbox`.
   * @default - an event that is delivered again is handled again
   */
  readonly inbox?: Pick<Pool, 'connect'>;
}

/** Options of all consumers; what an entry of `consumers` says itself goes first. */
export interface WaybillModuleOptions extends WaybillConsumerOptions {
  /**
   * The queues that are read. An empty list: the application only publishes.
   * @default - one consumer, made of the options beside this one
   */
  readonly consumers?: readonly WaybillConsumerOptions[];
  /**
   * The events that WaybillPublisher may publish.
   * @default - WaybillPublisher refuses every event
   */
  readonly publishes?: readonly AnyEventContract[];
  /**
   * Where WaybillPublisher sends: `snsTransport()`, `eventBridgeTransport()` and so on.
   * @default - the routes of WAYBILL_PUBLISH_ROUTES
   */
  readonly transport?: Transport;
  /**
   * Where the published events go, instead of `publishes` and `transport`. Handlers publish through it too.
   * @default - made of `publishes` and `transport`
   */
  readonly publisher?: EventPublisher;
  /**
   * How long a shutdown waits for running handlers.
   * @default { within: 20000 }
   */
  readonly shutdown?: StopOptions;
}

/** As Nest's own asynchronous modules have it. */
export interface WaybillModuleAsyncOptions<
  Dependencies extends readonly unknown[] = readonly never[],
> extends Pick<ModuleMetadata, 'imports'> {
  /** Injected into `useFactory`, in this order. */
  readonly inject?: readonly InjectedToken[];
  readonly useFactory: (
    ...dependencies: Dependencies
  ) => WaybillModuleOptions | Promise<WaybillModuleOptions>;
}

/** A class, an abstract class, a string or a symbol, as Nest's `inject` takes them. */
export type InjectedToken = string | symbol | (abstract new (...parameters: never[]) => unknown);
