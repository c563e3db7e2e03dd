/**
 * Keys of data subjects: one customer, one key. Without its key nothing of the customer can be opened any more,
 * wherever copies of the events are: archives, dead letters, logs of the broker, backups of other systems.
 */
import { randomBytes } from 'node:crypto';
import type { Queryable } from '../postgres/query.ts';

export interface SubjectKeys {
  /**
   * The key of a subject, made where there is none. Null: the subject was erased.
   * @param tx the transaction of the writer, so that its connection is the only one that is needed
   */
  sealingKey(tenantId: string, subjectId: string, tx?: Queryable): Promise<Buffer | null>;
  /** Null: the subject was erased, or never had a key. */
  openingKey(tenantId: string, subjectId: string): Promise<Buffer | null>;
}

export interface PostgresSubjectKeysProps {
  readonly pool: Queryable;
  /**
   * Seconds that a process remembers a key: the longest that an erased subject stays readable.
   * @default 60
   */
  readonly rememberSeconds?: number;
  /** For tests. @default - the system's */
  readonly now?: () => number;
}

/** For the migrations of whoever seals. */
export const subjectKeyTable = `
create table sealing_subject_key (
  tenant_id text not null,
  subject_id text not null,
  -- 32 random bytes. Null: erased, for good.
  key bytea check (octet_length(key) = 32),
  created_at timestamptz not null default clock_timestamp(),
  erased_at timestamptz,
  primary key (tenant_id, subject_id)
);
`;

const DEFAULT_REMEMBER_SECONDS = 60;
const KEPT_KEYS = 10_000;

export function postgresSubjectKeys({ pool, ...props }: PostgresSubjectKeysProps): SubjectKeys {
  const now = props.now ?? Date.now;
  const remember = (props.rememberSeconds ?? DEFAULT_REMEMBER_SECONDS) * 1000;
  const kept = new Map<string, { readonly key: Buffer | null; readonly until: number }>();

  const find = async (name: string, query: Queryable, values: readonly string[]) => {
    const known = kept.get(name);
    if (known !== undefined && known.until > now()) return known.key;
    kept.delete(name);
    const { rows } = await query.query(SELECT, [...values]);
    const row = rows[0] as { key: Buffer | null } | undefined;
    if (row === undefined) return undefined;
    if (kept.size >= KEPT_KEYS) kept.delete(kept.keys().next().value!);
    kept.set(name, { key: row.key, until: now() + remember });
    return row.key;
  };

  return {
    async sealingKey(tenantId, subjectId, tx = pool) {
      const values = [tenantId, subjectId];
      const found = await find(nameOf(values), tx, values);
      if (found !== undefined) return found;
      // A new key is not remembered: the transaction that made it may still be rolled back.
      const { rows } = await tx.query(INSERT, [...values, randomBytes(32).toString('hex')]);
      return (rows[0] as { key: Buffer | null }).key;
    },
    async openingKey(tenantId, subjectId) {
      const values = [tenantId, subjectId];
      return (await find(nameOf(values), pool, values)) ?? null;
    },
  };
}

/**
 * Erases a subject: its key is destroyed, and none is made again. What other processes remember of the key is
 * forgotten within `rememberSeconds`; what a backup of this database holds, when the backup is gone.
 */
export async function eraseSubject(tx: Queryable, tenantId: string, subjectId: string): Promise<void> {
  await tx.query(ERASE, [tenantId, subjectId]);
}

const nameOf = (values: readonly string[]): string => JSON.stringify(values);

const SELECT = 'select key from sealing_subject_key where tenant_id = $1 and subject_id = $2';

// The update changes nothing; it makes the row that another transaction has just inserted come back.
const INSERT = `
insert into sealing_subject_key (tenant_id, subject_id, key) values ($1, $2, decode($3, 'hex'))
on conflict (tenant_id, subject_id) do update set tenant_id = excluded.tenant_id
returning key`;

const ERASE = `
insert into sealing_subject_key (tenant_id, subject_id, key, erased_at) values ($1, $2, null, clock_timestamp())
on conflict (tenant_id, subject_id) do update
  set key = null, erased_at = coalesce(sealing_subject_key.erased_at, clock_timestamp())`;
