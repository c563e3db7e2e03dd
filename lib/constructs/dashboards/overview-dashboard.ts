/** One dashboard of everything: what pages, how late consumers are, what has failed for good, what all systems share. */
import { Lazy, Stack } from 'aws-cdk-lib';
import { CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { alarmArns } from './alarm-arns.ts';
import { dashboardBody } from './dashboard-body.ts';
import { queueSeries } from './hop-widgets.ts';
import type { SystemDashboard } from './system-dashboard.ts';
import { systemFlow } from './system-flow.ts';
import type { SystemFlow } from './system-flow.ts';
import { alarmStatus, graphs, place, text } from './widgets.ts';
import type { Series, Widget } from './widgets.ts';

export interface OverviewDashboardProps {
  readonly systems: readonly SystemDashboard[];
  /**
   * Stacks or constructs that belong to no system, such as databases and shared buses.
   * @default - none
   */
  readonly shared?: readonly IConstruct[];
  /**
   * The name in AWS.
   * @default - the stack's name, the construct's id and the region
   */
  readonly dashboardName?: string;
}

const HEIGHT = 6;

/**
 * @example
 * new OverviewDashboard(this, 'Overview', { systems: [orders, payments], shared: [foundation, data] });
 */
export class OverviewDashboard extends Construct {
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: OverviewDashboardProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.dashboardName = props.dashboardName ?? `${stack.stackName}-${id}-${stack.region}`;
    new CfnDashboard(this, 'Dashboard', {
      dashboardName: this.dashboardName,
      dashboardBody: Lazy.string({
        produce: () => dashboardBody(stack, place(this.#rows(props), stack.region)),
      }),
    });
  }

  #rows({ systems, shared = [] }: OverviewDashboardProps): Widget[][] {
    return [
      ...systems.flatMap((system) => [
        [text(`## ${system.system}: [each hop](#dashboards/dashboard/${system.dashboardName})`)],
        alarmStatus(`${system.system}: critical, not OK`, alarmArns(this, system.scopes, 'critical')),
        systemWidgets(systemFlow(this, system.scopes)),
      ]),
      [text('## Shared')],
      alarmStatus('Shared: critical, not OK', alarmArns(this, [...shared, Stack.of(this)], 'critical')),
      [...accountWidgets(), ...databaseWidgets(systemFlow(this, shared))],
    ];
  }
}

function systemWidgets({ topics, consumers }: SystemFlow): Widget[] {
  const graph = (title: string, series: Series[]) => graphs({ title, series, width: 6, height: HEIGHT });
  return [
    ...graph(
      'published',
      topics.map(({ name, resource }) => ({
        namespace: 'AWS/SNS',
        metric: 'NumberOfMessagesPublished',
        dimensions: { TopicName: resource.topicName },
        stat: 'Sum',
        label: name,
      })),
    ),
    ...graph(
      'handled',
      consumers.map(({ name, queue }) => queueSeries(queue, 'NumberOfMessagesDeleted', 'Sum', name)),
    ),
    ...graph(
      'age of the oldest (s)',
      consumers.map(({ name, queue }) =>
        queueSeries(queue, 'ApproximateAgeOfOldestMessage', 'Maximum', name),
      ),
    ),
    ...graph(
      'dead letters',
      // Those of the paths to it are on the system's dashboard, and their alarms above.
      consumers.flatMap(({ name, deadLetterQueues: [own] }) =>
        own === undefined
          ? []
          : queueSeries(own.resource, 'ApproximateNumberOfMessagesVisible', 'Maximum', name),
      ),
    ),
  ];
}

/** Of all functions of the account and region, which is what their quota is about. */
function accountWidgets(): Widget[] {
  const series = (metric: string, stat: string, label: string): Series => ({
    namespace: 'AWS/Lambda',
    metric,
    dimensions: {},
    stat,
    label,
  });
  return [
    ...graphs({
      title: 'account: claimed concurrency',
      series: [series('ClaimedAccountConcurrency', 'Maximum', 'claimed')],
      width: 8,
      height: HEIGHT,
    }),
    ...graphs({
      title: 'account: function errors and throttles',
      series: [series('Errors', 'Sum', 'errors'), series('Throttles', 'Sum', 'throttles')],
      width: 8,
      height: HEIGHT,
    }),
  ];
}

function databaseWidgets({ databases }: SystemFlow): Widget[] {
  return databases.flatMap(({ name, resource }) => {
    const series = (metric: string, label: string, right = false): Series => ({
      namespace: 'AWS/RDS',
      metric,
      dimensions: { DBClusterIdentifier: resource.clusterIdentifier },
      stat: 'Maximum',
      label,
      right,
    });
    return graphs({
      title: `${name}: capacity and connections`,
      series: [
        series('ACUUtilization', 'capacity used (%)'),
        series('DatabaseConnections', 'connections', true),
      ],
      width: 8,
      height: HEIGHT,
    });
  });
}
