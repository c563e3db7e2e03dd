/** What a generation run left: rows, events, effects, and the notes of each user in the push table. */
import type { Topology } from '../../../lib/topology/index.ts';
import { measure, outboxEvents } from '../measure.ts';
import type { Measurement, QueryDatabase } from '../measure.ts';

/** The PostgreSQL schema of the generation system. */
export const GENERATION_SCHEMA = 'generation';
/** Its effects are in the push table. */
const NOTIFIER = 'generation-notifier';

export interface GenerationRow {
  readonly generationId: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly status: string;
}

/** An event that tells a user how a generation stands. */
export interface ToldEvent {
  readonly eventId: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly generationId: string;
  readonly status: string;
}

export interface Note {
  readonly cursor: number;
  readonly id: string;
}

/** Of one user, by cursor. */
export type NotesByUser = ReadonlyMap<string, readonly Note[]>;

export interface GenerationMeasure {
  readonly measured: Measurement;
  readonly rows: readonly GenerationRow[];
  /** In the order of writing. */
  readonly told: readonly ToldEvent[];
  readonly notes: NotesByUser;
}

export interface TableItem {
  readonly [name: string]: { readonly S?: string; readonly N?: string } | undefined;
}

export async function measureGenerations(
  database: QueryDatabase,
  topology: Topology,
  pushTable: readonly TableItem[],
): Promise<GenerationMeasure> {
  const [measured, events, { rows }] = await Promise.all([
    measure(database, topology, {
      schema: GENERATION_SCHEMA,
      isMeasured: (consumer) => consumer !== NOTIFIER,
    }),
    outboxEvents(database, GENERATION_SCHEMA),
    database.query(
      `select generation_id as "generationId", tenant_id as "tenantId", user_id as "userId", status
         from ${GENERATION_SCHEMA}.generation order by created_at`,
      [],
    ),
  ]);
  const told = events
    .filter(({ eventType }) => eventType === 'GenerationComplete')
    .map(({ eventId, tenantId, data }) => ({
      eventId,
      tenantId,
      userId: String(data['userId']),
      generationId: String(data['generationId']),
      status: String(data['status']),
    }));
  return { measured, rows: rows as GenerationRow[], told, notes: notesOf(pushTable) };
}

export const keyOf = ({ tenantId, userId }: { readonly tenantId: string; readonly userId: string }): string =>
  `USER#${tenantId}#${userId}`;

export function notesOf(items: readonly TableItem[]): NotesByUser {
  const notes = new Map<string, Note[]>();
  for (const { pk, sk, cursor, id } of items) {
    if (pk?.S === undefined || sk?.S?.startsWith('NOTE#') !== true) continue;
    const own = notes.get(pk.S) ?? [];
    notes.set(pk.S, own);
    own.push({ cursor: Number(cursor?.N), id: id?.S ?? '' });
  }
  for (const own of notes.values()) own.sort((one, other) => one.cursor - other.cursor);
  return notes;
}

/** Generations that have not ended. */
export async function pendingGenerations(database: QueryDatabase): Promise<number> {
  const { rows } = await database.query(
    `select count(*) as pending from ${GENERATION_SCHEMA}.generation where status = 'PENDING'`,
    [],
  );
  return Number((rows[0] as { readonly pending: string }).pending);
}

/**
 * Lets half an hour and more pass for the generations whose provider says nothing: the clock of the run jumps over it,
 * PostgreSQL's does not.
 */
export async function ageSilentGenerations(database: QueryDatabase): Promise<void> {
  await database.query(
    `update ${GENERATION_SCHEMA}.generation
        set created_at = created_at - interval '2 hours', updated_at = updated_at - interval '2 hours'
      where status = 'PENDING' and acknowledged_at is not null and prompt like '%#silent%'
        and updated_at > now() - interval '1 hour'`,
    [],
  );
}
