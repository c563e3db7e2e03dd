/** One transaction on a connection of its own. */
import type { Pool, PoolClient } from 'pg';

/**
 * Commits when `work` resolves, rolls back when it rejects. `afterCommit` runs once the transaction is
 * durable: the place for an outbox's nudge. Its failure is no failure of the transaction, so it must not reject.
 *
 * @example
 * await inTransaction(pool, async (tx) => {
 *   await tx.query('insert into project (project_id, name) values ($1, $2)', [projectId, name]);
 *   await outbox.enqueue(tx, [created]);
 * }, outbox.nudge);
 *
 * @throws whatever `work` or the database threw; nothing is stored then
 */
export async function inTransaction<Result>(
  pool: Pick<Pool, 'connect'>,
  work: (tx: PoolClient) => Promise<Result>,
  afterCommit?: () => Promise<void>,
): Promise<Result> {
  const client = await pool.connect();
  // Between two statements nobody waits for the connection: without a listener one that breaks then ends the process.
  // The next statement rejects.
  client.on('error', broken);
  let result: Result;
  try {
    await client.query('begin');
    result = await work(client);
    await client.query('commit');
  } catch (error) {
    await rollBack(client);
    throw error;
  }
  client.off('error', broken);
  client.release();
  await afterCommit?.();
  return result;
}

const broken = (): void => undefined;

async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback');
    client.off('error', broken);
    client.release();
  } catch (error) {
    // A connection in an unknown state must not be handed to the next caller.
    client.release(error as Error);
  }
}
