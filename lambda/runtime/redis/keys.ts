/**
 * Names of what a stream keeps in Redis. A stream is so many partitions. All keys of a partition have one hash tag, so that a
 * script may change them together, and partitions spread over the nodes of a cluster.
 */
import { createHash } from 'node:crypto';

export interface StreamName {
  /** For example `orders`: a service's events, or whatever is published together. */
  readonly stream: string;
  /**
   * Put before the names of all keys.
   * @default 'waybill'
   */
  readonly prefix?: string;
}

/** The keys of one partition of a stream. */
export interface PartitionKeys {
  readonly partition: number;
  /** For logs and message ids: `orders/3`. */
  readonly name: string;
  readonly stream: string;
  /** Sorted set: eventIds of the last minutes, by the time of their publishing. */
  readonly published: string;
  /** Sorted set: entries of a group that wait for their next try, by the time it is due. */
  delayed(group: string): string;
  /** Hash: who reads the partition for a group that keeps an order. */
  lease(group: string): string;
  /** Stream: what a group gave up. */
  dead(group: string): string;
}

export const DEFAULT_PREFIX = 'waybill';
export const MAX_PARTITIONS = 1_000;

export function partitionKeys(
  { stream, prefix = DEFAULT_PREFIX }: StreamName,
  partition: number,
): PartitionKeys {
  const name = `${stream}/${partition}`;
  const base = `${prefix}:{${name}}`;
  return {
    partition,
    name,
    stream: base,
    published: `${base}:published`,
    delayed: (group) => `${base}:delayed:${group}`,
    lease: (group) => `${base}:lease:${group}`,
    dead: (group) => `${base}:dead:${group}`,
  };
}

export function allPartitions(name: StreamName, partitions: number): PartitionKeys[] {
  return Array.from({ length: partitions }, (_, partition) => partitionKeys(name, partition));
}

/** Hash: what all who use the stream have to agree on. */
export function settingsKey({ stream, prefix = DEFAULT_PREFIX }: StreamName): string {
  return `${prefix}:{${stream}}:settings`;
}

/** Sorted set: the readers of a group that keeps an order, by the time of their last sign of life. */
export function membersKey({ stream, prefix = DEFAULT_PREFIX }: StreamName, group: string): string {
  return `${prefix}:{${stream}}:members:${group}`;
}

/** The same in every process and release: what is in a stream was placed by it. */
export function partitionOf(orderingKey: string, partitions: number): number {
  if (partitions === 1) return 0;
  return createHash('sha256').update(orderingKey).digest().readUInt32BE(0) % partitions;
}

/** A name may not hold what ends or begins a hash tag. */
export function isStreamName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/.test(name);
}
