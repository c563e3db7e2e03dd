/** What the local run has to know of a system that it feeds and judges: `npm start -- --system NAME`. */
import type { RaisedAlarm } from '../alarms.ts';
import type { Consumer } from '../consumers.ts';
import type { DeadLetter } from '../dead-letters.ts';
import type { DeniedCall } from '../denials.ts';
import type { LocalRun } from '../local-run.ts';

export interface RunnableSystem {
  readonly name: string;
  /** What is counted: the name of the option that says how many, such as `events`. */
  readonly unit: string;
  /** How many one `--once` run feeds unless told otherwise. */
  readonly defaultCount: number;
  /** A second, in a `--once` run: brisk, and below what two cores take, so that delays are the system's and not a queue's. */
  readonly feedRate: number;
  /** A second, while it is only watched. */
  readonly watchedRate: number;
  /**
   * The region that takes over when a chaos run loses the first one.
   * @default - it loses none
   */
  readonly standbyRegion?: string;
  /** Whether its templates have Kafka or RabbitMQ: `--brokers` says which these are. */
  readonly hasBrokers: boolean;
  /**
   * Transports that its consumers can get their events by, and move between: what `--transport` and `--migrate` name.
   * @default - it has no choice
   */
  readonly transports?: readonly string[];
  /**
   * Context of the synth for consumers that go this way.
   * @default - none
   */
  contextOf?(route: readonly string[]): Readonly<Record<string, string>>;
  /** Milliseconds in which no message may be done before a `--once` run that is not quiet is given up. */
  readonly quietTimeoutMs: number;
  /** What only this system has, for the banner: a label of at most twelve characters, and a text. */
  banner(run: LocalRun): readonly (readonly [label: string, text: string])[];
  /**
   * A page that shows the system at work, open while it is watched.
   * @default - it has none
   */
  openPage?(run: LocalRun): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** Makes AWS fail in all the ways in which it may. */
  injectChaos(run: LocalRun): void;
  /** What besides queues and functions goes on, or waits for its time. */
  activity(run: LocalRun): Promise<Activity>;
  /**
   * What was done so far besides messages of queues: a run that still does something is not given up.
   * @default - only messages count
   */
  progress?(run: LocalRun): number;
  /**
   * What the live view shows of a system whose consumers are not all behind queues, as last seen: called many times a second.
   * @default - its queues, and what topics, buses and streams took
   */
  seen?(run: LocalRun): Seen;
  /** @throws when the system's API refuses the set-up */
  createFeed(run: LocalRun, options: FeedOptions): Promise<Feed>;
}

export interface Activity {
  /** What runs now. */
  readonly running: readonly string[];
  /** What waits for a time to come. */
  readonly waiting: readonly string[];
  /** What readers of streams have before them: it runs while it changes, and waits when it has not changed for a while. */
  readonly reading?: readonly string[];
}

export interface Seen {
  /** Events that were published so far. */
  readonly published: number;
  readonly consumers: readonly {
    readonly name: string;
    /** What it is live on, beside its name. */
    readonly transport: string;
    readonly done: number;
    /** Events that it has still to handle, wherever they are. */
    readonly waiting: number;
    /** Given up elsewhere than in its queue. */
    readonly deadLetters: number;
  }[];
}

export interface FeedOptions {
  readonly seed: number;
  /** Poisons what may be poisoned. */
  readonly chaos: boolean;
  /**
   * Transports by which the consumers get their events, one after the other: they move while they are fed.
   * @default - they stay where the environment has them
   */
  readonly route?: readonly string[] | undefined;
  /** Stops what is being sent. */
  readonly signal: AbortSignal;
  /** Called with what people should see while it is fed. */
  readonly note?: (text: string) => void;
}

/** The workload of one run. */
export interface Feed {
  run(options: FeedRun): Promise<void>;
  /** Once the run is quiet: what was, against what should have been. */
  judge(observed: Observed): Promise<Judgement>;
  close(): Promise<void>;
}

export interface FeedRun {
  /** Infinity until the signal. */
  readonly count: number;
  readonly perSecond: number;
}

/** What every run is judged by, whatever its system. */
export interface Observed {
  readonly consumers: readonly Consumer[];
  readonly deadLetters: readonly DeadLetter[];
  readonly denials: readonly DeniedCall[];
  readonly alarms: readonly RaisedAlarm[];
  /** Receives beyond the first of a message. */
  readonly retried: number;
  readonly seconds: number;
  /** What still ran when the time was up. */
  readonly waitingFor: readonly string[];
}

export interface Judgement {
  /** For scripts: what `--json` prints. */
  readonly report: object;
  /** For people, in one line. */
  readonly summary: string;
  /** Every reason why the run is not a success, in words; empty when it is one. */
  readonly failures: readonly string[];
}
