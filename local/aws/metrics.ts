/** The measurements that services publish about themselves, as they happen. CloudWatch listens. */

/** One measurement, in CloudWatch's words. */
export interface MetricSample {
  /** E.g. `AWS/SQS`. */
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  /**
   * One of CloudWatch's units.
   * @default - Count
   */
  readonly unit?: string;
  /**
   * Milliseconds since the epoch.
   * @default - now
   */
  readonly at?: number;
  /** Kept by the second rather than by the minute. */
  readonly highResolution?: boolean;
}

export interface Metrics {
  /** Does nothing while nobody observes. */
  put(sample: MetricSample): void;
  /** Adds a listener; the returned function removes it. */
  observe(listener: (sample: MetricSample) => void): () => void;
}

/** Measurements that nobody listens to yet. */
export function createMetrics(): Metrics {
  const listeners = new Set<(sample: MetricSample) => void>();
  return {
    put(sample) {
      for (const listener of listeners) listener(sample);
    },
    observe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
