/**
 * What the conformance suite asks of a transport: somewhere to publish, groups that consume, and what it claims. Each transport of
 * the runtime has one driver, made of the runtime's own publisher and reader.
 */
import type { SqsHandler } from '../../../lambda/runtime/consume.ts';
import type { Transport } from '../../../lambda/runtime/types.ts';

/** True: held and tested. False: shown not to hold. Text: it does not apply, and why. */
export type Claim = boolean | string;

/** What one transport has and another has not. What is not here is asked of all. */
export interface Claims {
  /** Members of a group share its events. */
  readonly sharesWork: Claim;
  /** What is published while nobody reads is there when somebody does. */
  readonly waitsForReaders: Claim;
  /** A group that is made later gets what was published before. */
  readonly lateGroupsSeeAll: Claim;
  /** An eventId that is sent again is delivered once, within `deduplicationWindow`. */
  readonly deduplicates: Claim;
  /** Events of one ordering key are handled in their order, failures included. */
  readonly ordersByKey: Claim;
  /** Events of one ordering key are handled one after the other, in their order as long as none fails for a while. */
  readonly oneAtATime: Claim;
  /** A key that fails, or takes its time, holds up nothing but itself. */
  readonly keysAreIndependent: Claim;
  /** How often an event may fail is counted by its own failures, not by those of its neighbours. */
  readonly countsFailuresByEvent: Claim;
  /** All events in their order, where it is asked for. */
  readonly ordersAll: Claim;
  /** The handler is told how often the event was delivered. */
  readonly countsDeliveries: Claim;
  /** What failed comes back after the backoff that the consumer declares, or a delay that was deployed. */
  readonly delaysRetries: Claim;
  /** What failed as often as it may is kept whole and with its reason. */
  readonly keepsGivenUp: Claim;
  /** What was given up goes back to its consumer by a call of this library or of the service. */
  readonly redrives: Claim;
  /** What was redriven says so to its handler. */
  readonly marksRedriven: Claim;
  /** A handler that takes longer than its lease is not run a second time meanwhile. */
  readonly keepsHidden: Claim;
  /** The reader is stopped by a call, and finishes what it began. */
  readonly stopsGracefully: Claim;
  /** What a process had in work when it was killed is handled by another one. */
  readonly survivesCrash: Claim;
}

export interface Costs {
  /** Bytes of the largest event, as JSON, or undefined where the runtime and the service set no limit. */
  readonly largestEvent: number | undefined;
  /** Seconds in which a repeated eventId is dropped; Infinity: for as long as the event is kept. */
  readonly deduplicationWindow: number | undefined;
  /** In words, for the document: how long what a killed process had in work waits. */
  readonly crash: string;
  /** In words: who reads, and how it was run. */
  readonly reader: string;
}

/** What a consumer of a test declares beside its handler, in the drivers' hands. */
export const MAX_RECEIVES = 3;

export interface TransportDriver {
  /** Also the name of its results. */
  readonly name: string;
  readonly claims: Claims;
  readonly costs: Costs;
  /** Cases that do not apply, and why. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** Milliseconds of the lease or visibility of members whose lease is short, and of those that a group has crash. */
  readonly leaseMilliseconds: number;
  start(): Promise<RunningTransport>;
}

export interface RunningTransport {
  /** Name and version of what it runs on. */
  readonly broker: string;
  /** A place of its own: nobody else publishes there. */
  channel(): Promise<Channel>;
  /** Milliseconds, by the clock that the transport's delays go by. */
  now(): number;
  /** Waits until it is so. Where the transport's clock is ours, time passes meanwhile. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets the window of deduplication end. Only where there is one that ends. */
  endDeduplication?(): Promise<void>;
  stop(): Promise<void>;
}

export interface GroupOptions {
  /** @default 'key' where the transport has that */
  readonly order?: 'total';
}

export interface Channel {
  readonly transport: Transport;
  /** Makes what a group needs: a queue, a subscription. Making it again changes nothing. */
  group(name: string, options?: GroupOptions): Promise<Group>;
  /** Ends members that still run. */
  close(): Promise<void>;
}

export interface Group {
  /** Starts a member. `consumer` is what `consume()` returned. */
  start(consumer: SqsHandler, options?: MemberOptions): Promise<Member>;
  /** What was given up, once it is so many. */
  deadLetters(count: number): Promise<readonly KeptEvent[]>;
  redrive(): Promise<void>;
  /** Has a member begin the first event, and kills it before it is done with it. */
  crash(): Promise<void>;
}

export interface MemberOptions {
  /** Events in work at a time. @default 10 */
  readonly concurrency?: number;
  /**
   * Short where its end is waited for, or a share of the work is.
   * @default - so long, where the time is the machine's, that a busy one does not lose it: nothing comes twice by that
   */
  readonly lease?: 'long' | 'short';
}

export interface Member {
  /** Milliseconds for what runs. Resolves with how many events were abandoned. */
  stop(within?: number): Promise<{ readonly abandoned: number }>;
}

export interface KeptEvent {
  readonly reason: string | undefined;
  /** Undefined where it is not told. */
  readonly receiveCount: number | undefined;
  readonly body: string;
}
