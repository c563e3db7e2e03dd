/** What the worker needs of whoever runs the models. A provider knows no queue, no table and no tenant. */
import type { JobModel, JobParameters, JobResult } from '../../../catalog/jobs/index.ts';

export interface ModelRequest {
  readonly jobId: string;
  /** 1 the first time. */
  readonly attempt: number;
  readonly model: JobModel;
  readonly prompt: string;
  readonly parameters: JobParameters;
}

export interface ModelCall {
  /** Aborted when the job was cancelled, lost or out of time: the provider stops and throws. */
  readonly signal: AbortSignal;
  /** @param percent 0 to 100; less than before is of no effect */
  onProgress(percent: number): void;
}

export interface ModelProvider {
  /**
   * What it answers is checked before it is believed.
   * @throws ModelError, or any other error, which counts as one that may be tried again
   */
  run(request: ModelRequest, call: ModelCall): Promise<JobResult>;
}

/** The model gave no answer. */
export class ModelError extends Error {
  /** Stable; the job's owner sees it. */
  readonly code: string;
  /** False where the same request would fail again. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable: boolean } & ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
    this.retryable = options.retryable;
  }
}
