/**
 * What became of rows that were sent, until it is marked so in the database: all that has come together meanwhile in one
 * statement of each kind. What could not be marked stays, and is marked the next time.
 */
import type { Pool } from 'pg';

import type { LaneTokens } from '../postgres/lane-leases.ts';
import type { Failure, OutboxRow, Retry } from './rows.ts';
import { finishPublished, finishQuarantined, finishRetries } from './rows.ts';
import type { ProcessResult } from './types.ts';

export interface UnmarkedOptions {
  readonly pool: Pool;
  readonly tokens: LaneTokens;
  /** Whether published rows are kept for a while. */
  readonly keep: boolean;
  /** Counts what was marked. */
  readonly result: ProcessResult;
}

export interface MarkListener {
  /** @param complete false when a lane had another owner, so that fewer rows were marked than given */
  marked(sequences: readonly number[], complete: boolean): void;
  /** The retries are stored. */
  retrying(retries: readonly Retry[]): void;
}

export class Unmarked {
  readonly #options: UnmarkedOptions;
  readonly #listener: MarkListener;
  /** Sequence numbers only: the events themselves may be forgotten. */
  #accepted: number[] = [];
  #retries: Retry[] = [];
  #quarantined: Failure[] = [];

  constructor(options: UnmarkedOptions, listener: MarkListener) {
    this.#options = options;
    this.#listener = listener;
  }

  get size(): number {
    return this.#accepted.length + this.#retries.length + this.#quarantined.length;
  }

  accepted(row: OutboxRow): void {
    this.#accepted.push(row.sequence);
  }

  failed(retry: Retry): void {
    this.#retries.push(retry);
  }

  quarantined(failure: Failure): void {
    this.#quarantined.push(failure);
  }

  /** @throws the database's error; what was marked before it stays marked, and the rest is kept here */
  async mark(): Promise<void> {
    await this.#markAccepted(this.#accepted.splice(0));
    await this.#markRetries(this.#retries.splice(0));
    await this.#markQuarantined(this.#quarantined.splice(0));
  }

  async #markAccepted(sequences: number[]): Promise<void> {
    if (sequences.length === 0) return;
    const { pool, tokens, keep, result } = this.#options;
    try {
      const marked = await finishPublished(pool, sequences, tokens, keep);
      result.published += marked;
      this.#listener.marked(sequences, marked === sequences.length);
    } catch (error) {
      this.#accepted.push(...sequences);
      throw error;
    }
  }

  async #markRetries(retries: Retry[]): Promise<void> {
    if (retries.length === 0) return;
    const { pool, tokens, result } = this.#options;
    try {
      const marked = await finishRetries(pool, retries, tokens);
      result.retried += marked;
      this.#listener.marked(sequencesOf(retries), marked === retries.length);
    } catch (error) {
      this.#retries.push(...retries);
      throw error;
    }
    this.#listener.retrying(retries);
  }

  async #markQuarantined(failures: Failure[]): Promise<void> {
    if (failures.length === 0) return;
    const { pool, tokens, result } = this.#options;
    try {
      const marked = await finishQuarantined(pool, failures, tokens);
      result.quarantined += marked;
      this.#listener.marked(sequencesOf(failures), marked === failures.length);
    } catch (error) {
      this.#quarantined.push(...failures);
      throw error;
    }
  }
}

function sequencesOf(failures: readonly Failure[]): number[] {
  return failures.map(({ row }) => row.sequence);
}
