/**
 * Started by a schedule, daily: partitions of the event store are made ahead and dropped, what was handled and what shadows
 * saw is forgotten in time, and cursors follow agents that are live elsewhere, so that they can come back.
 */
import { agentsService, logger } from '../../agents/environment.ts';
import { measuredConsumers } from '../../agents/measure.ts';
import { followElsewhere, purgeShadows } from '../../runtime/cutover/index.ts';
import type { MaintenanceReport } from '../../runtime/event-store/index.ts';
import { purgeInbox } from '../../runtime/inbox/index.ts';
import { numberSetting } from '../../service/setting.ts';

/** Seconds: what is compared is of the last days. */
const SHADOW_RETENTION = 14 * 86_400;

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID; EventStoreError */
export async function handler(): Promise<MaintenanceReport> {
  const retentionDays = numberSetting('WAYBILL_EVENT_RETENTION_DAYS');
  const { store, pool } = await agentsService();
  // Before partitions go: what was handled elsewhere keeps none.
  for (const { name, types } of measuredConsumers) await followElsewhere(pool, { consumer: name, types });
  const report = await store.maintain({ retentionDays });
  await purgeInbox(pool);
  await purgeShadows(pool, SHADOW_RETENTION);
  // A partition that nobody has read to the end grows the database, and somebody has to look.
  if (report.kept.length > 0) logger.warn('partitions are kept beyond their time', { kept: report.kept });
  return report;
}
