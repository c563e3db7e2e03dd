/**
 * AWS/Events, told from what happens. What PutEvents counts, EventBridge puts itself.
 * "Monitoring Amazon EventBridge", eventbridge/latest/userguide/eb-monitoring.html
 */
import type { AwsContext, Happening } from '../../context.ts';
import type { MetricStore } from '../metric-store.ts';
import { createCounters } from './counters.ts';
import type { ServiceMetrics } from './index.ts';

export function eventsMetrics(context: AwsContext, store: MetricStore): ServiceMetrics {
  const counters = createCounters(store, 'AWS/Events');

  const count = ({ kind, resourceArn, detail, at }: Happening): void => {
    const dimensionSets = ruleDimensions(resourceArn);
    const put = (name: string, value = 1, unit = 'Count') => {
      for (const dimensions of dimensionSets) counters.put({ name, dimensions, value, unit, at });
    };
    const retries = Number(detail?.['retries'] ?? 0);
    if (kind === 'matched') {
      put('MatchedEvents');
      put('TriggeredRules');
    } else if (kind === 'dead-lettered') put('InvocationsSentToDlq');
    else if (kind === 'delivery-failed' && detail?.['deadLetter'] === true)
      put('InvocationsFailedToBeSentToDlq');
    else if (kind === 'delivered' || kind === 'delivery-failed') {
      put('Invocations');
      put('InvocationAttempts', retries + 1);
      if (retries > 0) put('RetryInvocationAttempts', retries);
      put(kind === 'delivered' ? 'SuccessfulInvocationAttempts' : 'FailedInvocations');
      // The first attempt starts when the event comes in.
      put('IngestionToInvocationStartLatency', 0, 'Milliseconds');
    }
  };

  return { close: context.events.observe(count, ['events']) };
}

/** `...:rule/NAME` on the default bus, `...:rule/BUS/NAME` on another; with the bus, and by the rule alone. */
function ruleDimensions(ruleArn: string): readonly Readonly<Record<string, string>>[] {
  const [kind, first = '', second] = ruleArn.slice(ruleArn.lastIndexOf(':') + 1).split('/');
  if (kind !== 'rule') return [];
  const [EventBusName, RuleName] = second === undefined ? ['default', first] : [first, second];
  return [{ EventBusName, RuleName }, { RuleName }];
}
