/** Started by a schedule, every minute: measures how far agents and mirrors are behind the record. */
import { agentsService, logger } from '../../agents/environment.ts';
import { measureConsumers, tellMeasured } from '../../agents/measure.ts';
import { mirrorTargets } from '../../agents/process-settings.ts';
import { setting } from '../../service/setting.ts';

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID; EventStoreError, RedisError */
export async function handler(): Promise<void> {
  const measured = await measureConsumers(await agentsService(), mirrorTargets(process.env));
  tellMeasured(logger, setting('WAYBILL_ENVIRONMENT'), measured);
}
