/** Dashboards of every system and one of all, and the alarms of what the account shares. */
import type { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { SystemName } from '../config/index.ts';
import { accountConcurrency, HopAlarms, OverviewDashboard, SystemDashboard } from '../constructs/index.ts';
import { APPLICATION_NAME, EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';

export interface ObservabilityStackProps extends EnvironmentStackProps {
  /** The stacks of each system that is switched on. */
  readonly systems: Readonly<Partial<Record<SystemName, readonly Stack[]>>>;
  /** Stacks that all systems share. */
  readonly shared: readonly Stack[];
}

export class ObservabilityStack extends EnvironmentStack {
  readonly overview: OverviewDashboard;
  readonly dashboards: readonly SystemDashboard[];

  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, { ...props, description: 'Dashboards, and alarms of the account' });
    const nameOf = (part: string) => `${APPLICATION_NAME}-${props.config.name}-${part}-${this.region}`;
    this.dashboards = Object.entries(props.systems).map(
      ([system, scopes]) =>
        new SystemDashboard(this, `System${system}`, { system, scopes, dashboardName: nameOf(system) }),
    );
    this.overview = new OverviewDashboard(this, 'Overview', {
      systems: this.dashboards,
      shared: props.shared,
      dashboardName: nameOf('overview'),
    });
    const alarms = new HopAlarms(this, {});
    alarms.add('AccountConcurrencyAlarm', accountConcurrency(this.config.lambdaConcurrencyQuota));
  }
}
