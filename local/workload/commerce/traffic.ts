/**
 * Traffic of two classes for the load test, written as the services write it: stock movements in bulk, alerts one by
 * one. Each comes from a thread of its own, as in AWS its writers are functions of their own: neither the other class nor
 * a turn of the embedded AWS's event loop is part of its commits.
 */
import { Worker } from 'node:worker_threads';

export interface TrafficOptions {
  readonly databaseUrl: string;
  readonly endpoint: string;
  readonly region: string;
  readonly nudgeQueueUrl: string;
  readonly priorityQueueUrl: string;
}

/** How an alert came into its queue. Milliseconds since the epoch. */
export interface SentAlert {
  readonly eventId: string;
  /** Its transaction began. */
  readonly begunAt: number;
  readonly committedAt: number;
  /** The queue has answered its writer. */
  readonly acceptedAt: number;
}

export interface TrafficPhase {
  /** Business events. */
  readonly perSecond: number;
  readonly alertsPerSecond: number;
  readonly seconds: number;
}

export interface Written {
  /** Of the business events. */
  readonly eventIds: readonly string[];
  readonly alerts: readonly SentAlert[];
  /** From the first write to the answer to the last one. */
  readonly tookSeconds: number;
}

export interface Traffic {
  /** Open loop: what is due is written whether or not the last write was answered. Ends early when it is stopped. */
  phase(phase: TrafficPhase): Promise<Written>;
  stop(): void;
  close(): Promise<void>;
}

/** What a thread is given at its start. */
export interface ThreadOptions extends TrafficOptions {
  readonly niceness: number;
}

/** As a function that writes such events would have in the local run: see `yieldCores`. */
const BUSINESS_NICENESS = 5;

/** To the thread. */
export type TrafficCommand =
  | { readonly kind: 'phase'; readonly phase: TrafficPhase }
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' };
/** From the thread. */
export type TrafficAnswer = { readonly written: Written } | { readonly error: string };

export function openTraffic(options: TrafficOptions): Traffic {
  const [business, high] = [
    startThread({ ...options, niceness: BUSINESS_NICENESS }),
    startThread({ ...options, niceness: 0 }),
  ];
  const both = [business, high];
  return {
    async phase(phase) {
      const [written, raised] = await Promise.all([
        business.phase({ ...phase, alertsPerSecond: 0 }),
        high.phase({ ...phase, perSecond: 0 }),
      ]);
      return { ...written, alerts: raised.alerts };
    },
    stop() {
      for (const one of both) one.stop();
    },
    async close() {
      await Promise.all(both.map((one) => one.close()));
    },
  };
}

function startThread(options: ThreadOptions): Traffic {
  const worker = new Worker(new URL('./traffic-thread.ts', import.meta.url), {
    workerData: options,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let waiting: PromiseWithResolvers<Written> | undefined;
  worker.on('message', (answer: TrafficAnswer) => {
    if ('written' in answer) waiting?.resolve(answer.written);
    else waiting?.reject(new Error(`the traffic of the load test failed: ${answer.error}`));
  });
  worker.on('error', (error) => waiting?.reject(error));
  const tell = (command: TrafficCommand): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    worker.postMessage(command);
  };
  return {
    phase(phase) {
      waiting = Promise.withResolvers();
      tell({ kind: 'phase', phase });
      return waiting.promise;
    },
    stop: () => tell({ kind: 'stop' }),
    async close() {
      tell({ kind: 'close' });
      await exited;
    },
  };
}
