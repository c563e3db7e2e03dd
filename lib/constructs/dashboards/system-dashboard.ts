/** A dashboard of one system, made at synth of whatever the system then holds. */
import { Aspects, Lazy, Stack } from 'aws-cdk-lib';
import { CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { alarmArns } from './alarm-arns.ts';
import { dashboardBody } from './dashboard-body.ts';
import { consumerWidgets, publisherWidgets, topicWidgets } from './hop-widgets.ts';
import { processWidgets } from './process-widgets.ts';
import { readerWidgets, sourceWidgets } from './stream-widgets.ts';
import { systemFlow } from './system-flow.ts';
import { alarmStatus, place, text } from './widgets.ts';
import type { Widget } from './widgets.ts';

export interface SystemDashboardProps {
  /** The system's name, to show. */
  readonly system: string;
  /**
   * The stacks or constructs that the system is made of. The dashboard names their functions and rules, so its own
   * stack comes after theirs.
   * @default - the stack of the dashboard
   */
  readonly scopes?: readonly IConstruct[];
  /**
   * The name in AWS: letters, digits, '-' and '_'. Dashboards of all regions share their names.
   * @default - the stack's name, the construct's id and the region
   */
  readonly dashboardName?: string;
}

/**
 * Consumers of one dashboard; the others have their place on further ones. 5 widgets and about 15 metrics each:
 * well below the 500 widgets and 2,500 metrics that a dashboard may have, AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html.
 */
const CONSUMERS_PER_PAGE = 50;

/**
 * Alarms on top, then the flow: publishers, topics, and a row for each consumer from its queue to its dead letters. A
 * new consumer appears by itself.
 *
 * @example
 * new SystemDashboard(this, 'Dashboard', { system: 'orders' });
 */
export class SystemDashboard extends Construct {
  readonly system: string;
  readonly scopes: readonly IConstruct[];
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: SystemDashboardProps) {
    super(scope, id);
    this.system = props.system;
    this.scopes = props.scopes ?? [Stack.of(this)];
    const { stackName, region } = Stack.of(this);
    this.dashboardName = props.dashboardName ?? `${stackName}-${id}-${region}`;
    this.#createPage(0);
    // How many it takes is known when everybody has said what there is.
    Aspects.of(this).add({
      visit: (node) => {
        if (node === this) this.#createFurtherPages();
      },
    });
  }

  #createFurtherPages(): void {
    const pages = Math.ceil(systemFlow(this, this.scopes).consumers.length / CONSUMERS_PER_PAGE);
    for (let page = 1; page < pages; page += 1) {
      if (this.node.tryFindChild(idOf(page)) === undefined) this.#createPage(page);
    }
  }

  #createPage(page: number): void {
    const stack = Stack.of(this);
    new CfnDashboard(this, idOf(page), {
      dashboardName: page === 0 ? this.dashboardName : `${this.dashboardName}-${page + 1}`,
      dashboardBody: Lazy.string({
        produce: () => dashboardBody(stack, place(this.#rows(page), stack.region)),
      }),
    });
  }

  #rows(page: number): Widget[][] {
    const flow = systemFlow(this, this.scopes);
    const [from, to] = [page * CONSUMERS_PER_PAGE, (page + 1) * CONSUMERS_PER_PAGE];
    const consumers = flow.consumers.slice(from, to);
    const rows = consumers.map(consumerWidgets);
    if (page > 0) {
      const constructs = consumers.map(({ construct }) => construct);
      return [[text(`# ${this.system}, page ${page + 1}`)], this.#status(constructs), ...rows];
    }
    return [
      [text(`# ${this.system}`)],
      this.#status(
        this.scopes,
        flow.consumers.slice(to).map(({ construct }) => construct),
      ),
      ...section('## Publish', [publisherWidgets(flow), ...flow.relays.map(consumerWidgets)]),
      ...section('## Topics', [topicWidgets(flow)]),
      ...section('## Consumers: queue, age, function, dead letters', rows),
      ...section('## Streams and brokers', [sourceWidgets(flow.streaming)]),
      ...section(
        '## Readers: how far behind, function, dead letters',
        flow.streaming.readers.map(readerWidgets),
      ),
      ...section('## Processes: how far behind, what they use', processWidgets(flow.processing)),
    ];
  }

  #status(scopes: readonly IConstruct[], except: readonly IConstruct[] = []): Widget[] {
    return [
      ...alarmStatus('Critical, not OK', alarmArns(this, scopes, 'critical', except)),
      ...alarmStatus('Warnings, not OK', alarmArns(this, scopes, 'warning', except)),
    ];
  }
}

function idOf(page: number): string {
  return page === 0 ? 'Dashboard' : `Dashboard${page + 1}`;
}

function section(title: string, rows: readonly Widget[][]): Widget[][] {
  return rows.flat().length === 0 ? [] : [[text(title)], ...rows];
}
