/** All that the outbox and the inbox need of a database library. */

/**
 * Anything that runs SQL with `$1` parameters: a `pg` client as it is, Prisma, Drizzle and Kysely with one line
 * (see docs/outbox.md). Every value given is a string or an array of strings.
 */
export interface Queryable {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}
