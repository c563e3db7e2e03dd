/**
 * Suppressed actions of composite alarms: held back while the suppressor is in ALARM, waited for before that,
 * and for a while after.
 * "Alarm suppression", AmazonCloudWatch/latest/monitoring/alarm-suppression.html
 */
import { NOT_SUPPRESSED, type AlarmState, type CompositeAlarm, type StateValue } from './alarm-model.ts';

type StateOf = (name: string) => StateValue | undefined;

/** The alarm came to a new state: true when its actions are held back. */
export function suppress(
  alarm: CompositeAlarm,
  previous: AlarmState,
  stateOf: StateOf,
  now: number,
): boolean {
  const { suppressor, suppression } = alarm;
  if (!suppressor) return false;
  const pendingFrom = suppression.pendingFrom ?? previous.value;
  if (stateOf(suppressor.alarm) === 'ALARM') {
    alarm.suppression = held('Alarm', pendingFrom, undefined, suppressor.alarm);
    return true;
  }
  if (suppression.by === 'ExtensionPeriod') {
    alarm.suppression = { ...suppression, pendingFrom };
    return true;
  }
  // Only the way into ALARM waits for the suppressor.
  if (alarm.state.value !== 'ALARM' || suppressor.waitSeconds === 0) {
    alarm.suppression = NOT_SUPPRESSED;
    return false;
  }
  alarm.suppression = held('WaitPeriod', pendingFrom, now + suppressor.waitSeconds * 1000, suppressor.alarm);
  return true;
}

/** Moves on with time and with the suppressor. Returns the state before when held back actions are due now. */
export function suppressedNow(alarm: CompositeAlarm, stateOf: StateOf, now: number): StateValue | undefined {
  const { suppressor, suppression } = alarm;
  if (!suppressor) return undefined;
  const { by, pendingFrom, until } = suppression;
  const suppressing = stateOf(suppressor.alarm) === 'ALARM';
  if (suppressing) {
    if (by !== undefined) alarm.suppression = held('Alarm', pendingFrom, undefined, suppressor.alarm);
    return undefined;
  }
  if (by === 'Alarm') {
    const end = now + suppressor.extensionSeconds * 1000;
    alarm.suppression = held('ExtensionPeriod', pendingFrom, end, suppressor.alarm);
    if (suppressor.extensionSeconds > 0) return undefined;
  } else if (by === undefined || now < (until ?? 0)) {
    return undefined;
  }
  alarm.suppression = NOT_SUPPRESSED;
  return pendingFrom === alarm.state.value ? undefined : pendingFrom;
}

function held(
  by: 'WaitPeriod' | 'ExtensionPeriod' | 'Alarm',
  pendingFrom: StateValue | undefined,
  until: number | undefined,
  suppressor: string,
): CompositeAlarm['suppression'] {
  const reason =
    by === 'Alarm'
      ? `Actions suppressed by ${suppressor}, which is in ALARM`
      : `Actions suppressed by the ${by === 'WaitPeriod' ? 'wait' : 'extension'} period of ${suppressor}`;
  return { by, reason, pendingFrom, until };
}
