/** The history of alarms: what was configured, which states came, which actions ran and failed. */
import type { AwsContext } from '../context.ts';
import type { Alarm, AlarmState, HistoryItem } from './alarm-model.ts';
import { HISTORY_ITEMS, HISTORY_KEPT } from './limits.ts';

export interface AlarmHistory {
  configured(alarm: Alarm, change: 'created' | 'updated' | 'deleted'): void;
  changed(alarm: Alarm, previous: AlarmState): void;
  /** `error` is set when the action failed. */
  acted(alarm: Alarm, actionArn: string, error: string | undefined): void;
  /** Newest first. */
  items(): readonly HistoryItem[];
}

export function createAlarmHistory(context: AwsContext): AlarmHistory {
  const byAlarm = new Map<string, HistoryItem[]>();

  const add = (alarm: Alarm, type: HistoryItem['type'], summary: string, data: object): void => {
    let items = byAlarm.get(alarm.name);
    if (!items) byAlarm.set(alarm.name, (items = []));
    items.push({
      alarm: alarm.name,
      alarmType: alarm.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm',
      at: context.clock.now(),
      type,
      summary,
      data: JSON.stringify({ version: '1.0', ...data }),
    });
    if (items.length > HISTORY_ITEMS) items.shift();
  };

  return {
    configured(alarm, change) {
      const words = { created: 'Create', updated: 'Update', deleted: 'Delete' };
      add(alarm, 'ConfigurationUpdate', `Alarm "${alarm.name}" ${change}`, { type: words[change] });
    },
    changed(alarm, previous) {
      const shown = ({ value, reason, reasonData }: AlarmState) => ({
        stateValue: value,
        stateReason: reason,
        ...(reasonData !== undefined && { stateReasonData: JSON.parse(reasonData) as unknown }),
      });
      add(alarm, 'StateUpdate', `Alarm updated from ${previous.value} to ${alarm.state.value}`, {
        oldState: shown(previous),
        newState: shown(alarm.state),
      });
    },
    acted(alarm, actionArn, error) {
      const summary =
        error === undefined
          ? `Successfully executed action ${actionArn}`
          : `Failed to execute action ${actionArn}. Received error: "${error}"`;
      add(alarm, 'Action', summary, {
        actionState: error === undefined ? 'Succeeded' : 'Failed',
        stateUpdateTimestamp: alarm.state.updatedAt,
        notificationResource: actionArn,
        ...(error !== undefined && { error }),
      });
    },
    items() {
      const oldest = context.clock.now() - HISTORY_KEPT;
      return [...byAlarm.values()]
        .flat()
        .filter(({ at }) => at >= oldest)
        .toReversed()
        .toSorted((a, b) => b.at - a.at);
    },
  };
}
