/** A table: its settings, which outlive the process when a state directory is given, and its items. */
import type { IndexDefinition, ItemStore } from './item-store.ts';
import type { KeySchema, KeyType, StreamViewType } from './model.ts';

export interface Throughput {
  readonly read: number;
  readonly write: number;
}

export interface IndexSettings extends IndexDefinition {
  /** Of a global index of a provisioned table. */
  readonly throughput?: Throughput;
}

/** Everything about a table but its items. Replaced as a whole when something changes. */
export interface TableSettings {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly attributes: Readonly<Record<string, KeyType>>;
  readonly keySchema: KeySchema;
  readonly indexes: readonly IndexSettings[];
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  /** When the table was last switched to on-demand. */
  readonly onDemandSince?: number;
  readonly throughput: Throughput;
  readonly onDemandThroughput?: Readonly<Record<string, unknown>>;
  readonly stream?: { readonly arn: string; readonly label: string; readonly viewType: StreamViewType };
  /** The last stream, also when it is off now. */
  readonly latestStream?: { readonly arn: string; readonly label: string };
  readonly deletionProtection: boolean;
  readonly tableClass?: string;
  readonly encryption?: { readonly keyArn: string; readonly type: 'KMS' };
  readonly timeToLive?: { readonly attribute: string; readonly enabled: boolean };
  /** Names of the other regions that have a replica. */
  readonly replicas?: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Set while point-in-time recovery is on. */
  readonly recoverySince?: number;
  readonly recoveryDays?: number;
  readonly policy?: { readonly document: string; readonly revision: string };
}

export interface Table {
  settings: TableSettings;
  readonly items: ItemStore;
}

export function indexOf(table: Table, name: string): IndexSettings | undefined {
  return table.settings.indexes.find((index) => index.name === name);
}

export function hasLocalIndexes({ settings }: Table): boolean {
  return settings.indexes.some(({ kind }) => kind === 'local');
}
