/** AWS/Scheduler, told from what happens. "Monitoring EventBridge Scheduler", scheduler/latest/UserGuide/monitoring-cloudwatch.html */
import type { AwsContext, Happening } from '../../context.ts';
import type { MetricStore } from '../metric-store.ts';
import { createCounters } from './counters.ts';
import type { ServiceMetrics } from './index.ts';

export function schedulerMetrics(context: AwsContext, store: MetricStore): ServiceMetrics {
  const counters = createCounters(store, 'AWS/Scheduler');

  const count = ({ kind, resourceArn, detail, at }: Happening): void => {
    // `arn:aws:scheduler:REGION:ACCOUNT:schedule/GROUP/NAME`
    const dimensions = { ScheduleGroup: resourceArn.split('/')[1] ?? 'default' };
    const put = (name: string, value = 1) => counters.put({ name, dimensions, value, unit: 'Count', at });
    const retries = Number(detail?.['retries'] ?? 0);
    if (kind === 'dead-lettered') put('InvocationsSentToDeadLetterCount');
    else if (kind === 'delivery-failed' && detail?.['deadLetter'] === true) {
      put('InvocationsFailedToBeSentToDeadLetterCount');
      put(`InvocationsFailedToBeSentToDeadLetterCount_${detail['errorCode'] ?? 'Unknown'}`);
    } else if (kind === 'delivered' || kind === 'delivery-failed') {
      const errors = kind === 'delivered' ? retries : retries + 1;
      put('InvocationAttemptCount', retries + 1);
      if (errors > 0) put('TargetErrorCount', errors);
      if (kind === 'delivery-failed') put('InvocationDroppedCount');
    }
  };

  return { close: context.events.observe(count, ['scheduler']) };
}
