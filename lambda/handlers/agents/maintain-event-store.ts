/** Started by a schedule, daily: partitions of the event store are made ahead and dropped, and the inbox forgets. */
import { agentsService, logger } from '../../agents/environment.ts';
import type { MaintenanceReport } from '../../runtime/event-store/index.ts';
import { purgeInbox } from '../../runtime/inbox/index.ts';
import { numberSetting } from '../../service/setting.ts';

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID; EventStoreError */
export async function handler(): Promise<MaintenanceReport & { readonly forgotten: number }> {
  const retentionDays = numberSetting('WAYBILL_EVENT_RETENTION_DAYS');
  const { store, pool } = await agentsService();
  const report = await store.maintain({ retentionDays });
  // A partition that nobody has read to the end grows the database, and somebody has to look.
  if (report.kept.length > 0) logger.warn('partitions are kept beyond their time', { kept: report.kept });
  return { ...report, forgotten: await purgeInbox(pool) };
}
