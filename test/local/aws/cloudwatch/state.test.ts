import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openStateStore } from '../../../../local/aws/state/index.ts';
import { ALARM, MINUTE, watched } from './harness.ts';

test('alarms with their state, dashboards and log groups with their filters outlive the process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-cloudwatch-'));
  try {
    const store = openStateStore(directory);
    const first = watched(store);
    await first.call('PutMetricAlarm', { ...ALARM, Tags: [{ Key: 'team', Value: 'a' }] });
    await first.call('PutCompositeAlarm', { AlarmName: 'both', AlarmRule: 'ALARM(high)' });
    await first.call('PutDashboard', { DashboardName: 'board', DashboardBody: '{"widgets":[]}' });
    await first.callOf('logs', 'CreateLogGroup', { logGroupName: 'group' });
    await first.callOf('logs', 'PutRetentionPolicy', { logGroupName: 'group', retentionInDays: 7 });
    await first.callOf('logs', 'PutMetricFilter', {
      logGroupName: 'group',
      filterName: 'errors',
      filterPattern: 'ERROR',
      metricTransformations: [{ metricNamespace: 'app', metricName: 'errors', metricValue: '1' }],
    });
    await first.put(9);
    await first.clock.advance(MINUTE);
    store.flush();
    store.close();
    first.close();

    const again = openStateStore(directory);
    const second = watched(again);
    expect(second.state('high')).toBe('ALARM');
    expect(second.state('both')).toBe('ALARM');
    const { MetricAlarms } = await second.call('DescribeAlarms');
    expect(MetricAlarms).toMatchObject([{ AlarmName: 'high', Threshold: 5, MetricName: 'm' }]);
    expect(await second.call('GetDashboard', { DashboardName: 'board' })).toMatchObject({
      DashboardBody: '{"widgets":[]}',
    });
    const { logGroups } = await second.callOf('logs', 'DescribeLogGroups');
    expect(logGroups).toMatchObject([{ logGroupName: 'group', retentionInDays: 7, metricFilterCount: 1 }]);
    again.close();
    second.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
