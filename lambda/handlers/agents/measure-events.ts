/** Started by a schedule, every minute: how far agents and mirrors are behind the event store, for alarms. */
import { agentsService, logger } from '../../agents/environment.ts';
import { measureEvents } from '../../agents/measure.ts';
import { setting } from '../../service/setting.ts';

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING; RedisError; whatever the database threw */
export async function handler(): Promise<void> {
  const { pool } = await agentsService();
  await measureEvents({
    pool,
    logger,
    environment: setting('WAYBILL_ENVIRONMENT'),
    mirrors: (process.env['WAYBILL_MIRROR_TO'] ?? '').split(',').filter((name) => name !== ''),
  });
}
