/** Started by a schedule, every minute: measures how far agents and mirrors are behind the record. */
import { agentsService, logger } from '../../agents/environment.ts';
import { measureConsumers, tellMeasured } from '../../agents/measure.ts';
import { mirrorTargets } from '../../agents/process-settings.ts';
import { logEventMetrics } from '../../runtime/event-store/metrics/index.ts';
import { setting } from '../../service/setting.ts';

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID; EventStoreError, RedisError */
export async function handler(): Promise<void> {
  const environment = setting('WAYBILL_ENVIRONMENT');
  const measured = await measureConsumers(await agentsService(), mirrorTargets(process.env), (metrics) =>
    logEventMetrics(logger, metrics, { Environment: environment }),
  );
  tellMeasured(logger, environment, measured);
}
