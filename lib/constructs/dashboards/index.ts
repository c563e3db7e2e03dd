/** Public surface of the dashboards. */
export { OverviewDashboard } from './overview-dashboard.ts';
export type { OverviewDashboardProps } from './overview-dashboard.ts';
export { SystemDashboard } from './system-dashboard.ts';
export type { SystemDashboardProps } from './system-dashboard.ts';
