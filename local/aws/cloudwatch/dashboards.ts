/** Dashboards: kept and given back, not drawn. */
import type { AwsContext } from '../context.ts';
import {
  dashboardNotFound,
  invalidDashboard,
  invalidValue,
  optionalText,
  requiredText,
  texts,
  type Input,
} from './errors.ts';

interface Dashboard {
  readonly body: string;
  readonly modifiedAt: number;
}

export function dashboardActions(context: AwsContext): Readonly<Record<string, (input: Input) => unknown>> {
  const kept = context.state.collection<Dashboard>('cloudwatch.dashboards');
  const dashboards = new Map<string, Dashboard>(kept.entries());
  const arnOf = (name: string) => `arn:aws:cloudwatch::${context.accountId}:dashboard/${name}`;

  return {
    PutDashboard(input) {
      const name = requiredText(input, 'DashboardName');
      if (!/^[\w-]{1,255}$/.test(name)) {
        throw invalidValue(
          'The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).',
        );
      }
      const body = checkedBody(requiredText(input, 'DashboardBody'));
      const dashboard = { body, modifiedAt: context.clock.now() };
      dashboards.set(name, dashboard);
      kept.put(name, dashboard);
      return { DashboardValidationMessages: [] };
    },
    GetDashboard(input) {
      const name = requiredText(input, 'DashboardName');
      const dashboard = dashboards.get(name);
      if (!dashboard) throw dashboardNotFound(name);
      return { DashboardArn: arnOf(name), DashboardBody: dashboard.body, DashboardName: name };
    },
    ListDashboards(input) {
      const prefix = optionalText(input, 'DashboardNamePrefix') ?? '';
      const entries = [...dashboards]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { body, modifiedAt }]) => ({
          DashboardName: name,
          DashboardArn: arnOf(name),
          LastModified: modifiedAt / 1000,
          Size: Buffer.byteLength(body),
        }));
      return { DashboardEntries: entries };
    },
    DeleteDashboards(input) {
      const names = texts(input, 'DashboardNames');
      for (const name of names) if (!dashboards.has(name)) throw dashboardNotFound(name);
      for (const name of names) {
        dashboards.delete(name);
        kept.delete(name);
      }
    },
  };
}

function checkedBody(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return body;
  } catch {
    // Falls through to the refusal.
  }
  throw invalidDashboard('The dashboard body is not a JSON object');
}
