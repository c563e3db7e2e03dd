/** All that the outbox and the inbox need of a database library. */

/**
 * Anything that runs SQL with `$1` parameters: a `pg` client as it is, Prisma, Drizzle and Kysely with one line
 * (see docs/outbox.md). Every value given is a string or an array of strings.
 */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

/** A statement of `pg` that counts as lost after so long, for example on a connection that only seems open. */
export interface TimedQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly query_timeout: number;
}

export function timed(milliseconds: number, text: string, values: unknown[] = []): TimedQuery {
  return { text, values, query_timeout: milliseconds };
}
